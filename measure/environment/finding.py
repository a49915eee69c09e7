"""The checks of an environment: a state in words, how bad it is, and how to mend it."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any


class Severity(Enum):
    """How much a state disturbs measuring."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"

    @property
    def advice(self) -> str:
        """What a reader does with it."""
        return {
            Severity.OK: "nothing to do",
            Severity.WARN: "times will scatter more; mend it where verdicts stay unresolved",
            Severity.BAD: "mend it before measuring: times may be wrong by more than they tell",
            Severity.UNKNOWN: "this machine does not tell; nothing is known to be wrong",
        }[self]


@dataclass(frozen=True)
class EnvironmentCheck:
    """One check of the machine.

    Attributes
    ----------
    subject
        What was checked.
    state
        How it is, in words, with the figure that was found.
    severity
        How much that disturbs.
    mend
        How to mend it, a command where there is one; empty where there is nothing to mend.
    """

    subject: str
    state: str
    severity: Severity
    mend: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name, as JSON holds them, with the advice."""
        severity = {"severity": self.severity.value, "advice": self.severity.advice}
        return {**asdict(self), **severity}


def grade(value: float, warn: float, bad: float) -> Severity:
    """Grade a figure of which more is worse: ok below `warn`, bad from `bad` on."""
    return Severity.BAD if value >= bad else Severity.WARN if value >= warn else Severity.OK


def unknown_check(subject: str, why: str = "") -> EnvironmentCheck:
    """Make a check whose state is not known, with the reason."""
    said = f"not known here ({why or f'{platform.system()} does not tell'})"
    return EnvironmentCheck(subject, said, Severity.UNKNOWN)
