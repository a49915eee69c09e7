"""The result of an environment check: a state, its severity, and how to fix it."""

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
        """What to do about it."""
        return {
            Severity.OK: "nothing to do",
            Severity.WARN: "times will scatter more; fix it if verdicts stay unresolved",
            Severity.BAD: "fix it before measuring: errors may exceed the reported intervals",
            Severity.UNKNOWN: "this machine does not report it",
        }[self]


@dataclass(frozen=True)
class EnvironmentCheck:
    """One check of the machine.

    Attributes
    ----------
    subject
        What was checked.
    state
        The state in words, with the measured value.
    severity
        How much it disturbs measuring.
    mend
        How to fix it, if possible as a command; empty if nothing is wrong.
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
    """Grade a value of which more is worse: ok below `warn`, bad from `bad` on."""
    return Severity.BAD if value >= bad else Severity.WARN if value >= warn else Severity.OK


def unknown_check(subject: str, why: str = "") -> EnvironmentCheck:
    """Return a check with an unknown state, and the reason."""
    state = f"not known here ({why or f'{platform.system()} does not report it'})"
    return EnvironmentCheck(subject, state, Severity.UNKNOWN)
