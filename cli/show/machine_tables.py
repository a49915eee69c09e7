"""Print the environment checks of the machine, and the ablations of the controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from .console import console_out

if TYPE_CHECKING:
    from ...analysis import Exponent
    from ...measure import EnvironmentCheck


_SEVERITY_STYLES = {"ok": "green", "warn": "yellow", "bad": "red", "unknown": "dim"}


def environment_checks(checks: Sequence[EnvironmentCheck]) -> None:
    """Print each check with its finding and remedy, then the advice for each severity."""
    from ...measure import Severity

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("", "check", "finding"):
        shown.add_column(column)
    for each in checks:
        state = Text(each.state)
        if each.mend:
            state.append(f"\n→ {each.mend}", style="bold")
        verdict = Text(each.severity.value, style=_SEVERITY_STYLES[each.severity.value])
        shown.add_row(verdict, Text(each.subject), state)
    console = console_out()
    console.print(shown)
    for severity in Severity:
        if count := sum(each.severity is severity for each in checks):
            style = _SEVERITY_STYLES[severity.value]
            console.print(
                Text.assemble((f"{count} {severity.value}", style), f": {severity.advice}")
            )


def ablations(rows: Sequence[tuple[str, Mapping[str, Exponent]]]) -> None:
    """Print the exponents with each control switched off, and how far each moved."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    shown.add_column("switched off")
    axes = list(dict.fromkeys(axis for _, exponents in rows for axis in exponents))
    for axis in axes:
        shown.add_column(f"{axis} [95 %]")
        shown.add_column("moved", justify="right")
    first = rows[0][1]
    for name, exponents in rows:
        cells: list[str] = []
        for axis in axes:
            found, usual = exponents.get(axis), first.get(axis)
            cells.append(str(found).removeprefix(f"{axis} ") if found else "–")
            if found and usual and found is not usual:
                cells.append(f"{found.estimate - usual.estimate:+.2f}")
            else:
                cells.append("")
        shown.add_row(name, *cells)
    console_out().print(shown)
