"""The table of slope gaps: why measured local slopes differ from theory's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...analysis import CAUSES, Fit, SlopeGap, number, signed
from .law_names import law_labels
from .tables import Table

_EXPLANATION = (
    "Mean local slope between the smallest and the largest sizes, the slope of theory's leading "
    "term between the same sizes, and the causes of the difference. Overhead: calls of operations, "
    "which cost the same at all sizes. Lower-order work: FLOPs and operations outside the leading "
    "term. Rate: plain matrix products of the same shapes run faster or slower at other sizes; the "
    "last column has the slope of their times alone. For a layer without products its other "
    "operations are used, and a fused kernel counts as the products and operations that it "
    "replaces. The operations were timed one by one; unexplained is what their sum lacks."
)


def labelled_gaps(fits: Sequence[Fit]) -> Iterator[tuple[str, SlopeGap]]:
    """Yield each slope gap of the laws whose operations were timed, with the law's label."""
    for fit, label in zip(fits, law_labels(fits), strict=True):
        for gap in fit.slope_gaps:
            yield label, gap


def slopes_table(fits: Sequence[Fit]) -> Table:
    """Write a row for each law and size whose operations were timed."""
    return Table(
        "All slopes",
        ("layer", "size", "slope", "theory", *CAUSES.values(), "products alone"),
        [_row(label, gap) for label, gap in labelled_gaps(fits)],
        _EXPLANATION,
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
