"""The section of docs/published.md on points that look like misprints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ...analysis import OUTLIER_LEVEL, DeletionResidual, find_outliers, sizes_text
from ...measure import SECONDS
from ...reports import table
from .fitted import Fitted
from .source import Reading, Source

_DISTINCT = 2.0  # standard deviations between two readings, below which a law does not decide
_NEXT = 3  # points that are shown although the rule does not find them
_HEAD = (
    "layer",
    "of",
    "point",
    "printed",
    "law of the others",
    "cost / law",
    "studentised",
    "level",
    "looks like a misprint",
)


class SourcedPoint(NamedTuple):
    """A point compared with the law of the others, and the source that it comes from."""

    source: Source
    point: DeletionResidual

    @property
    def metric(self) -> str:
        """What was measured."""
        return self.point.fit.series.metric

    @property
    def law(self) -> tuple[str, str]:
        """Name the law that the point belongs to: its layer, and what it is of."""
        series = self.point.fit.series
        return self.source.name(series.layer), self.source.of(series.mode, series.metric)

    def printed(self, value: float) -> str:
        """Write a value as the source prints it."""
        return self.source.digits[self.metric].printed(value)


def sourced_points(fitted: Sequence[Fitted]) -> list[SourcedPoint]:
    """Compare every point of the page with the law of the others; one correction for all."""
    owners = [(at, one.source, fit) for at, one in enumerate(fitted) for fit in one.fits]
    found = find_outliers(
        [fit for _, _, fit in owners],
        [src.digits[fit.series.metric].half(fit.series.values) for _, src, fit in owners],
        [at for at, _, _ in owners],
    )
    source_of = {id(fit): source for _, source, fit in owners}
    return [SourcedPoint(source_of[id(point.fit)], point) for point in found]


def outlier_rows(points: Sequence[SourcedPoint]) -> list[list[SourcedPoint]]:
    """Points that look like misprints, those of one law together, the least likely first."""
    groups: dict[int, list[SourcedPoint]] = {}
    for one in points:
        if one.point.is_outlier:
            groups.setdefault(id(one.point.fit), []).append(one)
    return list(groups.values())


def outlier_text(group: Sequence[SourcedPoint]) -> str:
    """Name the possible misprints of one law in a sentence."""
    layer, of = group[0].law
    return f"{layer} ({of}) at {' or '.join(sizes_text(one.point.sizes) for one in group)}"


def outliers_section(points: Sequence[SourcedPoint]) -> Iterator[str]:
    """Write the rule, the points that it finds and those that come next, as Markdown."""
    yield "## Points that look like misprints"
    yield (
        "The rule: each point is left out in turn and the law fitted to the rest of its table. "
        "The fall of the squared error, in units of the variance left, is the square of the "
        "studentised residual; what half of the last printed digit may hide is taken off it. Its "
        "two-sided level by Student's distribution is multiplied by the number of points looked "
        f"at, {len(points)} (Bonferroni). Below {OUTLIER_LEVEL:.0%} a point looks like a "
        "misprint: a page without any shows one as often as that, or less. Where too few points "
        "are left for a spread of their own, that of the other laws of the same source, mode and "
        "metric stands for it. A kernel that switches at one size would look the same. Of two "
        "points that spoil a law of four the rule cannot always tell which: then both are listed, "
        "the likelier first."
    )
    groups = outlier_rows(points)
    rows = [
        _row(one, "or this one" if place else "yes")
        for group in groups
        for place, one in enumerate(group)
    ]
    nearest = [one for one in points if not one.point.is_outlier][:_NEXT]
    yield table(_HEAD, [*rows, *(_row(one, "no") for one in nearest)])
    yield f"The last {len(nearest)} come next, and are shown for comparison."
    for one in points:
        series = one.point.fit.series
        for reading in one.source.readings:
            its = (reading.layer, reading.mode, SECONDS.name, {"n": reading.n})
            if its == (series.layer, series.mode, series.metric, one.point.sizes):
                yield _reading(reading, one)


def _row(one: SourcedPoint, answer: str) -> tuple[str, ...]:
    point = one.point
    return (
        *one.law,
        sizes_text(point.sizes),
        one.printed(point.value),
        one.printed(point.predicted),
        f"{point.value / point.predicted:.2f}",
        f"{point.studentised:.1f}",
        _level_text(point.p_value),
        answer,
    )


def _level_text(level: float) -> str:
    return "1" if level >= 1 else f"{level:.1%}" if level >= 0.001 else "< 0.1%"


def _reading(reading: Reading, one: SourcedPoint) -> str:
    """Compare a value that was transcribed in two ways with the other points."""
    each, (layer, of) = one.point, one.law
    values = (each.value, reading.value)
    off = [float(np.log(value / each.predicted)) for value in values]
    distance = abs(off[0] - off[1]) / each.scale
    text = (
        f"Two transcriptions of {layer}'s {of}, at {sizes_text(each.sizes)} are in "
        f"circulation: {one.printed(values[0])}, which is used here, and "
        f"{one.printed(values[1])}. The law of the other points says "
        f"{one.printed(each.predicted)}: they lie {off[0]:+.1%} and {off[1]:+.1%} from it, and "
        f"{distance:.1f} standard deviations apart, so that the law "
    )
    text += (
        "cannot tell them apart."
        if distance < _DISTINCT
        else f"favours {one.printed(_nearer(values, off))}."
    )
    between = _between(each)
    if between is None:
        return text
    off = [float(np.log(value / between)) for value in values]
    return text + (
        f" A straight line in logarithms between the two neighbours alone gives "
        f"{one.printed(between)}, from which they lie {off[0]:+.1%} and {off[1]:+.1%}: that "
        f"speaks for {one.printed(_nearer(values, off))}."
    )


def _nearer(values: Sequence[float], off: Sequence[float]) -> float:
    return min(zip(values, off, strict=True), key=lambda pair: abs(pair[1]))[0]


def _between(each: DeletionResidual) -> float | None:
    """Where a straight line between its neighbours in n puts a point; None at an end."""
    n, values = each.fit.series.sizes[:, 0], each.fit.series.values
    rest = np.arange(len(n)) != each.index
    if not n[rest].min() < n[each.index] < n[rest].max():
        return None
    order = np.argsort(n[rest])
    logs = np.log(n[rest][order]), np.log(values[rest][order])
    return float(np.exp(np.interp(np.log(n[each.index]), *logs)))
