"""The crossing of two laws: the length n at which they cost the same, its interval and checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, nan
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from ..expressions import Array
from ..tables import Series
from ..verdicts import Fit
from .coverage import size_matrix, span

#: Laws are extrapolated to this many times their longest measured n, and no further.
EXTRAPOLATION = 4.0

_STEPS = 200


class Crossing(NamedTuple):
    """Two laws that cost the same at n; beyond it `cheaper` costs less than `dearer`.

    `low` and `high` are the ends of the 95 % interval of n: 0 and infinity where it leaves the
    range searched, NaN where a law has no intervals. `sizes` are the fixed sizes, `device` where
    both were measured. `checks` are lengths outside the interval at which both were measured again,
    with the ratio of the time of `dearer` to that of `cheaper`.
    """

    cheaper: str
    dearer: str
    d: float
    n: float
    extrapolated: bool
    low: float = nan
    high: float = nan
    sizes: Mapping[str, float] = {}
    device: str = ""
    checks: Sequence[tuple[float, float]] = ()

    @property
    def confirmed(self) -> bool | None:
        """Whether every check agrees on which layer is cheaper; None without checks."""
        if not self.checks:
            return None
        return all((ratio > 1) == (n > self.n) for n, ratio in self.checks)


def crossover(
    first: Fit, second: Fit, at: Mapping[str, float], extrapolation: float = EXTRAPOLATION
) -> float | None:
    """Find the largest n at which two laws cost the same; None where they do not.

    Parameters
    ----------
    first, second
        Fits that have a law in n.
    at
        The other sizes, such as ``{"d": 64}``.
    extrapolation
        The search ends at this many times the longest measured n.
    """
    window = _window(first, second, at, extrapolation)
    if window is None:
        return None
    low, high = window

    def difference(log_n: Array) -> Array:
        n = np.exp(log_n)
        return np.log(along(first, n, at) / along(second, n, at))

    grid = np.linspace(np.log(low), np.log(high), _STEPS)
    signs = np.sign(difference(grid))
    changes = np.flatnonzero(signs[:-1] * signs[1:] < 0)
    if not len(changes):
        return None
    last = changes[-1]
    root = brentq(lambda x: float(difference(np.array([x]))[0]), grid[last], grid[last + 1])
    return float(np.exp(root))


def interpolated_crossing(first: Series, second: Series) -> float | None:
    """Find the largest n at which straight lines between measured points cross, without a law.

    The lines are straight in logarithms. Both series vary in n only; None where they share
    fewer than two lengths, or do not cross between them.
    """
    own = [
        dict(zip(one.sizes[:, 0].tolist(), one.values.tolist(), strict=True))
        for one in (first, second)
    ]
    shared = np.array(sorted(own[0].keys() & own[1].keys()))
    difference = np.array([np.log(own[0][n] / own[1][n]) for n in shared])
    changes = np.flatnonzero(difference[:-1] * difference[1:] < 0)
    if not len(changes):
        return None
    last = changes[-1]
    part = difference[last] / (difference[last] - difference[last + 1])
    return float(shared[last] * (shared[last + 1] / shared[last]) ** part)


def _window(
    first: Fit, second: Fit, at: Mapping[str, float], extrapolation: float
) -> tuple[float, float] | None:
    """Return the range of n in which two laws are compared; None where they share none."""
    spans = [span(fit.series, "n", at) for fit in (first, second)]
    found = [limits for limits in spans if limits is not None]
    if len(found) < 2:
        return None
    low = max(limits[0] for limits in found)
    high = extrapolation * min(limits[1] for limits in found)
    return (low, high) if low < high else None


def crossing(first: Fit, second: Fit, at: Mapping[str, float]) -> Crossing | None:
    """Find where two laws cross, with its interval; None where they do not.

    Parameters
    ----------
    first, second
        Fits that have a law in n, of any layers.
    at
        The other sizes, such as ``{"d": 64}``.
    """
    n = crossover(first, second, at)
    if n is None:
        return None
    beyond = np.array([n * 1.001])
    pair = sorted((first, second), key=lambda fit: float(along(fit, beyond, at)[0]))
    spans = (span(fit.series, "n", at) for fit in pair)
    low, high = _interval(pair[0], pair[1], at)
    return Crossing(
        pair[0].series.layer,
        pair[1].series.layer,
        at.get("d", float("nan")),
        n,
        any(limits is not None and n > limits[1] for limits in spans),
        min(low, n),
        max(high, n),
        at,
        pair[0].series.device,
        checks_of(pair[0].series, pair[1].series, at, min(low, n), max(high, n)),
    )


def checks_of(
    cheaper: Series, dearer: Series, at: Mapping[str, float], low: float, high: float
) -> list[tuple[float, float]]:
    """List lengths outside (low, high) at which both were measured again, with dearer/cheaper."""
    first, second = (_check_seconds(one, at) for one in (cheaper, dearer))
    both = sorted(first.keys() & second.keys())
    return [(n, second[n] / first[n]) for n in both if not low <= n <= high]


def _check_seconds(series: Series, at: Mapping[str, float]) -> dict[float, float]:
    """Return the times of a series' checks by n, at the other sizes in `at`."""
    if series.checks is None or "n" not in series.axes:
        return {}
    sizes, values = series.checks
    where = series.axes.index("n")
    given = np.array([at.get(axis, nan) for axis in series.axes])
    same = (np.delete(sizes == given, where, axis=1)).all(axis=1)
    return dict(zip(sizes[same, where].tolist(), values[same].tolist(), strict=True))


def _interval(cheaper: Fit, dearer: Fit, at: Mapping[str, float]) -> tuple[float, float]:
    """Find the 95 % interval of the n from which one law is the cheaper.

    Each pair of laws drawn from the posteriors has such an n: the last at which they cost the
    same, 0 where `cheaper` is cheaper throughout, infinity where it is not at the end.
    """
    window = _window(cheaper, dearer, at, EXTRAPOLATION)
    assert window is not None  # they cross
    assert cheaper.law is not None
    assert dearer.law is not None
    n = np.geomspace(*window, _STEPS)
    try:
        cheaper_costs, dearer_costs = (
            law.posterior_predictions(size_matrix(law, {**at, "n": n}))
            for law in (cheaper.law, dearer.law)
        )
    except ValueError:  # too few points for intervals
        return nan, nan
    # (laws, n), negative where `cheaper` is cheaper
    difference = np.log(cheaper_costs) - np.log(dearer_costs)
    found = np.empty(len(difference))
    for row, each in enumerate(difference):
        above = np.flatnonzero(each > 0)
        if not len(above):
            found[row] = 0.0
        elif above[-1] == len(n) - 1:
            found[row] = inf
        else:
            last = above[-1]
            found[row] = np.exp(np.interp(0, -each[last : last + 2], np.log(n[last : last + 2])))
    low, high = np.quantile(found, (0.025, 0.975), method="nearest")
    return float(low), float(high)


def along(fit: Fit, n: Array, at: Mapping[str, float]) -> Array:
    """Predict a law along n, (len(n),)."""
    assert fit.law is not None
    return fit.law.predict(size_matrix(fit.law, {**at, "n": n}))
