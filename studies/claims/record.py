"""The file ``claims.json``: the tested statements with their verdicts."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from ...measure import FileError, JsonObject, as_record, load_record
from .statement import Evidence, JudgedStatement, Statement, StatementVerdict

#: Version of the file's format, that of `Record.to_json`.
SCHEMA = 1

#: Its name in the folder of a report.
CLAIMS_FILE = "claims.json"


_REMEDY = "write the file again with `layerlaw claims`"


class ClaimsError(FileError):
    """``claims.json`` cannot be read; the message is one line."""


class _StoredStatement(msgspec.Struct):
    """A statement and its evidence, as `JudgedStatement.as_dict` writes them."""

    id: str
    exercise: str
    text: str
    original: str
    how: str
    timed: tuple[str, ...]
    evidence: tuple[Evidence, ...]

    @property
    def judged(self) -> JudgedStatement:
        statement = Statement(
            self.id, self.exercise, self.text, self.original, self.how, self.timed
        )
        return JudgedStatement(statement, self.evidence)


class _StoredRecord(msgspec.Struct):
    """The format of ``claims.json``; the verdicts in it follow from the evidence."""

    schema: int
    date: str
    seed: int
    machine: JsonObject
    statements: tuple[_StoredStatement, ...]


@dataclass(frozen=True)
class Record:
    """Tested statements, with date, seed and machine.

    Parameters
    ----------
    judged_statements
        The statements with evidence and verdict.
    date
        Date and time in UTC, ISO 8601.
    seed
        Seed of the random numbers.
    machine
        The machine's fingerprint.
    """

    judged_statements: Sequence[JudgedStatement]
    date: str
    seed: int
    machine: Mapping[str, Any]

    @classmethod
    def now(cls, judged: Sequence[JudgedStatement], seed: int) -> Record:
        """Make a record of statements just tested on this machine."""
        from ...measure import fingerprint  # loads torch

        return cls(judged, datetime.now(UTC).isoformat(timespec="seconds"), seed, fingerprint())

    @property
    def headline(self) -> str:
        """A sentence with the number of statements by verdict."""
        count = Counter(each.verdict for each in self.judged_statements)
        verdicts = ", ".join(f"{count[v]} {v.value}" for v in StatementVerdict if count[v])
        statements = (
            "1 statement"
            if len(self.judged_statements) == 1
            else f"{len(self.judged_statements)} statements"
        )
        return f"{statements}: {verdicts or 'none tested'}."

    def to_json(self) -> str:
        """Write the record as JSON."""
        document = {
            "schema": SCHEMA,
            "date": self.date,
            "seed": self.seed,
            "machine": self.machine,
            "statements": [each.as_dict() for each in self.judged_statements],
        }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_dict(cls, given: JsonObject, name: str) -> Record:
        """Make a record from the parsed JSON of `to_json`.

        Raises
        ------
        ClaimsError
            If it is none; the message begins with `name`.
        """
        return cls._of(as_record(given, _StoredRecord, name, ClaimsError), name)

    @classmethod
    def read(cls, folder: Path) -> Record | None:
        """Read ``claims.json`` in a folder; None if there is none.

        Raises
        ------
        ClaimsError
            If the file is not a record of `to_json`.
        """
        path = folder / CLAIMS_FILE
        if not os.path.lexists(path):
            return None
        stored, _ = load_record(
            path, _StoredRecord, version=SCHEMA, remedy=_REMEDY, error=ClaimsError
        )
        return cls._of(stored, str(path))

    @classmethod
    def _of(cls, stored: _StoredRecord, name: str) -> Record:
        judged = tuple(each.judged for each in stored.statements)
        for at, each in enumerate(judged):
            try:
                _ = each.verdict
            except ValueError as error:
                raise ClaimsError(f"{name}: statements[{at}]: {error}; {_REMEDY}") from None
        return cls(judged, stored.date, stored.seed, stored.machine)
