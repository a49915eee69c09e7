"""What a user's module may not do to the process that imports it."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress

import numpy as np

from ...layers import torch
from .supervision import adopt_orphans


@contextmanager
def contained() -> Iterator[None]:
    """Undo at the end of a block what the import of a module changed in this process.

    What it prints is discarded; the folder, the handlers of signals and the states of random
    numbers are put back. Daemons that it starts become children of this process.
    """
    folder = os.getcwd()
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    adopt_orphans()
    try:
        with _without_output():
            yield
    finally:
        adopt_orphans(adopt=False)
        with suppress(OSError):  # it was deleted
            os.chdir(folder)
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        torch.set_rng_state(states[2])
        if threading.current_thread() is threading.main_thread():
            for number, handler in handlers.items():
                if handler is not None and signal.getsignal(number) is not handler:
                    signal.signal(number, handler)


@contextmanager
def _without_output() -> Iterator[None]:
    """Discard what is written to standard output and error, by Python or by C."""
    saved: dict[int, int] = {}
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        for number in (1, 2):
            with suppress(OSError):  # it is closed
                saved[number] = os.dup(number)
                os.dup2(nowhere.fileno(), number)
        try:
            yield
        finally:
            for number, copy in saved.items():
                os.dup2(copy, number)
                os.close(copy)
