"""Where to measure anew: on both sides of each crossing, to see whether it is where laws say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import isfinite

import numpy as np

from ..analysis import EXTRAPOLATION, Crossing, Crossovers, Fit, columns, size_columns
from ..measure import AXIS_SIZES, CheckPoint

#: So many times beyond the ends of the interval of a crossing, or more, it is checked.
BEYOND = 1.2
#: Seconds of a pass beyond which it is not worth a check.
MOST = 0.1


def checks(crossovers: Iterable[Crossovers]) -> list[CheckPoint]:
    """List the points at which to measure, each once.

    Next to each crossing of times that has an interval both layers are measured at the next
    lengths of the ladder beyond its ends, as far as laws are followed and a pass is expected to be
    short.
    """
    found = (
        point for info in crossovers if info.fits[0].series.timed for point in _check_points(info)
    )
    return list({str(point): point for point in found}.values())


def _check_points(info: Crossovers) -> Iterator[CheckPoint]:
    by_name = {fit.series.layer: fit for fit in info.fits}
    for crossing in info.crossings:
        pair = [by_name[name] for name in (crossing.cheaper, crossing.dearer)]
        for n in _sides(pair, crossing):
            for fit in pair:
                at = {size: int(value) for size, value in _at(fit, crossing, n).items()}
                yield CheckPoint(fit.series.layer, fit.series.device, fit.series.mode, at)


def _sides(pair: Sequence[Fit], crossing: Crossing) -> Iterator[float]:
    """Lengths below and above a crossing at which both layers can be measured."""
    lengths = [size_columns(fit.series)["n"] for fit in pair]
    least = max(own.min() for own in lengths)
    most = EXTRAPOLATION * min(own.max() for own in lengths)
    ladder = np.array([n for n in AXIS_SIZES["n"] if least <= n <= most], dtype=float)
    below = ladder[ladder <= crossing.low / BEYOND] if crossing.low > 0 else ladder[:0]
    above = ladder[ladder >= crossing.high * BEYOND] if isfinite(crossing.high) else ladder[:0]
    for n in (*below[-1:], *above[:1]):
        if all(_seconds(fit, crossing, float(n)) <= MOST for fit in pair):
            yield float(n)


def _seconds(fit: Fit, crossing: Crossing, n: float) -> float:
    assert fit.law is not None  # it crosses another
    return float(fit.law.predict(columns(fit.law, _at(fit, crossing, n)))[0])


def _at(fit: Fit, crossing: Crossing, n: float) -> dict[str, float]:
    """All sizes of a layer at a length, those that it was measured with where they are held."""
    return {
        **fit.series.constants,
        **{a: crossing.sizes.get(a, n) for a in fit.series.axes},
        "n": n,
    }
