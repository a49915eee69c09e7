"""The law by which a signal fades with distance: exponential, power or Gaussian, or not at all.

For each seed s and distance δ = 1, 2, … a norm g is given. The laws are straight lines in its
logarithm, log g = a_s − b_s·f(δ) + e, with f(δ) = δ (exponential), log δ (power) or δ²
(Gaussian). Neighbouring distances share most of their way, so the errors e of a seed follow an
AR(1) process, whose correlation φ is found by maximum likelihood together with the lines. The
likelihood chooses the law; all have as many parameters. Seeds alone are independent of one
another: the interval of b is Student's over the seeds' own b_s, whatever errors within a seed do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp, inf, log, sqrt
from typing import NamedTuple

import numpy as np
from scipy import stats

from ...analysis import Array, Estimate

#: Correlations of neighbouring errors that are tried: 0 to nearly 1, denser towards 1.
_CORRELATIONS = 1 - np.geomspace(1, 0.002, 40)

#: f of each law, and what f belongs to.
_LAWS: Mapping[str, Callable[[Array], Array]] = {
    "exponential": lambda distance: distance,
    "power": np.log,
    "gaussian": np.square,
}
_INVERSES: Mapping[str, Callable[[float], float]] = {
    "exponential": lambda f: f,
    "power": exp,
    "gaussian": sqrt,
}

#: Distances that a law needs at least.
_FEWEST = 4


@dataclass(frozen=True)
class Decay:
    """How a norm falls with distance.

    Attributes
    ----------
    law
        The likeliest of "exponential", "power" and "gaussian", or "none" where its rate's interval
        contains 0, and "grows" where it lies below.
    shape
        The law that `rate` is of: the likeliest, or "exponential" where neither has a rate.
    rate
        b of that law: λ of exp(−λδ), α of δ^(−α), 1/(2σ²) of exp(−δ²/(2σ²)).
    weights
        Of each law: its share of the likelihood.
    misfit
        Factor by which the law is off at a typical distance, in all seeds alike: 1 is none.
    correlation
        φ between the errors of neighbouring distances.
    seeds, farthest
        How many seeds, and the largest distance that took part.
    support
        The largest distance at which any norm was above 0, if it is not the last; else None.
    rates
        By law, b of each seed.
    """

    law: str
    shape: str
    rate: Estimate[float]
    weights: Mapping[str, float]
    misfit: float
    correlation: float
    seeds: int
    farthest: int
    support: int | None
    rates: Mapping[str, Array]

    def falls_to(self, share: float) -> Estimate[float]:
        """Give the distance at which the law has fallen to a share of what it is at distance 1.

        It is infinite where nothing falls.
        """
        first = float(_LAWS[self.shape](np.array(1.0)))

        def at(rate: float) -> float:
            if rate <= 0:
                return inf
            try:
                return float(_INVERSES[self.shape](first + log(1 / share) / rate))
            except OverflowError:
                return inf

        return Estimate(at(self.rate.estimate), at(self.rate.high), at(self.rate.low))


def decay(norms: Array) -> Decay:
    """Find the law of norms (seeds, distances), of distance 0 on.

    Distance 0 takes no part: its way is another one. Nor do distances at which a norm is 0, out of
    reach, or NaN, not known.

    Raises
    ------
    ValueError
        If there are fewer than two seeds, or four distances that take part.
    """
    if len(norms) < 2:
        raise ValueError("an interval over seeds needs two of them at least")
    known = np.flatnonzero(np.all(np.isfinite(norms) & (norms > 0), axis=0))
    distance = known[known > 0]
    if len(distance) < _FEWEST:
        raise ValueError(
            f"a law needs {_FEWEST} distances at least at which every seed has a norm above 0; "
            f"there are {len(distance)}"
        )
    y = np.log(norms[:, distance])
    fits = {law: _fit(y, f(distance.astype(float))) for law, f in _LAWS.items()}
    best = max(fits.values(), key=lambda fit: fit.likelihood)
    shares = {law: exp(fit.likelihood - best.likelihood) for law, fit in fits.items()}
    shape = next(law for law, fit in fits.items() if fit is best)
    rate, steady = mean(best.rates), mean(fits["exponential"].rates)
    none = rate.low <= 0 <= rate.high
    if none and steady.low <= 0 <= steady.high:  # of no decay, a rate by position says most
        shape, rate = "exponential", steady
    reached = np.flatnonzero((norms > 0).any(axis=0) | np.isnan(norms).any(axis=0))
    return Decay(
        law="none" if none else shape if rate.low > 0 else "grows",
        shape=shape,
        rate=rate,
        weights={law: share / sum(shares.values()) for law, share in shares.items()},
        misfit=_misfit(best.left),
        correlation=best.correlation,
        seeds=len(norms),
        farthest=int(distance[-1]),
        support=int(reached[-1]) if reached[-1] < norms.shape[1] - 1 else None,
        rates={law: fit.rates for law, fit in fits.items()},
    )


def mean(values: Array) -> Estimate[float]:
    """Mean of independent values with Student's interval."""
    middle = float(values.mean())
    half = float(stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / sqrt(len(values)))
    return Estimate(middle, middle - half, middle + half)


def slower(first: Decay, second: Decay) -> Estimate[float]:
    """By how much the mean exponential rate of the second is below that of the first.

    Seeds are paired: the same seed draws the same weights but for what the two differ in.

    Raises
    ------
    ValueError
        If they do not have as many seeds.
    """
    if first.seeds != second.seeds:
        raise ValueError("seeds are compared in pairs: both need as many")
    return mean(first.rates["exponential"] - second.rates["exponential"])


class _Fit(NamedTuple):
    rates: Array  # (seeds,)
    left: Array  # residuals (seeds, distances)
    likelihood: float  # its logarithm
    correlation: float


def _fit(y: Array, f: Array) -> _Fit:
    """Fit a line in f to each row of y, with errors of one AR(1) process."""
    return max((_fit_given(y, f, float(c)) for c in _CORRELATIONS), key=lambda fit: fit.likelihood)


def _fit_given(y: Array, f: Array, correlation: float) -> _Fit:
    line = np.stack([np.ones_like(f), -f])  # (2, distances)
    white, target = _whitened(line, correlation), _whitened(y, correlation)
    found = np.linalg.lstsq(white.T, target.T, rcond=None)[0]  # (2, seeds)
    squares = ((target - found.T @ white) ** 2).sum()
    # A line without any error has an infinite likelihood: rounding is the least there is.
    variance = max(squares / y.size, (1e-13 * max(float(np.abs(y).max()), 1.0)) ** 2)
    likelihood = -y.size / 2 * (log(2 * np.pi * variance) + 1)
    likelihood += len(y) / 2 * log(1 - correlation**2)
    return _Fit(found[1], y - found.T @ line, likelihood, correlation)


def _whitened(rows: Array, correlation: float) -> Array:
    """Take from each value what the one before says of it."""
    first = sqrt(1 - correlation**2) * rows[:, :1]
    return np.concatenate([first, rows[:, 1:] - correlation * rows[:, :-1]], axis=1)


def _misfit(left: Array) -> float:
    """Factor by which all seeds alike are off, beyond what their own scatter explains."""
    shared = (left.mean(axis=0) ** 2).mean()
    scatter = left.var(axis=0, ddof=1).mean() / len(left)
    return exp(sqrt(max(shared - scatter, 0.0)))
