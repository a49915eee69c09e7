"""What the terminal shows of laws: their summary, and what they predict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from .console import VERDICT_STYLES, console_out

if TYPE_CHECKING:
    from ...analysis import Fit
    from ...reports import Answer


def laws(fits: Sequence[Fit]) -> None:
    """Print the summary of laws, and the reasons of all that do not match."""
    from ...analysis import common_size, sizes, without_noise
    from ...reports import cost_name, summary
    from ...reports.content import counts

    fits, beside = counts.split(fits)
    rows = summary(fits)
    size = common_size(fits)
    grown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    grown.add_column("layer", no_wrap=True)
    variant = any(row.variant for row in rows)
    if variant:
        grown.add_column("of")
    grown.add_column("theory")
    grown.add_column("measured exponents [95 %]")
    grown.add_column("verdict")
    grown.add_column("sequential\noperations")
    grown.add_column("path\nlength")
    cost = f"{cost_name(fits)} at\n{sizes(size)}" if size else cost_name(fits)
    grown.add_column(cost, justify="right")
    for row in rows:
        grown.add_row(
            Text(row.layer),
            *([Text(row.variant)] if variant else []),
            row.theory,
            Text("\n".join(row.exponents)),
            Text(row.verdict, style=VERDICT_STYLES.get(row.verdict, "")),
            row.sequential_ops,
            row.path_length,
            row.cost,
        )
    console = console_out()
    console.print(grown)
    for row, fit in zip(rows, fits, strict=True):
        if row.verdict in ("differs", "unresolved"):
            reason = Text.assemble(
                (row.label, "bold"), " ", (row.verdict, VERDICT_STYLES[row.verdict])
            )
            console.print(reason.append(f": {fit.reason}"))
        elif fit.judgement is None and fit.law is not None:
            law = without_noise(fit.law.expression)
            said = Text.assemble((row.label, "bold"), f": {law}; {fit.reason}")
            console.print(said.append(f"; {fit.law.regimes}" if fit.law.regimes else ""))
    if beside:
        listed = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for title in counts.COUNTS_HEAD:
            listed.add_column(title, overflow="fold")
        found = counts.counts_info(beside)
        for each in found:
            listed.add_row(*map(Text, each.row))
        console.print(listed)
        for name, why in counts.reasons_of(found):
            console.print(Text.assemble((name, "bold"), f": {why}"))


def answers(found: Sequence[Answer]) -> None:
    """Print predictions, each with what is to be minded of it."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    variant = any(each.variant for each in found)
    for column in ("layer", *(["of"] if variant else []), "asked", "predicted [95 %]", "to mind"):
        shown.add_column(column)
    for each in found:
        shown.add_row(
            Text(each.layer),
            *([Text(each.variant)] if variant else []),
            Text(each.question),
            Text(each.answer),
            Text(each.warning or "–"),
        )
    console_out().print(shown)
