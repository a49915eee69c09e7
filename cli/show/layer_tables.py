"""Print the theory of layers, and the derived formulas of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from ...analysis import NONE
from .console import console_out

if TYPE_CHECKING:
    from ...reports import DerivedRow, TheoryRow


def theory(rows: Sequence[TheoryRow]) -> None:
    """Print each layer with its formula and its theory."""
    listed = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in (
        "layer",
        "formula",
        "time",
        "FLOPs, forward",
        "sequential\noperations",
        "path\nlength",
    ):
        listed.add_column(column)
    for row in rows:
        listed.add_row(
            row.name, Text(row.formula), row.time, row.flops, row.sequential_ops, row.path_length
        )
    console_out().print(listed)


def derivation(head: Sequence[str], rows: Sequence[DerivedRow]) -> None:
    """Print the derived formulas of a layer, and the reason of each that is missing."""
    console = console_out()
    for line in head:
        console.print(Text(line))
    listed = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    compared = any(row.theory != NONE for row in rows)
    for column in ("", "formula", "order", *(["theory", ""] if compared else []), "sizes"):
        listed.add_column(column, overflow="fold")
    for row in rows:
        sign = {True: "✓", False: "≠", None: ""}[row.agrees]
        largest = max((each.get("n", 0) for each in row.verified), default=0)
        sizes = f"{row.solved} + {len(row.verified)}, n to {largest}" if row.solved else ""
        listed.add_row(
            row.title,
            Text(f"{row.formula}, for {row.where}" if row.where else row.formula),
            Text(row.order),
            *([Text(row.theory), Text(sign)] if compared else []),
            sizes,
        )
    console.print(listed)
    console.print("sizes: those that a formula was solved from + further ones at which it holds")
    for row in rows:
        if row.reason:
            console.print(Text.assemble((row.title, "bold"), f": no formula: {row.reason}"))
