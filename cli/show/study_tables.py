"""What the terminal shows of studies: gradients over distance, and the validation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from .console import VERDICT_STYLES, console_out, say

if TYPE_CHECKING:
    import pandas as pd

    from ...studies.gradients import Dependencies
    from ...studies.validation import Criterion


def dependencies(found: Dependencies) -> None:
    """Print how far signals carry: as drawn, an LSTM's gates, convolutions, and trained."""
    for title, _, head, rows in found.tables:
        shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
        for column in head:
            shown.add_column(column)
        for row in rows:
            shown.add_row(*map(Text, row))
        console_out().print(shown)


def figures(table: pd.DataFrame) -> None:
    """Print the figures of the validation, a row for each kind of case."""
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
    """Print which bars of the validation are missed."""
    missed = [bar for bar in some if not bar.reached]
    say(f"{len(some) - len(missed)} of {len(some)} bars are reached.")
    for bar in missed:
        say(f"missed: {bar.figure}: {bar.value:.4g}")
