"""What the course text says, and what came of testing it: how both are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .record import Record
from .statement import StatementVerdict

TITLE = "What the course text says"

EXPLAINED = (
    "Statements of the course text, the exercises A6.1 to A6.4 of a Chinese textbook with which "
    "this project started, each put to the test. The verdict "
    "follows from the numbers: one line against a statement refutes it, one that limits it makes "
    "it conditional."
)


class Mark(NamedTuple):
    """How a verdict looks: a sign that needs no colour, and the style of a law's verdict."""

    sign: str
    style: str


MARKS: Mapping[str, Mark] = {
    StatementVerdict.CONFIRMED.value: Mark("✓", "matches"),
    StatementVerdict.CONDITIONAL.value: Mark("△", "unresolved"),
    StatementVerdict.REFUTED.value: Mark("✗", "differs"),
}


def where(record: Record) -> str:
    """Say when and on what the statements were tested."""
    machine = record.machine.get("cpu", "a machine that is not known")
    torch = record.machine.get("torch", "not known")
    return f"Tested {record.date}, seed {record.seed}, on {machine} with PyTorch {torch}."
