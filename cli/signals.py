"""Signals that stop the command: each ends it as Ctrl-C does, with the exit status of its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: Signals that stop the command, as far as the system has them; Ctrl-C sends the first.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Stopped(KeyboardInterrupt):
    """A signal asks the command to stop.

    It is a KeyboardInterrupt, so that whatever ends properly after Ctrl-C does so after it.
    """


class StopSignals:
    """The signals that were received.

    Attributes
    ----------
    first
        Number of the first; Ctrl-C's if there was none.
    """

    def __init__(self) -> None:
        self.first = int(signal.SIGINT)
        self._received = False

    @property
    def exit_status(self) -> int:
        """Exit status of the command, as a shell tells it of a process that a signal ended."""
        return 128 + self.first

    def receive(self, number: int, _: FrameType | None) -> None:
        """Stop what the command does; further signals do not stop its tidying up.

        Only Ctrl-C does: a person who repeats it does not want to wait.
        """
        if self._received and number != signal.SIGINT:
            return
        if not self._received:
            self.first, self._received = number, True
        raise Stopped


@contextmanager
def stopping_on_signals() -> Iterator[StopSignals]:
    """Raise `Stopped` in the block for each signal that stops the command.

    A signal that the caller of the command ignores, as ``nohup`` does, stays ignored. The handlers
    before are put back at the end. Outside the main thread it does nothing.
    """
    received = StopSignals()
    main = threading.current_thread() is threading.main_thread()
    numbers = [getattr(signal, name) for name in _NAMES if main and hasattr(signal, name)]
    before = {}
    try:
        for number in numbers:
            handler = signal.getsignal(number)
            if handler is not signal.SIG_IGN:
                before[number] = handler
                signal.signal(number, received.receive)
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
