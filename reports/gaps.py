"""Why local slopes are not theory's: the causes of each gap, for a reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..analysis import Fit
from .summary import variants
from .units import number

#: What the table says before it.
EXPLAINED = (
    "Mean local slope between the smallest and the largest sizes, beside that of theory's leading "
    "term between the same, and what makes up the difference. Overhead: calls of operations, which "
    "cost alike at all sizes. Lower-order work: FLOPs and operations beside the leading term. "
    "Rate: plain matrix products of the same shapes run faster or slower at other sizes; the last "
    "column has the slope of these products' times alone. The parts were timed alone; what they "
    "do not add up to is unexplained."
)
HEAD = (
    "layer",
    "size",
    "slope",
    "theory",
    "overhead",
    "lower-order work",
    "rate",
    "unexplained",
    "products alone",
)


class GapRow(NamedTuple):
    """One row of the table, as text; its columns are those of `HEAD`."""

    layer: str
    axis: str
    slope: str
    theory: str
    overhead: str
    lower_order: str
    rate: str
    unexplained: str
    products: str


def gap_rows(fits: Sequence[Fit]) -> list[GapRow]:
    """Write the gaps of all laws whose parts were timed."""
    return [
        GapRow(
            f"{fit.series.layer} ({variant})" if variant else fit.series.layer,
            gap.axis,
            f"{gap.slope:.2f}",
            number(round(gap.theory, 2)),
            *map(_signed, (gap.overhead, gap.lower_order, gap.rate, gap.unexplained)),
            f"{gap.products:.2f}",
        )
        for fit, variant in zip(fits, variants(fits), strict=True)
        for gap in fit.gaps
    ]


def _signed(value: float) -> str:
    """Write a share with its sign; the smallest as nothing."""
    rounded = round(value, 2)
    return f"{rounded:+.2f}".replace("-", "−") if rounded else "0"
