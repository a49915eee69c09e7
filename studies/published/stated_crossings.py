"""Crossings that papers state, compared with those of fitted laws and of interpolated points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from ...analysis import Crossing, Fit, crossing, interpolated_crossing
from ...measure import SECONDS
from .source import StatedCrossing

#: Largest ratio of an interval's ends: a wider interval agrees with nearly any statement.
MAX_INTERVAL_RATIO = 4.0


@dataclass(frozen=True)
class ComparedCrossing:
    """A stated crossing, compared with the measurements.

    Attributes
    ----------
    statement
        The stated crossing.
    crossing
        The crossing of the fitted laws; None if they do not cross.
    line_crossing
        The n at which straight lines between the measured points cross; None if they do not.
    """

    statement: StatedCrossing
    crossing: Crossing | None
    line_crossing: float | None

    @property
    def verdict(self) -> str:
        """``agrees`` if the interval overlaps the stated range, else ``does not agree``.

        ``unresolved`` if the interval is open or spans more than a factor of `MAX_INTERVAL_RATIO`.
        """
        found, stated = self.crossing, self.statement
        if found is None or found.cheaper != stated.cheaper:
            return "does not agree"
        if found.high < stated.low or found.low > stated.high:
            return "does not agree"
        if not (
            isfinite(found.high) and found.low > 0 and found.high <= MAX_INTERVAL_RATIO * found.low
        ):
            return "unresolved"
        return "agrees"


def compare_crossing(statement: StatedCrossing, fits: Sequence[Fit]) -> ComparedCrossing:
    """Compare a statement with the laws of its two layers.

    Raises
    ------
    ValueError
        If one of them has no law of time in this mode.
    """
    cheaper, dearer = (_time_of(name, statement.mode, fits) for name in _names(statement))
    at = {size: value for size, value in cheaper.series.constants.items() if size != "n"}
    return ComparedCrossing(
        statement,
        crossing(cheaper, dearer, at),
        interpolated_crossing(cheaper.series, dearer.series),
    )


def _names(statement: StatedCrossing) -> tuple[str, str]:
    return statement.cheaper, statement.dearer


def _time_of(layer: str, mode: str, fits: Sequence[Fit]) -> Fit:
    for fit in fits:
        one = fit.series
        if (one.layer, one.mode, one.metric) == (layer, mode, SECONDS.name) and fit.law is not None:
            return fit
    raise ValueError(f"no law of time was fitted for layer {layer!r}, mode {mode!r}")
