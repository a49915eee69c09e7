"""Print the statements of the course text with their verdicts and evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .console import console_out

if TYPE_CHECKING:
    from ...studies.claims import JudgedStatement, Record


_VERDICT_STYLES = {"confirmed": "green", "confirmed with a condition": "yellow", "refuted": "red"}
_BEARING_STYLES = {"for": "green", "limits": "yellow", "against": "red", "aside": "dim"}


def claims(record: Record, *, details: bool) -> None:
    """Print a line for each statement with its verdict, then reasons; with details, evidence."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    rows = [
        (one.statement.exercise, one.statement.id, one.verdict.value)
        for one in record.judged_statements
    ]
    titles = ("exercise", "statement", "verdict")
    for title, *cells in zip(titles, *rows, strict=True):  # only the last column may be cut
        shown.add_column(title, no_wrap=True, min_width=max(map(len, [title, *cells])))
    shown.add_column("the course text says", no_wrap=True, overflow="ellipsis")
    for each, (exercise, name, verdict) in zip(record.judged_statements, rows, strict=True):
        marked = Text(verdict, style=_VERDICT_STYLES[verdict])
        shown.add_row(exercise, name, marked, Text(each.statement.text))
    console = console_out()
    console.print(shown)
    for each, (_, name, verdict) in zip(record.judged_statements, rows, strict=True):
        if each.reason or details:
            line = Text.assemble((name, "bold"), " ", (verdict, _VERDICT_STYLES[verdict]))
            console.print(line.append(f": {each.reason}" if each.reason else ""))
        if details:
            _evidence(console, each)
    console.print(Text(record.headline))


def _evidence(console: Console, judged: JudgedStatement) -> None:
    """Print a statement, how it is tested, and the evidence that was computed."""
    from ...studies.claims import evidence_table

    statement = judged.statement
    for text in (statement.text, statement.original, f"Tested: {statement.how}"):
        if text:
            console.print(Text(f"  {text}"))
    lines = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in evidence_table(judged).head:
        lines.add_column(column)
    for line in judged.evidence:
        bearing = Text(line.bearing.words, style=_BEARING_STYLES[line.bearing.value])
        lines.add_row(Text(line.what), Text(line.value), bearing)
    console.print(lines)
