"""The law by which a gradient decays with distance: exponential, power, Gaussian, or no decay.

The data are norms g for each seed s and distance δ = 1, 2, … The laws are straight lines in their
logarithms, log g = a_s − b_s·f(δ) + e, with f(δ) = δ (exponential), log δ (power) or δ²
(Gaussian). Paths of adjacent distances have most operations in common, so the errors e of a seed
are an AR(1) process, whose correlation φ is fitted by maximum likelihood together with the lines.
The law with the largest likelihood is chosen; all have the same number of parameters. Only seeds
are independent: the interval of b is Student's t interval over the b_s of the seeds, which holds
for any correlation of errors within a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp, inf, log, sqrt
from typing import NamedTuple

import numpy as np
from scipy import stats

from ...analysis import Array, Estimate

#: Grid of correlations φ: 0 to nearly 1, denser towards 1.
_CORRELATIONS = 1 - np.geomspace(1, 0.002, 40)

#: f(δ) of each law, and its inverse.
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

#: Fewest distances for a law.
_FEWEST = 4


@dataclass(frozen=True)
class Decay:
    """A fitted law of decay with distance.

    Attributes
    ----------
    law
        The likeliest of "exponential", "power" and "gaussian"; "none" if the interval of its rate
        contains 0, "grows" if the interval lies below 0.
    shape
        The law that `rate` belongs to: the likeliest, or "exponential" if that has no decay either.
    rate
        b of that law: λ of exp(−λδ), α of δ^(−α), 1/(2σ²) of exp(−δ²/(2σ²)).
    weights
        By law, its share of the likelihood.
    misfit
        Typical factor between law and norms that is common to all seeds; 1 is a perfect fit.
    correlation
        φ between the errors of adjacent distances.
    seeds, farthest
        Number of seeds, and the largest distance that was fitted.
    support
        The largest distance with a norm above 0, if it is not the last one; else None.
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

    def distance_at_share(self, share: float) -> Estimate[float]:
        """Return the distance at which the law has fallen to a share of its value at distance 1.

        It is infinite without decay.
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


def fit_decay(norms: Array) -> Decay:
    """Fit the law of norms (seeds, distances), the first of which is distance 0.

    Distance 0 is left out, as no step lies between. So are distances with a norm of 0, which are
    out of reach, or NaN, which are unknown.

    Raises
    ------
    ValueError
        If there are fewer than two seeds or fewer than four usable distances, or if the norms
        differ from every law by more than a number holds.
    """
    if len(norms) < 2:
        raise ValueError(f"an interval over seeds needs 2 seeds at least; there is {len(norms)}")
    known = np.flatnonzero(np.all(np.isfinite(norms) & (norms > 0), axis=0))
    distance = known[known > 0]
    if len(distance) < _FEWEST:
        raise ValueError(
            f"a law needs {_FEWEST} distances with norms above 0 in every seed; there are "
            f"{len(distance)}"
        )
    y = np.log(norms[:, distance])
    fits = {law: _fit(y, f(distance.astype(float))) for law, f in _LAWS.items()}
    best = max(fits.values(), key=lambda fit: fit.likelihood)
    shares = {law: exp(fit.likelihood - best.likelihood) for law, fit in fits.items()}
    shape = next(law for law, fit in fits.items() if fit is best)
    rate, steady = mean_interval(best.rates), mean_interval(fits["exponential"].rates)
    none = rate.low <= 0 <= rate.high
    if none and steady.low <= 0 <= steady.high:  # without decay, show a rate per position
        shape, rate = "exponential", steady
    try:
        misfit = _misfit(best.residuals)
    except OverflowError:
        raise ValueError("the norms scatter by more than 10³⁰⁰") from None
    reached = np.flatnonzero((norms > 0).any(axis=0) | np.isnan(norms).any(axis=0))
    return Decay(
        law="none" if none else shape if rate.low > 0 else "grows",
        shape=shape,
        rate=rate,
        weights={law: share / sum(shares.values()) for law, share in shares.items()},
        misfit=misfit,
        correlation=best.correlation,
        seeds=len(norms),
        farthest=int(distance[-1]),
        support=int(reached[-1]) if reached[-1] < norms.shape[1] - 1 else None,
        rates={law: fit.rates for law, fit in fits.items()},
    )


def mean_interval(values: Array) -> Estimate[float]:
    """Compute the mean of independent values with its 95 % Student's t interval."""
    middle = float(values.mean())
    half = float(stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / sqrt(len(values)))
    return Estimate(middle, middle - half, middle + half)


def rate_difference(first: Decay, second: Decay) -> Estimate[float]:
    """Compute the mean exponential rate of the first minus that of the second, paired by seed.

    The same seed draws the same weights in both, apart from what the two differ in.

    Raises
    ------
    ValueError
        If their numbers of seeds differ.
    """
    if first.seeds != second.seeds:
        raise ValueError(
            f"rates are compared seed by seed; there are {first.seeds} and {second.seeds} seeds"
        )
    return mean_interval(first.rates["exponential"] - second.rates["exponential"])


class _Fit(NamedTuple):
    rates: Array  # (seeds,)
    residuals: Array  # (seeds, distances)
    likelihood: float  # log likelihood
    correlation: float


def _fit(y: Array, f: Array) -> _Fit:
    """Fit a line in f to each row of y, with errors of one AR(1) process."""
    return max((_fit_given(y, f, float(c)) for c in _CORRELATIONS), key=lambda fit: fit.likelihood)


def _fit_given(y: Array, f: Array, correlation: float) -> _Fit:
    line = np.stack([np.ones_like(f), -f])  # (2, distances)
    white, target = _whiten(line, correlation), _whiten(y, correlation)
    found = np.linalg.lstsq(white.T, target.T, rcond=None)[0]  # (2, seeds)
    squares = ((target - found.T @ white) ** 2).sum()
    # Exact lines would have an infinite likelihood: the variance is at least that of rounding.
    variance = max(squares / y.size, (1e-13 * max(float(np.abs(y).max()), 1.0)) ** 2)
    likelihood = -y.size / 2 * (log(2 * np.pi * variance) + 1)
    likelihood += len(y) / 2 * log(1 - correlation**2)
    return _Fit(found[1], y - found.T @ line, likelihood, correlation)


def _whiten(rows: Array, correlation: float) -> Array:
    """Remove the AR(1) correlation from errors along each row."""
    first = sqrt(1 - correlation**2) * rows[:, :1]
    return np.concatenate([first, rows[:, 1:] - correlation * rows[:, :-1]], axis=1)


def _misfit(residuals: Array) -> float:
    """Return the typical factor of the errors common to all seeds, corrected for their scatter."""
    shared = (residuals.mean(axis=0) ** 2).mean()
    scatter = residuals.var(axis=0, ddof=1).mean() / len(residuals)
    return exp(sqrt(max(shared - scatter, 0.0)))
