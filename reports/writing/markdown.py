"""report.md: the summary, the reasons and the machine, for terminals and issue trackers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ..content import (
    Block,
    Collapsible,
    Content,
    Finding,
    Findings,
    Heading,
    Pairs,
    Paragraph,
    Section,
    Table,
    law_text,
)


def render(content: Content, sections: Sequence[Section]) -> str:
    """Write a report as Markdown, with the sections from `build_sections`."""
    return "\n\n".join([*_parts(content, sections), ""])


def _parts(content: Content, sections: Sequence[Section]) -> Iterable[str]:
    summary = content.summary
    yield "# How the cost of layers grows"
    yield content.headline
    yield "## Summary"
    yield markdown_table(
        [
            "layer",
            "theory",
            "exponents with 95 % intervals",
            "verdict",
            "sequential operations",
            "path length",
            f"{summary.cost} at {summary.at}" if summary.at else summary.cost,
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
            for row in summary.rows
        ),
    )
    yield "## Laws and reasons"
    for row, fit in zip(summary.rows, summary.fits, strict=True):
        name = row.label
        yield f"**{escape_markdown(name)}**: {row.verdict}. {escape_markdown(fit.reason)}."
        if fit.law is not None:
            yield f"    {law_text(fit.law, fit.series.metric)}"
    for section in sections:
        if parts := list(section_markdown(section)):
            yield f"## {section.title}"
            yield from parts
    for heading, pairs in (
        ("Machine", content.machine),
        ("How it was measured", [*content.settings, *content.counts]),
        ("How to read it", content.guide),
    ):
        if pairs:
            yield f"## {heading}"
            yield _list(pairs)
    if content.command:
        yield "## How to reproduce it"
        yield "\n".join(f"    {line}" for line in content.command.splitlines())


def section_markdown(section: Section) -> Iterator[str]:
    """Write the parts of a section below its heading, without figures."""
    for block in section.blocks:
        yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph():
            yield escape_markdown(block.text)
        case Heading():
            yield f"### {block.text}"
        case Pairs():
            yield _list(block.pairs)
        case Table():
            yield markdown_table(block.head, block.rows)
        case Collapsible():
            yield from _block(block.inside)
        case Findings():
            yield markdown_table(
                block.head,
                ((each.group, each.name, each.verdict, each.reason) for each in block.findings),
            )
            for each in block.findings:
                yield from _finding(each)


def _finding(found: Finding) -> Iterator[str]:
    yield f"### {found.group} {escape_markdown(found.name)}: {found.verdict}"
    yield escape_markdown(found.text) + (
        f" ({escape_markdown(found.original)})" if found.original else ""
    )
    if found.reason:
        yield f"**{found.verdict.capitalize()}**: {escape_markdown(found.reason)}."
    yield f"How it is tested: {escape_markdown(found.method)}"
    yield markdown_table(found.evidence.head, found.evidence.rows)


def _list(pairs: Iterable[tuple[str, str]]) -> str:
    return "\n".join(
        f"- {escape_markdown(label)}: {escape_markdown(value)}" for label, value in pairs
    )


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table, with markup in its cells escaped.

    tabulate 0.10 was tried: it escapes nothing, not even ``|``, pads the cells, so that one longer
    cell changes every line, and writes 1.10 as 1.1 unless numbers are disabled.
    """
    lines = [head, ["---"] * len(head), *(list(map(escape_markdown, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escape_markdown(text: str) -> str:
    """Escape the characters that Markdown and HTML read as markup."""
    one_line = " ".join(text.split())
    return re.sub(r"([\\`*_\[\]<>|~$])", r"\\\1", one_line)
