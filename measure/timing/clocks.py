"""Time a callable: a clock per device, warm-up until steady, a calibrated loop, raw repeats."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from itertools import repeat as again
from math import ceil
from typing import Any, Protocol, runtime_checkable

from ...layers import torch

Call = Callable[[], object]

#: Minimum seconds of a repeat. Another guest may run every few milliseconds: of five repeats of 1
#: ms some fall between its time slices, whereas a repeat of 5 ms would be a mixture.
MIN_SECONDS = 0.001

#: Warm-up ends when a try is faster than the best before it by no more than this share, or after
#: this many tries: on a disturbed machine times may keep falling.
STEADY_TOLERANCE, MAX_TRIES = 0.03, 10

#: A call at least this many times as long as the minimum repeat is timed without separate warm-up:
#: the extra work of a first call is a small part of it. Of 38 such passes (50 to 320 ms, of all
#: kinds of layers) the second took 0.3 % more than later ones, the third 0.1 % (medians).
WARM_UP_FREE = 50


@runtime_checkable
class Restoring(Protocol):
    """A call that writes into its inputs: they are restored before it, outside the timed region."""

    def restore(self) -> None:
        """Restore the inputs."""

    def run(self) -> object:
        """Run the call once on them."""


class Clock(Protocol):
    """A clock of a device: it times a number of calls."""

    def __call__(self, call: Call, loops: int) -> float:
        """Return the seconds of `loops` calls, from the start until the last has finished."""


class HostClock:
    """The processor's clock.

    Parameters
    ----------
    now
        Clock in nanoseconds.
    read, turn
        Overhead in seconds of reading the clock twice, and of one iteration of the loop with an
        empty call; both are subtracted.
    """

    def __init__(
        self,
        now: Callable[[], int] = time.perf_counter_ns,
        *,
        read: float = 0.0,
        turn: float = 0.0,
    ) -> None:
        self._now, self._read, self._turn = now, read, turn

    @classmethod
    def calibrated(cls, now: Callable[[], int] = time.perf_counter_ns) -> HostClock:
        """Measure the overhead of timing; disturbances only add time, so the minimum counts."""
        bare, loops = cls(now), 1000
        read = min(bare(_nothing, 0) for _ in range(loops))
        turn = min(bare(_nothing, loops) - read for _ in range(30)) / loops
        return cls(now, read=read, turn=max(turn, 0.0))

    def __call__(self, call: Call, loops: int) -> float:
        """Return the seconds of `loops` calls, at least a nanosecond."""
        if isinstance(call, Restoring):
            return self._restoring(call, loops)
        start = self._now()
        for _ in again(None, loops):  # the cheapest loop Python has, as in timeit
            call()
        return max((self._now() - start) / 1e9 - self._read - loops * self._turn, 1e-9)

    def _restoring(self, call: Restoring, loops: int) -> float:
        """Time each call alone: its inputs are restored in between."""
        elapsed = 0
        for _ in again(None, loops):
            call.restore()
            start = self._now()
            call.run()
            elapsed += self._now() - start
        return max(elapsed / 1e9 - loops * self._read, 1e-9)


def _nothing() -> None:
    """Do nothing, so that only the overhead of the loop is timed."""


class RunningTimeClock:
    """A clock that also adds up the seconds for which calls ran, warm-up included.

    Parameters
    ----------
    clock
        The clock that times the calls.

    Attributes
    ----------
    seconds
        Total so far, by the processor's clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock, self.seconds = clock, 0.0

    def __call__(self, call: Call, loops: int) -> float:
        """Return the seconds of `loops` calls by the given clock."""
        start = time.perf_counter()
        found = self._clock(call, loops)
        self.seconds += time.perf_counter() - start
        return found


class Event(Protocol):
    """A mark on a GPU's stream; `torch.cuda.Event` is one."""

    def record(self) -> None:
        """Queue the mark on the stream."""

    def synchronize(self) -> None:
        """Wait until the stream has reached the mark."""

    def elapsed_time(self, end: Any) -> float:
        """Return the milliseconds from this mark to another."""


class CudaClock:
    """The GPU's clock: two events around the calls, on the stream that runs them.

    Parameters
    ----------
    event
        Makes an event.
    flush
        Flushes the level-2 cache before each call; its time is not counted. Without it each call
        finds the data of the previous one in the cache.
    """

    def __init__(self, event: Callable[[], Event] | None = None, flush: Call | None = None) -> None:
        self._event, self._flush = event or _cuda_event, flush

    def __call__(self, call: Call, loops: int) -> float:
        """Return the seconds of `loops` calls."""
        restoring = call if isinstance(call, Restoring) else None
        run = restoring.run if restoring else call
        parts = loops if self._flush or restoring else 1
        marks = [(self._event(), self._event()) for _ in range(parts)]
        for start, end in marks:
            if restoring:
                restoring.restore()
            if self._flush:
                self._flush()
            start.record()
            for _ in again(None, loops // parts):
                run()
            end.record()
        marks[-1][1].synchronize()  # the calls only queued their kernels
        return sum(start.elapsed_time(end) for start, end in marks) / 1e3


def _cuda_event() -> Event:
    event: Event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    return event


def cuda_flush() -> Call:
    """Return a call that flushes the GPU's level-2 cache by writing twice its size."""
    size = torch.cuda.get_device_properties(0).L2_cache_size
    buffer = torch.empty(2 * size, dtype=torch.uint8, device="cuda")
    return buffer.zero_


@cache
def clock_for(device: str, *, flush: bool = False) -> Clock:
    """Return the clock of a device, ``cpu`` or ``cuda``; on CUDA it can flush the cache."""
    if device == "cuda":
        return CudaClock(flush=cuda_flush() if flush else None)
    return HostClock.calibrated()


def warm_up(call: Call, clock: Clock, min_seconds: float = MIN_SECONDS) -> tuple[int, float]:
    """Call until the time is steady, and find how many calls make one repeat.

    Parameters
    ----------
    call
        The call to time.
    clock
        The device's clock.
    min_seconds
        Minimum seconds of one repeat.

    Returns
    -------
    int, float
        Calls per repeat, at least 1, and seconds per call once steady.
    """
    loops, tries = 1, 1
    best = seconds = clock(call, loops)
    while tries < MAX_TRIES or seconds < min_seconds:
        if seconds < min_seconds:
            # The first calls are slow, so the count is estimated again after each attempt; 10 %
            # more than needed, or the last step might have to be repeated.
            estimate = ceil(1.1 * loops * min_seconds / seconds)
            loops = min(max(estimate, 2 * loops), 100 * loops)
        elif tries > 1 and seconds / loops > (1 - STEADY_TOLERANCE) * best:
            break
        best = min(best, seconds / loops)
        seconds = clock(call, loops)
        tries += 1
    return loops, seconds / loops


def time_repeats(
    call: Call, clock: Clock, *, repeats: int, min_seconds: float = MIN_SECONDS
) -> tuple[float, ...]:
    """Time a callable `repeats` times, after a warm-up.

    Returns
    -------
    tuple of float
        Seconds per call, one raw value per repeat. Where a repeat is a single call, repeats end
        after `repeats` × `min_seconds` seconds, but there is at least one; where a call takes
        `WARM_UP_FREE` × `min_seconds` or more, the last call of the warm-up is the first repeat.
    """
    loops, steady = warm_up(call, clock, min_seconds)
    values = [steady] if steady >= WARM_UP_FREE * min_seconds else []
    while len(values) < repeats and (loops > 1 or sum(values) < repeats * min_seconds):
        values.append(clock(call, loops) / loops)
    return tuple(values)
