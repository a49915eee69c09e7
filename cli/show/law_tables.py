"""Print the summary of laws, and predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from ...analysis import without_noise
from .console import VERDICT_STYLES, console_out, folding_table, rich_table

if TYPE_CHECKING:
    from ...reports import Prediction, Summary


def laws(summary: Summary) -> None:
    """Print the summary of laws, and the reason of each verdict other than `matches`."""
    variant = any(row.variant for row in summary.rows)
    cost = f"{summary.cost} at\n{summary.at}" if summary.at else summary.cost
    shown = folding_table(
        "layer",
        *(["variant"] if variant else []),
        "theory",
        "measured exponents [95 %]",
        "verdict",
        "sequential\noperations",
        "path\nlength",
    )
    shown.add_column(cost, justify="right", overflow="fold")
    for row in summary.rows:
        shown.add_row(
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
    console.print(shown)
    for row, fit in zip(summary.rows, summary.fits, strict=True):
        if row.verdict in ("differs", "unresolved"):
            reason = Text.assemble(
                (row.label, "bold"), " ", (row.verdict, VERDICT_STYLES[row.verdict])
            )
            console.print(reason.append(f": {fit.reason}"))
        elif fit.judgement is None:
            line = Text.assemble((row.label, "bold"), ": ")
            if fit.law is not None:
                line.append(f"{without_noise(fit.law.expression)}; ")
            line.append(fit.reason)
            if fit.law is not None and fit.law.regimes:
                line.append(f"; {fit.law.regimes}")
            console.print(line)
    if summary.counts.rows:
        console.print(rich_table(summary.counts))
        for name, why in summary.count_reasons:
            console.print(Text.assemble((name, "bold"), f": {why}"))


def answers(predictions: Sequence[Prediction]) -> None:
    """Print predictions, each with its warning."""
    variant = any(each.variant for each in predictions)
    kind = ["variant"] if variant else []
    shown = folding_table("layer", *kind, "question", "predicted [95 %]", "warning")
    for each in predictions:
        shown.add_row(
            Text(each.layer),
            *([Text(each.variant)] if variant else []),
            Text(each.question),
            Text(each.answer),
            Text(each.warning or "–"),
        )
    console_out().print(shown)
