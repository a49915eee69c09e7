"""What is tried, within which limits, and what came of it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random


class Criterion(StrEnum):
    """What every attempt is held against, in the order of the printed columns."""

    TRACEBACK = "tracebacks"
    STATUS = "exit status"
    MESSAGE = "message"
    WRONG = "taken wrongly"
    STORE = "store"
    TIME = "time"
    MEMORY = "memory"
    PROCESSES = "processes left"
    FILES = "files left"


@dataclass(frozen=True)
class Fault:
    """What is wrong with what an attempt did.

    Parameters
    ----------
    criterion
        What was broken.
    detail
        How, in words without numbers and names of the attempt: equal faults have equal words.
    """

    criterion: Criterion
    detail: str

    def __str__(self) -> str:
        return f"{self.criterion}: {self.detail}"


@dataclass(frozen=True)
class Limits:
    """What one attempt may take.

    Parameters
    ----------
    seconds
        Of processor time; the clock on the wall may show six times as much, since other work
        runs beside it.
    memory
        Mebibytes beyond what the loaded program takes.
    clock
        Seconds on the wall, where they are others: what sleeps takes no time of the processor.
    idle
        Seconds for which it may wait for something without taking any time of the processor.
    """

    seconds: float = 10.0
    memory: int = 1024
    clock: float | None = None
    idle: float = 12.0

    @property
    def wall(self) -> float:
        """Most seconds on the wall."""
        return 6 * self.seconds + 10 if self.clock is None else self.clock


@dataclass(frozen=True)
class Attempt:
    """One call with hostile input, made in a folder that holds the input.

    Parameters
    ----------
    arguments
        Of the command `layerlaw`.
    refusal
        Whether it has to be refused (True) or taken (False); None where either is right.
    call
        Called instead of the command, for what Python alone reads.
    makes
        Names that a call that succeeds may leave in the folder.
    spoils
        Names of input that the call may change.
    limits
        What it may take.
    disk
        Largest file that it may write, in bytes: a disk that is full.
    """

    arguments: tuple[str, ...]
    refusal: bool | None = None
    call: Callable[[], object] | None = None
    makes: tuple[str, ...] = ()
    spoils: tuple[str, ...] = ()
    limits: Limits = Limits()
    disk: int | None = None

    @property
    def command(self) -> str:
        """The call, as it would be typed."""
        return shlex.join(["layerlaw", *self.arguments])


@dataclass(frozen=True)
class Outcome:
    """What a call did.

    Parameters
    ----------
    status
        Exit status; negative the number of the signal that ended it.
    stdout, stderr
        What it printed.
    seconds, wall
        Of the processor and on the wall.
    memory
        Mebibytes at most, beyond what the loaded program takes.
    overdue
        Why it was ended: it took too long, or waited for too long; empty where it was not.
    processes
        Command lines of the processes that it left behind.
    made, changed
        Names that are new in its folder, and input that is another than before.
    """

    status: int
    stdout: str
    stderr: str
    seconds: float = 0.0
    wall: float = 0.0
    memory: float = 0.0
    overdue: str = ""
    processes: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tried:
    """One attempt with its outcome, judged.

    Parameters
    ----------
    label
        Names the attempt, and makes it again: part, kind, number and seed.
    command
        What was called.
    ended
        How: ``taken``, ``refused`` or ``broken``.
    faults
        What is wrong with it.
    seconds
        Of the processor; on the wall for what sleeps.
    memory
        Mebibytes beyond what the loaded program takes.
    said
        The end of what it printed.
    size
        Characters of the command and bytes of the input: of equal faults the smallest is shown.
    """

    label: str
    command: str
    ended: str
    faults: tuple[Fault, ...]
    seconds: float
    memory: float
    said: str = ""
    size: int = 0


#: Makes an attempt in an empty folder, by chance.
Maker = Callable[[Random, Path], Attempt]
