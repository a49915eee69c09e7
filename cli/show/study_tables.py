"""Print the tables of the gradients study, and the figures and criteria of the validation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from .console import VERDICT_STYLES, console_out, note, rich_table

if TYPE_CHECKING:
    import pandas as pd

    from ...reports import Table as ReportTable
    from ...studies.validation import Criterion


def tables(found: Iterable[ReportTable]) -> None:
    """Print tables with their titles."""
    for table in found:
        console_out().print(rich_table(table, title=table.title))


def validation_figures(table: pd.DataFrame) -> None:
    """Print errors, coverage and verdicts of the validation, a row for each kind of law."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    shown.add_column("laws")
    columns = ("median error", "p95 error", "coverage", "two regimes", *VERDICT_STYLES)
    for column in columns:
        shown.add_column(column, justify="right")
    for kind, row in table.iterrows():
        texts = (f"{row[c]:.4f}" if "error" in c else f"{row[c]:.1%}" for c in columns)
        shown.add_row(str(kind), *texts)
    console_out().print(shown)


def criteria(some: Sequence[Criterion]) -> None:
    """Print how many acceptance criteria are met, and those that are missed."""
    missed = [one for one in some if not one.is_met]
    note(f"{len(some) - len(missed)} of {len(some)} acceptance criteria are met.")
    for one in missed:
        note(f"missed: {one.figure}: {one.value:.4g}")
