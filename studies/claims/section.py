"""What the course text says, and what came of testing it: a section of a report, and a page."""

from __future__ import annotations

from ...reports import Finding, Findings, Paragraph, Section, Table, VerdictStyle, section_parts
from .record import FILE, Record
from .statement import JudgedStatement, StatementVerdict

_TITLE = "What the course text says"

_EXPLAINED = (
    "Statements of the course text, the exercises A6.1 to A6.4 of a Chinese textbook with which "
    "this project started, each put to the test. The verdict "
    "follows from the numbers: one line against a statement refutes it, one that limits it makes "
    "it conditional."
)

_STYLES = {
    StatementVerdict.CONFIRMED: VerdictStyle("✓", "matches"),
    StatementVerdict.CONDITIONAL: VerdictStyle("△", "unresolved"),
    StatementVerdict.REFUTED: VerdictStyle("✗", "differs"),
}


def claims_section(record: Record) -> Section:
    """Write what was tested as a section, which leaves the record in the report's folder."""
    machine = record.machine.get("cpu", "a machine that is not known")
    torch = record.machine.get("torch", "not known")
    tested = f"Tested {record.date}, seed {record.seed}, on {machine} with PyTorch {torch}."
    return Section(
        "claims",
        _TITLE,
        "The course text",
        [
            Paragraph(f"{_EXPLAINED} {record.headline}"),
            Findings(
                ("exercise", "statement", "verdict", "what refutes or limits it"),
                [_finding(each) for each in record.judged],
            ),
            Paragraph(tested, quiet=True),
        ],
        after_laws=True,
        files={FILE: record.to_json()},
    )


def claims_page(record: Record, command: str) -> str:
    """Write docs/claims.md.

    Parameters
    ----------
    record
        Statements that were tested.
    command
        What makes the page again.
    """
    head = [f"# {_TITLE}", "This page is the output of", f"    {command}"]
    return "\n\n".join([*head, *section_parts(claims_section(record)), ""])


def evidence_table(judged: JudgedStatement) -> Table:
    """Write what was computed on a statement."""
    return Table(
        f"Evidence on {judged.statement.id}",
        ("computed", "result", "it speaks"),
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
