"""Crossings that papers state, compared with fitted laws and with the measured points alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from ...analysis import Crossing, Fit, crossing, interpolated_crossing
from ...measure import SECONDS
from .source import StatedCrossing

#: An interval that spans more than this factor agrees with nearly anything.
WIDEST = 4.0


@dataclass(frozen=True)
class ComparedCrossing:
    """A statement and what the points say of it.

    Attributes
    ----------
    statement
        What was stated.
    crossing
        Where the fitted laws cross; None where they do not.
    straight
        Where straight lines between the measured points do.
    """

    statement: StatedCrossing
    crossing: Crossing | None
    straight: float | None

    @property
    def verdict(self) -> str:
        """``agrees`` where the interval meets the range stated; else ``does not agree``.

        ``unresolved`` where the interval has no end, or spans more than a factor of `WIDEST`.
        """
        found, stated = self.crossing, self.statement
        if found is None or found.cheaper != stated.cheaper:
            return "does not agree"
        if found.high < stated.low or found.low > stated.high:
            return "does not agree"
        if not (isfinite(found.high) and found.low > 0 and found.high <= WIDEST * found.low):
            return "unresolved"
        return "agrees"


def compare(statement: StatedCrossing, fits: Sequence[Fit]) -> ComparedCrossing:
    """Compare a statement with the laws of its two layers.

    Raises
    ------
    ValueError
        If one of them has no law of times in this mode.
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
    raise ValueError(f"there is no law of the time of {layer}, {mode}")
