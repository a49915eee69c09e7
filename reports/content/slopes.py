"""Why local slopes are not theory's: the causes of each gap, for a reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...analysis import CAUSES, Fit, SlopeGap, number, signed
from .law_names import labels
from .tables import Table

_EXPLAINED = (
    "Mean local slope between the smallest and the largest sizes, beside that of theory's leading "
    "term between the same, and what makes up the difference. Overhead: calls of operations, which "
    "cost alike at all sizes. Lower-order work: FLOPs and operations beside the leading term. "
    "Rate: plain matrix products of the same shapes run faster or slower at other sizes; the last "
    "column has the slope of these products' times alone. Where a layer has no products, its "
    "other operations stand for them, and a fused kernel counts as the products and operations "
    "that it stands for. The parts were timed alone; what they do not add up to is unexplained."
)


def labelled_gaps(fits: Sequence[Fit]) -> Iterator[tuple[str, SlopeGap]]:
    """Give each gap of the laws whose parts were timed, with the label of its law."""
    for fit, label in zip(fits, labels(fits), strict=True):
        for gap in fit.slope_gaps:
            yield label, gap


def slopes_table(fits: Sequence[Fit]) -> Table:
    """Write the gaps of all laws whose parts were timed, a row for each law and size."""
    return Table(
        "All slopes",
        ("layer", "size", "slope", "theory", *CAUSES.values(), "products alone"),
        [_row(label, gap) for label, gap in labelled_gaps(fits)],
        _EXPLAINED,
        styles=("code", "text", "number"),
    )


def _row(label: str, gap: SlopeGap) -> tuple[str, ...]:
    return (
        label,
        gap.axis,
        f"{gap.slope:.2f}",
        number(round(gap.theory, 2)),
        *(signed(getattr(gap, cause)) for cause in CAUSES),
        f"{gap.products:.2f}",
    )
