"""The tested statements as a section of a report, and as the page docs/claims.md."""

from __future__ import annotations

from ...reports import Finding, Findings, Paragraph, Section, Table, VerdictStyle, section_markdown
from .record import CLAIMS_FILE, Record
from .statement import JudgedStatement, StatementVerdict

_TITLE = "What the course text says"

_EXPLANATION = (
    "Statements of the course text (exercises A6.1 to A6.4 of the Chinese textbook with which this "
    "project started), each tested by computed numbers. The verdict follows from them: one line of "
    "evidence against a statement refutes it, one that limits it makes it conditional."
)

_STYLES = {
    StatementVerdict.CONFIRMED: VerdictStyle("✓", "matches"),
    StatementVerdict.CONDITIONAL: VerdictStyle("△", "unresolved"),
    StatementVerdict.REFUTED: VerdictStyle("✗", "differs"),
}


def claims_section(record: Record) -> Section:
    """Write a section of the tested statements; it adds the record to the report's files."""
    machine = record.machine.get("cpu", "an unknown processor")
    torch = record.machine.get("torch", "of unknown version")
    tested = f"Tested {record.date}, seed {record.seed}, on {machine} with PyTorch {torch}."
    return Section(
        "claims",
        _TITLE,
        "The course text",
        [
            Paragraph(f"{_EXPLANATION} {record.headline}"),
            Findings(
                ("exercise", "statement", "verdict", "what refutes or limits it"),
                [_finding(each) for each in record.judged_statements],
            ),
            Paragraph(tested, quiet=True),
        ],
        after_laws=True,
        files={CLAIMS_FILE: record.to_json()},
    )


def claims_page(record: Record, command: str) -> str:
    """Write docs/claims.md.

    Parameters
    ----------
    record
        The tested statements.
    command
        The command that makes the page again.
    """
    head = [f"# {_TITLE}", "This page is the output of", f"    {command}"]
    return "\n\n".join([*head, *section_markdown(claims_section(record)), ""])


def evidence_table(judged: JudgedStatement) -> Table:
    """Write the evidence on a statement as a table."""
    return Table(
        f"Evidence on {judged.statement.id}",
        ("computed", "result", "bearing"),
        [(line.what, line.value, line.bearing.words) for line in judged.evidence],
        styles=("formula", "formula", "text"),
        row_heads=False,
    )


def _finding(judged: JudgedStatement) -> Finding:
    statement = judged.statement
    return Finding(
        group=statement.exercise,
        name=statement.id,
        verdict=judged.verdict.value,
        style=_STYLES[judged.verdict],
        text=statement.text,
        original=statement.original,
        reason=judged.reason,
        method=statement.how,
        evidence=evidence_table(judged),
    )
