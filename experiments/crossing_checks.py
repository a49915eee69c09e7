"""Choose points on both sides of each crossing at which to check it by measuring again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import isfinite

import numpy as np

from ..analysis import EXTRAPOLATION, Crossing, Crossovers, Fit, size_columns, size_matrix
from ..measure import AXIS_SIZES, CheckPoint

#: A crossing is checked at least this factor beyond the ends of its interval.
FACTOR_BEYOND = 1.2
#: Longest pass, in seconds, that is measured for a check.
LONGEST_PASS = 0.1


def check_points(crossovers: Iterable[Crossovers]) -> list[CheckPoint]:
    """List the points to measure for checks of crossings, each once.

    For each crossing of times with an interval, both layers are measured at the next lengths of
    the grid beyond its ends, if they lie within the range of extrapolation and the pass is expected
    to be short.
    """
    points = (
        point for info in crossovers if info.fits[0].series.timed for point in _check_points(info)
    )
    return list({str(point): point for point in points}.values())


def _check_points(info: Crossovers) -> Iterator[CheckPoint]:
    by_name = {fit.series.layer: fit for fit in info.fits}
    for crossing in info.crossings:
        pair = [by_name[name] for name in (crossing.cheaper, crossing.dearer)]
        for n in _sides(pair, crossing):
            for fit in pair:
                at = {size: int(value) for size, value in _at(fit, crossing, n).items()}
                yield CheckPoint(fit.series.layer, fit.series.device, fit.series.mode, at)


def _sides(pair: Sequence[Fit], crossing: Crossing) -> Iterator[float]:
    """Yield lengths below and above a crossing at which both layers can be measured."""
    lengths = [size_columns(fit.series)["n"] for fit in pair]
    least = max(own.min() for own in lengths)
    most = EXTRAPOLATION * min(own.max() for own in lengths)
    grid = np.array([n for n in AXIS_SIZES["n"] if least <= n <= most], dtype=float)
    below = grid[grid <= crossing.low / FACTOR_BEYOND] if crossing.low > 0 else grid[:0]
    above = grid[grid >= crossing.high * FACTOR_BEYOND] if isfinite(crossing.high) else grid[:0]
    for n in (*below[-1:], *above[:1]):
        if all(_seconds(fit, crossing, float(n)) <= LONGEST_PASS for fit in pair):
            yield float(n)


def _seconds(fit: Fit, crossing: Crossing, n: float) -> float:
    assert fit.law is not None  # a crossing has two laws
    return float(fit.law.predict(size_matrix(fit.law, _at(fit, crossing, n)))[0])


def _at(fit: Fit, crossing: Crossing, n: float) -> dict[str, float]:
    """Return all sizes of a layer at length n: its constants, and what the crossing fixes."""
    return {
        **fit.series.constants,
        **{a: crossing.sizes.get(a, n) for a in fit.series.axes},
        "n": n,
    }
