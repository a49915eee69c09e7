"""The summary: one row per law, the same in the terminal, in report.md and in report.html."""

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
from .counts import counts_info, counts_table, reasons_of, split
from .formulas import order_text, theory_text
from .law_names import label, variants
from .tables import Table


@dataclass(frozen=True)
class SummaryRow:
    """What a reader wants of one law, as text.

    Attributes
    ----------
    layer, title
        The layer's name, and a few words; the name again where the registry does not know it.
    variant
        What tells this law from the others of its layer: device, mode, metric, and whatever
        else varies over all laws; empty where nothing does.
    theory
        Theory's order.
    exponents
        Each axis's exponent with its 95 % interval, and sizes that have none: they take one value.
    verdict
        ``matches``, ``differs``, ``unresolved``, or "–" without theory.
    sequential_ops, path_length
        Theory's orders; "–" for layers that the registry does not know.
    cost
        What the law predicts at the common size, with its unit; "–" where its points do not
        cover that.
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
        """Its layer, and what tells it from the others of its layer."""
        return label(self.layer, self.variant)


@dataclass(frozen=True)
class Summary:
    """The laws that a report is about, a row each.

    Attributes
    ----------
    rows, fits
        The row of each law, and the law, in the same order.
    cost, at
        Name of the column of costs, and the sizes that they are predicted at; empty where there
        are none.
    counts
        What was counted; without rows where that is not known, or is what the report is about.
    count_reasons
        Of which count, and why, it is not theory's.
    """

    rows: Sequence[SummaryRow]
    fits: Sequence[Fit]
    cost: str
    at: str
    counts: Table
    count_reasons: Sequence[tuple[str, str]]


def summarise(fits: Sequence[Fit]) -> Summary:
    """Summarise times, or all laws where there are none, and counts; costs at `common_size`."""
    shown, counted = split(fits)
    at = common_size(shown)
    counts = counts_info(counted)
    return Summary(
        rows=summary_rows(shown, at),
        fits=shown,
        cost=cost_name(shown),
        at=sizes_text(at),
        counts=counts_table(counts),
        count_reasons=list(reasons_of(counts)),
    )


def summary_rows(fits: Sequence[Fit], at: Mapping[str, float] | None = None) -> list[SummaryRow]:
    """Write a row for each fit, in their order, with its cost at sizes or at `common_size`."""
    at = common_size(fits) if at is None else at
    return [_row(fit, variant, at) for fit, variant in zip(fits, variants(fits), strict=True)]


def cost_name(fits: Sequence[Fit]) -> str:
    """Name the column of costs: ``time``, or ``cost`` where metrics are mixed."""
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
