"""Time one callable: a clock per device, a calibrated loop, raw repeats."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import repeat as again
from math import ceil
from typing import Any, Protocol

from ..layers._lazy import torch

Call = Callable[[], object]

#: Least seconds of one repeat. A neighbour may take turns with us every few milliseconds: of five
#: repeats of 1 ms some then lie between its turns, where one of 5 ms is a mixture.
MIN_SECONDS = 0.001


class Clock(Protocol):
    """Says how long a number of calls took on its device."""

    def __call__(self, call: Call, loops: int) -> float:
        """Seconds of so many calls, one after the other, until the last has finished."""


class HostClock:
    """The processor's clock.

    Parameters
    ----------
    now
        Nanoseconds since some moment.
    """

    def __init__(self, now: Callable[[], int] = time.perf_counter_ns) -> None:
        self._now = now

    def __call__(self, call: Call, loops: int) -> float:
        """Seconds of so many calls."""
        start = self._now()
        for _ in again(None, loops):  # the cheapest loop Python has, as in timeit
            call()
        return (self._now() - start) / 1e9


class CudaClock:
    """The GPU's clock: two events around the calls, on the stream that runs them.

    Parameters
    ----------
    event
        Makes an event with `record()`, `synchronize()` and `elapsed_time(end)` in milliseconds.
    """

    def __init__(self, event: Callable[[], Any] | None = None) -> None:
        self._event = event or _cuda_event

    def __call__(self, call: Call, loops: int) -> float:
        """Seconds of so many calls."""
        start, end = self._event(), self._event()
        start.record()
        for _ in again(None, loops):
            call()
        end.record()
        end.synchronize()  # the calls only queued their kernels
        return float(start.elapsed_time(end)) / 1e3


def _cuda_event() -> Any:
    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]


def clock_for(device: str) -> Clock:
    """Return the clock of a device, ``cpu`` or ``cuda``."""
    return CudaClock() if device == "cuda" else HostClock()


def calibrate(call: Call, clock: Clock, min_seconds: float = MIN_SECONDS) -> int:
    """Find how many calls make one repeat; what it takes is the warm-up.

    Parameters
    ----------
    call
        What is timed.
    clock
        The device's clock.
    min_seconds
        Least seconds of one repeat.

    Returns
    -------
    int
        Calls per repeat, at least 1.
    """
    loops = 1
    while (seconds := clock(call, loops)) < min_seconds:
        # The first calls are slow, so the count is estimated again from each warmer attempt;
        # a tenth more than it takes, or the last step would be repeated for a hair.
        estimate = ceil(1.1 * loops * min_seconds / max(seconds, 1e-9))
        loops = min(max(estimate, 2 * loops), 100 * loops)
    return loops


def time_repeats(
    call: Call, clock: Clock, *, repeats: int, min_seconds: float = MIN_SECONDS
) -> tuple[float, ...]:
    """Time a callable that many times, after a warm-up.

    Returns
    -------
    tuple of float
        Seconds per call, one raw value per repeat. Where a single call makes a repeat there are
        no more of them than last `repeats` × `min_seconds`, but one at least.
    """
    loops = calibrate(call, clock, min_seconds)
    values: list[float] = []
    while len(values) < repeats and (loops > 1 or sum(values) < repeats * min_seconds):
        values.append(clock(call, loops) / loops)
    return tuple(values)
