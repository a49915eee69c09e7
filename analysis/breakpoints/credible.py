"""Between which points a breakpoint lies, at 95 %."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..formatting import number

_LEVEL = 0.95  # of the interval of a breakpoint's place


def credible_range(breakpoints: Iterable[tuple[float, float, float]]) -> tuple[float, float]:
    """Find between which points the likeliest of (low, high, share) make up 95 %."""
    found = sorted(breakpoints, key=lambda each: -each[2])
    shares = np.cumsum([share for *_, share in found])
    enough = found[: int(np.searchsorted(shares, _LEVEL * shares[-1])) + 1]
    return min(low for low, *_ in enough), max(high for _, high, _ in enough)


def credible_range_text(around: tuple[float, float] | None, low: float, high: float) -> str:
    """Say the interval of a breakpoint where it is wider than the points that it lies between."""
    if around is None or (low <= around[0] and around[1] <= high):
        return ""
    return f"; at 95 % between {number(around[0])} and {number(around[1])}"
