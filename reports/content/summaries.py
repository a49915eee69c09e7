"""The summary: one row for each law, the same in terminal, report.md and report.html."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ... import layers
from ...analysis import (
    NONE,
    Fit,
    applies_at,
    common_size,
    metric_title,
    number,
    quantity,
    size_matrix,
    sizes_text,
)
from .counts import count_reasons, counts_info, counts_table, split_counts
from .formulas import order_text, theory_text
from .law_names import law_label, law_variants
from .tables import Table


@dataclass(frozen=True)
class SummaryRow:
    """A law in the summary, as text.

    Attributes
    ----------
    layer, title
        The layer's name and title; the name twice if the registry does not know the layer.
    variant
        The law's device, mode, metric and further columns, where these vary over the laws; empty
        if none does.
    theory
        Theory's order.
    exponents
        Each axis's exponent with its 95 % interval, and the sizes without one, as they have one
        value.
    verdict
        ``matches``, ``differs``, ``unresolved``, or "–" without theory.
    sequential_ops, path_length
        Theory's orders; "–" for layers that the registry does not know.
    cost
        The predicted cost at the common size, with its unit; "–" if the law's points do not
        cover that size.
    """

    layer: str
    title: str
    variant: str
    theory: str
    exponents: tuple[str, ...]
    verdict: str
    sequential_ops: str
    path_length: str
    cost: str

    @property
    def label(self) -> str:
        """The layer and its variant."""
        return law_label(self.layer, self.variant)


@dataclass(frozen=True)
class Summary:
    """The laws that a report is about, and the table of counts.

    Attributes
    ----------
    rows, fits
        A row for each law, and the laws, in the same order.
    cost, at
        Title of the column of costs, and the sizes that they are predicted at; empty if there
        are none.
    counts
        The counts; without rows if there are none, or if the report is about them.
    count_reasons
        (count, reason) for each count that differs from theory.
    """

    rows: Sequence[SummaryRow]
    fits: Sequence[Fit]
    cost: str
    at: str
    counts: Table
    count_reasons: Sequence[tuple[str, str]]


def summarise(fits: Sequence[Fit]) -> Summary:
    """Summarise laws of times, or all laws if there are none, and counts.

    Costs are predicted at `common_size`.
    """
    shown, counted = split_counts(fits)
    at = common_size(shown)
    counts = counts_info(counted)
    return Summary(
        rows=summary_rows(shown, at),
        fits=shown,
        cost=cost_name(shown),
        at=sizes_text(at),
        counts=counts_table(counts),
        count_reasons=list(count_reasons(counts)),
    )


def summary_rows(fits: Sequence[Fit], at: Mapping[str, float] | None = None) -> list[SummaryRow]:
    """Write a row for each fit, with its cost at the given sizes or at `common_size`."""
    at = common_size(fits) if at is None else at
    return [_row(fit, variant, at) for fit, variant in zip(fits, law_variants(fits), strict=True)]


def cost_name(fits: Sequence[Fit]) -> str:
    """Name the column of costs: ``time``, or ``cost`` for several metrics."""
    names = {metric_title(fit.series.metric) for fit in fits}
    return names.pop() if len(names) == 1 else "cost"


def _row(fit: Fit, variant: str, at: Mapping[str, float]) -> SummaryRow:
    name, law = fit.series.layer, fit.law
    known = layers.find(name)
    theory = known.tied_theory() if known else None
    cost = NONE
    if law is not None and applies_at(fit, at):
        cost = quantity(float(law.predict(size_matrix(law, at))[0]), fit.series.metric)
    return SummaryRow(
        layer=name,
        title=known.title if known else name,
        variant=variant,
        theory=theory_text(fit),
        exponents=(*map(str, law.exponents), *_constant_sizes(fit)) if law else (),
        verdict=fit.judgement.verdict.value if fit.judgement else NONE,
        sequential_ops=order_text(theory.sequential_ops) if theory else NONE,
        path_length=order_text(theory.path_length) if theory else NONE,
        cost=cost,
    )


def _constant_sizes(fit: Fit) -> Iterator[str]:
    for axis, value in fit.fixed_sizes.items():
        yield f"{axis} {NONE} (one value, {number(value)})"
