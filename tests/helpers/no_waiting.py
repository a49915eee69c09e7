"""Runs that wait for no quiet moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock


@contextmanager
def no_waiting() -> Iterator[None]:
    """Let runs of this process measure at once: beside other tests it is never quiet for long.

    That a run waits is what tests/measure/timing/test_noise_gate.py is about.
    """
    from layerlaw.measure.timing import noise_gate  # loads torch

    with mock.patch.object(noise_gate, "WAIT_SHARE", 0.0):
        yield
