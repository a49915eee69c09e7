"""The section of docs/published.md on points that look like misprints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ...analysis import OUTLIER_LEVEL, DeletionResidual, find_outliers, sizes_text
from ...measure import SECONDS
from ...reports import markdown_table
from .fitting import FittedSource
from .source import Source, Transcription

_DISTINCT = 2.0  # standard deviations between two readings from which on a law decides
_NEXT = 3  # points below the threshold that are shown for comparison
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
    """A point compared with the law of the others, and its source."""

    source: Source
    point: DeletionResidual

    @property
    def metric(self) -> str:
        """The point's metric."""
        return self.point.fit.series.metric

    @property
    def law(self) -> tuple[str, str]:
        """Layer, and metric with mode, of the point's law."""
        series = self.point.fit.series
        return self.source.name(series.layer), self.source.cost_title(series.mode, series.metric)

    def write(self, value: float) -> str:
        """Write a value as the source prints it."""
        return self.source.digits[self.metric].write(value)


def sourced_points(fitted: Sequence[FittedSource]) -> list[SourcedPoint]:
    """Compare every point with the law of the others, with one correction for all points."""
    owners = [(at, one.source, fit) for at, one in enumerate(fitted) for fit in one.fits]
    found = find_outliers(
        [fit for _, _, fit in owners],
        [src.digits[fit.series.metric].rounding_error(fit.series.values) for _, src, fit in owners],
        [at for at, _, _ in owners],
    )
    source_of = {id(fit): source for _, source, fit in owners}
    return [SourcedPoint(source_of[id(point.fit)], point) for point in found]


def outlier_rows(points: Sequence[SourcedPoint]) -> list[list[SourcedPoint]]:
    """Group the points that look like misprints by law, the least likely first."""
    groups: dict[int, list[SourcedPoint]] = {}
    for one in points:
        if one.point.is_outlier:
            groups.setdefault(id(one.point.fit), []).append(one)
    return list(groups.values())


def outlier_text(group: Sequence[SourcedPoint]) -> str:
    """Name the possible misprints of one law."""
    layer, of = group[0].law
    return f"{layer} ({of}) at {' or '.join(sizes_text(one.point.sizes) for one in group)}"


def outliers_section(points: Sequence[SourcedPoint]) -> Iterator[str]:
    """Write the rule, the points that it finds and the next ones, as Markdown."""
    yield "## Points that look like misprints"
    yield (
        "The rule: each point is left out in turn and the law fitted to the other points of its "
        "table. The decrease of the squared error, divided by the remaining variance, is the "
        "square of the studentised residual; it is reduced by the rounding error, half of the last "
        "printed digit. Its two-sided level by Student's t distribution is multiplied by the "
        f"number of points, {len(points)} (Bonferroni). Below {OUTLIER_LEVEL:.0%} a point looks "
        "like a misprint; a page without misprints shows one with at most this probability. Where "
        "too few points remain to estimate the standard deviation, that of the other laws of the "
        "same source, mode and metric is used. A kernel that switches at one size would look the "
        "same. In laws of few points the rule cannot always say which of two points is wrong: then "
        "both are listed, the likelier first."
    )
    groups = outlier_rows(points)
    rows = [
        _row(one, "or this one" if place else "yes")
        for group in groups
        for place, one in enumerate(group)
    ]
    nearest = [one for one in points if not one.point.is_outlier][:_NEXT]
    yield markdown_table(_HEAD, [*rows, *(_row(one, "no") for one in nearest)])
    yield f"The last {len(nearest)} are the next ones, shown for comparison."
    for one in points:
        series = one.point.fit.series
        for reading in one.source.transcriptions:
            its = (reading.layer, reading.mode, SECONDS.name, {"n": reading.n})
            if its == (series.layer, series.mode, series.metric, one.point.sizes):
                yield _reading(reading, one)


def _row(one: SourcedPoint, answer: str) -> tuple[str, ...]:
    point = one.point
    return (
        *one.law,
        sizes_text(point.sizes),
        one.write(point.value),
        one.write(point.predicted),
        f"{point.value / point.predicted:.2f}",
        f"{point.studentised:.1f}",
        _level_text(point.p_value),
        answer,
    )


def _level_text(level: float) -> str:
    return "1" if level >= 1 else f"{level:.1%}" if level >= 0.001 else "< 0.1%"


def _reading(reading: Transcription, one: SourcedPoint) -> str:
    """Compare two transcriptions of a value with the law of the other points."""
    each, (layer, of) = one.point, one.law
    values = (each.value, reading.value)
    off = [float(np.log(value / each.predicted)) for value in values]
    distance = abs(off[0] - off[1]) / each.scale
    text = (
        f"There are two transcriptions of {layer} ({of}) at {sizes_text(each.sizes)}: "
        f"{one.write(values[0])}, which is used here, and {one.write(values[1])}. The law of "
        f"the other points predicts {one.write(each.predicted)}; they differ from it by "
        f"{off[0]:+.1%} and {off[1]:+.1%}, and from each other by {distance:.1f} standard "
        "deviations, so the law "
    )
    text += (
        "does not decide between them."
        if distance < _DISTINCT
        else f"favours {one.write(_nearer(values, off))}."
    )
    between = _interpolate(each)
    if between is None:
        return text
    off = [float(np.log(value / between)) for value in values]
    return text + (
        f" A straight line between the logarithms of the two adjacent points gives "
        f"{one.write(between)}, from which they differ by {off[0]:+.1%} and {off[1]:+.1%}: this "
        f"supports {one.write(_nearer(values, off))}."
    )


def _nearer(values: Sequence[float], off: Sequence[float]) -> float:
    return min(zip(values, off, strict=True), key=lambda pair: abs(pair[1]))[0]


def _interpolate(each: DeletionResidual) -> float | None:
    """Interpolate log-log between the adjacent points in n; None for the first and last point."""
    n, values = each.fit.series.sizes[:, 0], each.fit.series.values
    rest = np.arange(len(n)) != each.index
    if not n[rest].min() < n[each.index] < n[rest].max():
        return None
    order = np.argsort(n[rest])
    logs = np.log(n[rest][order]), np.log(values[rest][order])
    return float(np.exp(np.interp(np.log(n[each.index]), *logs)))
