"""What came of testing the statements, as a file: ``claims.json``."""

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

#: Version of the file's format. 1: as `Record.to_json` writes it.
SCHEMA = 1

#: Its name, in the folder of a report.
FILE = "claims.json"


class ClaimsError(LayerlawError):
    """The file cannot be read; the message is one line."""


@dataclass(frozen=True)
class Record:
    """Statements that were tested, when, and on what.

    Parameters
    ----------
    judged
        The statements with evidence and verdict.
    date
        In UTC, as ISO 8601 has it.
    seed
        Of what was drawn.
    machine
        The machine's fingerprint.
    """

    judged: Sequence[JudgedStatement]
    date: str
    seed: int
    machine: Mapping[str, Any]

    @classmethod
    def now(cls, judged: Sequence[JudgedStatement], seed: int) -> Record:
        """Record what has just been tested on this machine."""
        from ...measure import fingerprint  # loads torch

        return cls(judged, datetime.now(UTC).isoformat(timespec="seconds"), seed, fingerprint())

    @property
    def headline(self) -> str:
        """How many statements have which verdict."""
        count = Counter(each.verdict for each in self.judged)
        verdicts = ", ".join(f"{count[v]} {v.value}" for v in StatementVerdict if count[v])
        statements = "1 statement" if len(self.judged) == 1 else f"{len(self.judged)} statements"
        return f"{statements}: {verdicts or 'none tested'}."

    def to_json(self) -> str:
        """Write it as JSON."""
        document = {
            "schema": SCHEMA,
            "date": self.date,
            "seed": self.seed,
            "machine": self.machine,
            "statements": [each.as_dict() for each in self.judged],
        }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Record:
        """Make a record of what `to_json` writes, once it is read as JSON."""
        judged = tuple(JudgedStatement.from_dict(each) for each in given["statements"])
        return cls(judged, str(given["date"]), int(given["seed"]), dict(given["machine"]))

    @classmethod
    def read(cls, folder: Path) -> Record | None:
        """Read what lies in a folder; None where there is no such file.

        Raises
        ------
        ClaimsError
            If it is not what `to_json` writes.
        """
        path = folder / FILE
        if not path.is_file():
            return None
        try:
            given = json.loads(path.read_text(encoding="utf-8"))
            if given["schema"] != SCHEMA:
                raise ClaimsError(
                    f"{path}: its format is {given['schema']!r}, not {SCHEMA}; `layerlaw claims` "
                    "writes it anew"
                )
            return cls.from_dict(given)
        except (KeyError, TypeError, ValueError) as error:
            raise ClaimsError(
                f"{path}: it is no record of claims ({error}); `layerlaw claims` writes it anew"
            ) from None
