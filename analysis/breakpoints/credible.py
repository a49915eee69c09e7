"""The 95 % interval of a breakpoint's location."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..formatting import number

_LEVEL = 0.95  # level of the interval


def credible_range(breakpoints: Iterable[tuple[float, float, float]]) -> tuple[float, float]:
    """Find the range of the likeliest of (low, high, probability) that make up 95 %."""
    ranked = sorted(breakpoints, key=lambda each: -each[2])
    cumulative = np.cumsum([probability for *_, probability in ranked])
    enough = ranked[: int(np.searchsorted(cumulative, _LEVEL * cumulative[-1])) + 1]
    return min(low for low, *_ in enough), max(high for _, high, _ in enough)


def credible_range_text(interval: tuple[float, float] | None, low: float, high: float) -> str:
    """Write a breakpoint's interval if it is wider than (low, high), the points next to it."""
    if interval is None or (low <= interval[0] and interval[1] <= high):
        return ""
    return f"; at 95 % between {number(interval[0])} and {number(interval[1])}"
