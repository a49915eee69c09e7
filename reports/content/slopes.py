"""Why local slopes are not theory's: the causes of each gap, for a reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import NamedTuple

import pandas as pd

from ...analysis import CAUSES, Fit, SlopeGap, number, signed
from .summaries import labels

#: What the table says before it.
SLOPES_EXPLAINED = (
    "Mean local slope between the smallest and the largest sizes, beside that of theory's leading "
    "term between the same, and what makes up the difference. Overhead: calls of operations, which "
    "cost alike at all sizes. Lower-order work: FLOPs and operations beside the leading term. "
    "Rate: plain matrix products of the same shapes run faster or slower at other sizes; the last "
    "column has the slope of these products' times alone. Where a layer has no products, its "
    "other operations stand for them, and a fused kernel counts as the products and operations "
    "that it stands for. The parts were timed alone; what they do not add up to is unexplained."
)


#: The head of the table.
SLOPES_HEAD = ("layer", "size", "slope", "theory", *CAUSES.values(), "products alone")


class Gaps(NamedTuple):
    """Gaps along one size over all laws.

    Attributes
    ----------
    axis
        The size.
    rows
        Columns label, slope, theory and the causes.
    """

    axis: str
    rows: pd.DataFrame


def gaps_info(fits: Sequence[Fit]) -> list[Gaps]:
    """Collect the gaps of all laws whose parts were timed, by axis."""
    rows = [{"label": label, **asdict(gap)} for label, gap in _labelled(fits)]
    axes = dict.fromkeys(str(row["axis"]) for row in rows)
    frame = pd.DataFrame(rows)
    return [Gaps(axis, frame[frame["axis"] == axis].reset_index(drop=True)) for axis in axes]


def _labelled(fits: Sequence[Fit]) -> Iterator[tuple[str, SlopeGap]]:
    for fit, label in zip(fits, labels(fits), strict=True):
        for gap in fit.slope_gaps:
            yield label, gap


def gap_rows(fits: Sequence[Fit]) -> list[tuple[str, ...]]:
    """Write the gaps of all laws whose parts were timed; the columns are those of `SLOPES_HEAD`."""
    return [
        (
            label,
            gap.axis,
            f"{gap.slope:.2f}",
            number(round(gap.theory, 2)),
            *(signed(getattr(gap, cause)) for cause in CAUSES),
            f"{gap.products:.2f}",
        )
        for label, gap in _labelled(fits)
    ]
