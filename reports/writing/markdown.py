"""report.md: the summary, the reasons and the machine, for terminals and issue trackers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ...analysis import CROSSING_HEAD
from ...studies.claims import JudgedStatement, Record, presentation
from ..content import (
    COUNTS_EXPLAINED,
    COUNTS_HEAD,
    ROOFLINE_EXPLAINED,
    ROOFLINE_HEAD,
    SLOPES_EXPLAINED,
    SLOPES_HEAD,
    Content,
    gap_rows,
    law_text,
    reasons_of,
    share_rows,
)


def render(content: Content) -> str:
    """Write a report as Markdown."""
    return "\n\n".join([*_sections(content), ""])


def _sections(content: Content) -> Iterable[str]:
    yield "# How the cost of layers grows"
    yield content.headline
    yield "## Summary"
    yield table(
        [
            "layer",
            "theory",
            "exponents with 95 % intervals",
            "verdict",
            "sequential operations",
            "path length",
            f"{content.cost} at {content.at}" if content.at else content.cost,
        ],
        (
            (
                row.label,
                row.theory,
                "; ".join(row.exponents),
                row.verdict,
                row.sequential_ops,
                row.path_length,
                row.cost,
            )
            for row in content.rows
        ),
    )
    yield "## Laws and reasons"
    for row, fit in zip(content.rows, content.fits, strict=True):
        name = row.label
        yield f"**{escape(name)}**: {row.verdict}. {escape(fit.reason)}."
        if fit.law is not None:
            yield f"    {law_text(fit.law, fit.series.metric)}"
    if content.counted:
        yield "## Counts"
        yield escape(COUNTS_EXPLAINED)
        yield table(COUNTS_HEAD, (each.row for each in content.counted))
        if reasons := list(reasons_of(content.counted)):
            yield "\n".join(f"- {escape(name)}: {escape(why)}" for name, why in reasons)
    if gaps := gap_rows(content.fits):
        yield "## Why slopes differ from theory"
        yield escape(SLOPES_EXPLAINED)
        yield table(SLOPES_HEAD, gaps)
    if shares := share_rows(content.fits):
        yield "## What this machine can do"
        yield escape(ROOFLINE_EXPLAINED)
        yield table(ROOFLINE_HEAD, shares)
    if crossings := [crossing for info in content.crossovers for crossing in info.crossings]:
        yield "## Where layers cross over"
        yield table(CROSSING_HEAD, [crossing.row for crossing in crossings])
    if (found := content.dependencies) is not None:
        yield "## How far a signal carries"
        for title, explained, head, rows in found.tables:
            yield f"### {title}"
            yield escape(explained)
            yield table(head, rows)
        yield "\n".join(f"- {escape(label)}: {escape(value)}" for label, value in found.how)
    if content.claims:
        yield f"## {presentation.TITLE}"
        yield from _claims(content.claims)
    for heading, pairs in (
        ("Machine", content.machine),
        ("How it was measured", [*content.settings, *content.counts]),
        ("How to read it", content.guide),
    ):
        if pairs:
            yield f"## {heading}"
            yield "\n".join(f"- {escape(label)}: {escape(value)}" for label, value in pairs)
    if content.command:
        yield "## How to make it again"
        yield "\n".join(f"    {line}" for line in content.command.splitlines())


def claims_page(record: Record, command: str) -> str:
    """Write docs/claims.md.

    Parameters
    ----------
    record
        Statements that were tested.
    command
        What makes the page again.
    """
    head = [f"# {presentation.TITLE}", "This page is the output of", f"    {command}"]
    return "\n\n".join([*head, *_claims(record), ""])


def _claims(record: Record) -> Iterable[str]:
    yield escape(f"{presentation.EXPLAINED} {record.headline}")
    yield table(
        ["exercise", "statement", "verdict", "what refutes or limits it"],
        (
            (each.statement.exercise, each.statement.id, each.verdict.value, each.reason)
            for each in record.checked
        ),
    )
    for each in record.checked:
        yield from _claim(each)
    yield escape(presentation.where(record))


def _claim(checked: JudgedStatement) -> Iterable[str]:
    said = checked.statement
    yield f"### {said.exercise} {escape(said.id)}: {checked.verdict.value}"
    yield escape(said.text) + (f" ({escape(said.original)})" if said.original else "")
    if checked.reason:
        yield f"**{checked.verdict.value.capitalize()}**: {escape(checked.reason)}."
    yield f"How it is tested: {escape(said.how)}"
    yield table(
        ["computed", "result", "it speaks"],
        ((line.what, line.value, line.bearing.words) for line in checked.evidence),
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; nothing in it is read as markup."""
    lines = [head, ["---"] * len(head), *(list(map(escape, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escape(text: str) -> str:
    """Keep Markdown and HTML from reading a name or a reason as markup."""
    one_line = " ".join(text.split())
    return re.sub(r"([\\`*_\[\]<>|~$])", r"\\\1", one_line)
