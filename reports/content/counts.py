"""The table of counts: FLOPs, parameters, depth, path length and peak memory of each layer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sympy
from sympy import Expr

from ... import layers
from ...analysis import NONE, Array, Fit, formula_text, metric_title
from ...layers import evaluate
from ...measure import METRICS, PEAK_BYTES, metric_of
from .formulas import law_text
from .law_names import law_label, law_variants
from .tables import Table

#: Metrics in the table: those that theory gives exactly, and peak memory, which has an order alone.
COLUMNS = (*(metric.name for metric in METRICS.values() if metric.exact), PEAK_BYTES.name)

_EXPLANATION = (
    "Counts have no noise. ✓: every count equals theory's formula, not only its order; of peak "
    "memory theory gives an order alone, and ✓ says that the exponents match it. ≠: they are not "
    "equal, and the cell has the fitted formula. Path length: operations on the shortest path from "
    "the first position to the last, through as many layers as it needs."
)


@dataclass(frozen=True)
class Cell:
    """One count: its formula, ✓ or ≠, and the reason where it differs from theory."""

    text: str
    sign: str = ""
    why: str = ""

    def __str__(self) -> str:
        return f"{self.sign} {self.text}".strip()


@dataclass(frozen=True)
class Counts:
    """The counts of one layer.

    Attributes
    ----------
    label
        The layer and its variant.
    cells
        One for each metric that was counted.
    """

    label: str
    cells: Mapping[str, Cell]


def split_counts(fits: Sequence[Fit]) -> tuple[list[Fit], list[Fit]]:
    """Separate the laws of times, which the report is about, from those of counts.

    Without times, or with other metrics among the laws, the report is about all of them.
    """
    timed = [fit for fit in fits if fit.series.timed]
    counted = [fit for fit in fits if fit.series.metric in COLUMNS]
    if not timed or len(timed) + len(counted) < len(fits):
        return list(fits), []
    return timed, counted


def counts_table(rows: Sequence[Counts]) -> Table:
    """Write a row of counts for each layer."""
    return Table(
        "Counts",
        ("layer", *map(metric_title, COLUMNS)),
        [_row(each) for each in rows],
        _EXPLANATION,
        styles=("code", "formula"),
    )


def _row(counts: Counts) -> tuple[str, ...]:
    cells = (counts.cells.get(metric) for metric in COLUMNS)
    return counts.label, *(str(cell) if cell else NONE for cell in cells)


def counts_info(fits: Sequence[Fit]) -> list[Counts]:
    """Collect the counts of each layer, device and mode, and of each value of further columns."""
    rows: dict[tuple[str, ...], dict[str, Cell]] = defaultdict(dict)
    names: dict[tuple[str, ...], Fit] = {}
    for fit in fits:
        one = fit.series
        key = (one.layer, one.device, one.mode, *map(str, one.by.values()))
        rows[key][one.metric] = _cell(fit)
        names.setdefault(key, fit)
    labels = [
        law_label(fit.series.layer, variant)
        for fit, variant in zip(names.values(), law_variants(list(names.values())), strict=True)
    ]
    return [Counts(name, cells) for name, cells in zip(labels, rows.values(), strict=True)]


def count_reasons(rows: Sequence[Counts]) -> Iterator[tuple[str, str]]:
    """Yield (count, reason) for each count that differs from theory."""
    for row in rows:
        for metric, cell in row.cells.items():
            if cell.why:
                yield f"{row.label}, {metric_title(metric)}", cell.why


def _cell(fit: Fit) -> Cell:
    exact = _exact_theory(fit)
    if exact is not None and np.array_equal(_evaluate_at_points(exact, fit), fit.series.values):
        return Cell(formula_text(exact), "✓")
    found = law_text(fit.law, fit.series.metric).partition(" = ")[2] if fit.law else NONE
    if exact is not None:
        return Cell(found, "≠", f"theory says {formula_text(exact)}")
    if fit.judgement is None:
        return Cell(found)
    sign = {"matches": "✓", "differs": "≠"}.get(fit.judgement.verdict.value, "?")
    if sign != "✓" and fit.law is not None:
        found = ", ".join(map(str, fit.law.exponents))
    return Cell(found, sign, "" if sign == "✓" else fit.reason)


def _exact_theory(fit: Fit) -> Expr | None:
    """Return theory's exact formula of a count; None where theory has none."""
    one = fit.series
    layer = layers.find(one.layer)
    field = metric_of(one.metric).exact
    if not field or layer is None or one.mode != "forward":
        return None
    if isinstance(layer, layers.UserLayer):
        return None  # its theory comes from counts
    exact: Expr = getattr(layer.tied_theory(), field)
    return None if exact.is_infinite or exact is sympy.nan else exact


def _evaluate_at_points(exact: Expr, fit: Fit) -> Array:
    """Evaluate theory's formula at the points of a count, (points,)."""
    one = fit.series
    points = (dict(zip(one.axes, point, strict=True)) for point in one.sizes.tolist())
    return np.array([evaluate(exact, {**one.constants, **point}) for point in points])
