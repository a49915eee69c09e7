"""Why a worker gave no answer."""

from __future__ import annotations

import signal
from typing import Self


class WorkerError(Exception):
    """A worker gave no answer; the message is one line with the reason."""


class WorkerDied(WorkerError):
    """A worker ended before it answered.

    Attributes
    ----------
    signal
        Number of the signal that ended it; 0 if it exited.
    """

    def __init__(self, exitcode: int) -> None:
        self._exitcode = exitcode
        self.signal = max(-exitcode, 0)
        by = f"by signal {_signal_name(self.signal)}" if self.signal else f"with status {exitcode}"
        why = ", perhaps because memory ran out" if self.signal == signal.SIGKILL else ""
        super().__init__(f"its process ended {by}{why}")

    def __reduce__(self) -> tuple[type[Self], tuple[int]]:
        """Pickle the exit status, from which the message is made."""
        return type(self), (self._exitcode,)


class ForkServerDied(WorkerDied):
    """The fork server itself ended, and its workers with it."""


class WorkerTimeout(WorkerError):
    """A worker did not answer in time and was killed."""


class WorkerFailed(WorkerError):
    """A worker's context or task raised; the message is the exception in one line."""


class WorkerOutOfMemory(WorkerError):
    """A worker took more memory than its limit and was killed."""


class TooManyProcesses(WorkerError):
    """A worker started too many processes and was killed."""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
