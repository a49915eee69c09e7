"""The table of crossings: from which n on which layer costs less."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, isnan

from ...analysis import Crossing, Crossovers, join_words, number
from .tables import Table


def crossings_table(crossovers: Sequence[Crossovers]) -> Table:
    """Write a row for each crossing."""
    return Table(
        "All crossings",
        ("from n on", "95 %", "at d", "cheaper layer", "dearer layer", "check", ""),
        [_row(crossing) for info in crossovers for crossing in info.crossings],
        styles=("text", "text", "text", "code", "code", "text"),
        row_heads=False,
        narrow=True,
    )


def crossing_interval(crossing: Crossing) -> str:
    """Write the interval of n; an end outside the range that was searched is written as "…".

    >>> from layerlaw.analysis import Crossing
    >>> crossing_interval(Crossing("rnn", "attention", 16, 400, False, 0.0, 420.0))
    '[…, 420]'
    """
    if isnan(crossing.low):
        return ""
    low = number(crossing.low) if crossing.low else "…"
    return f"[{low}, {number(crossing.high) if isfinite(crossing.high) else '…'}]"


def checks_text(crossing: Crossing) -> str:
    """Write whether the checks confirm a crossing, with the ratio of costs at each checked n."""
    if crossing.confirmed is None:
        return ""
    sides = {n > crossing.n for n, _ in crossing.checks}
    where = "" if len(sides) == 2 else " above" if True in sides else " below"
    found = join_words([f"{ratio:.2f} at {number(n)}" for n, ratio in crossing.checks])
    return f"{'holds' if crossing.confirmed else 'does not hold'}{where}: {found}"


def _row(crossing: Crossing) -> tuple[str, ...]:
    return (
        number(crossing.n),
        crossing_interval(crossing),
        number(crossing.d),
        crossing.cheaper,
        crossing.dearer,
        checks_text(crossing),
        "extrapolated" if crossing.extrapolated else "",
    )
