"""The file ``claims.json``: the tested statements with their verdicts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...errors import LayerlawError
from .statement import JudgedStatement, StatementVerdict

#: Version of the file's format, that of `Record.to_json`.
SCHEMA = 1

#: Its name in the folder of a report.
CLAIMS_FILE = "claims.json"


class ClaimsError(LayerlawError):
    """``claims.json`` cannot be read; the message is one line."""


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
    def from_dict(cls, given: Mapping[str, Any]) -> Record:
        """Make a record from the parsed JSON of `to_json`."""
        judged = tuple(JudgedStatement.from_dict(each) for each in given["statements"])
        return cls(judged, str(given["date"]), int(given["seed"]), dict(given["machine"]))

    @classmethod
    def read(cls, folder: Path) -> Record | None:
        """Read ``claims.json`` in a folder; None if there is none.

        Raises
        ------
        ClaimsError
            If the file is not a record of `to_json`.
        """
        path = folder / CLAIMS_FILE
        if not path.is_file():
            return None
        try:
            given = json.loads(path.read_text(encoding="utf-8"))
            if given["schema"] != SCHEMA:
                raise ClaimsError(
                    f"{path}: the format has version {given['schema']!r}, this layerlaw reads "
                    f"{SCHEMA}; write the file again with `layerlaw claims`"
                )
            return cls.from_dict(given)
        except (KeyError, TypeError, ValueError) as error:
            raise ClaimsError(
                f"{path}: not a record of claims ({error}); write the file again with "
                "`layerlaw claims`"
            ) from None
