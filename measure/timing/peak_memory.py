"""Peak memory: the most bytes that a pass adds, at any moment, to what was there before it.

Inputs and weights are there before, and are not counted; the output is, and so is what a kernel
allocates inside. It is read from the records of torch's own allocators: malloc's settings and the
pages that are touched do not change it, and a pass at the same sizes needs the same each time. A
kernel may hold a buffer for each thread, so threads are part of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import accumulate
from typing import Any, Protocol

from ...layers import torch
from ..cases import PEAK_BYTES, Case, Measurement, Status
from .clocks import Call
from .workload import InvalidOutput, failure_of, ready_pass


class Meter(Protocol):
    """Says how much memory a call needs on its device."""

    def __call__(self, call: Call) -> int:
        """Bytes in use where a call needs most, less those in use before it."""


class HostMeter:
    """The records of torch's allocator on the CPU.

    Parameters
    ----------
    record
        Carries a call out and gives what each allocation took, in bytes and in the order of time;
        less than 0 where memory was given back.
    """

    def __init__(self, record: Callable[[Call], Iterable[int]] | None = None) -> None:
        self._record = record or allocations

    def __call__(self, call: Call) -> int:
        """Bytes in use where a call needs most, less those in use before it."""
        return max(accumulate(self._record(call), initial=0))


class CudaMeter:
    """The counts of torch's caching allocator on the GPU.

    What was asked for counts; that it is given in blocks, of which some are kept whole for less,
    and what the allocator keeps for later, does not.

    Parameters
    ----------
    cuda
        ``torch.cuda``, or what stands for it.
    """

    def __init__(self, cuda: Any = None) -> None:
        self._cuda = cuda or torch.cuda

    def __call__(self, call: Call) -> int:
        """Bytes in use where a call needs most, less those in use before it."""
        self._cuda.reset_peak_memory_stats()
        before = self._requested("current")
        call()
        self._cuda.synchronize()  # so that what a kernel raises is raised here
        return self._requested("peak") - before

    def _requested(self, when: str) -> int:
        # Nothing is known of an allocator that was not asked yet.
        return int(self._cuda.memory_stats().get(f"requested_bytes.all.{when}", 0))


def meter_for(device: str) -> Meter:
    """Return the meter of a device, ``cpu`` or ``cuda``."""
    return CudaMeter() if device == "cuda" else HostMeter()


def measure_memory(
    cases: Iterable[Case], *, process: int = 0, seed: int = 0, meter: Meter | None = None
) -> Iterator[Measurement]:
    """Measure the peak memory of cases, one measurement for each; see `peak_bytes`."""
    for case in cases:
        yield peak_bytes(case, process=process, seed=seed, meter=meter)


def peak_bytes(
    case: Case, *, process: int = 0, seed: int = 0, meter: Meter | None = None
) -> Measurement:
    """Measure what one pass of a case adds to the memory in use, where it adds most.

    It is the second pass: the first may keep something for all that follow, such as a library's
    workspace.

    Parameters
    ----------
    case
        The point. Its threads are put in force.
    process
        Number that the measurement is filed under.
    seed
        Of weights and inputs.
    meter
        Instead of the device's own.

    Returns
    -------
    Measurement
        One value, in bytes. Its status is not ``ok`` where the case raised, its output is not
        finite, or it allocates nothing.

    Examples
    --------
    >>> from layerlaw.measure import Case
    >>> peak_bytes(Case("attention", {"n": 256, "d": 64})).values  # 4·(2·n² + n·d)
    (589824.0,)
    """
    values: tuple[float, ...] = ()
    status: Status = "ok"
    try:
        # A graph's pass allocates as it is captured, and no more when it is replayed.
        seen = replace(case, options=tuple(each for each in case.options if each != "graph"))
        with _threads(case.threads), ready_pass(seen, seed) as (call, note):
            values = (float((meter or meter_for(case.device))(call)),)
        if values == (0.0,):  # an output that is a view of the input: nothing there that grows
            values, status, note = (), "invalid", "the pass allocates nothing"
    except InvalidOutput as error:
        status, note = "invalid", str(error)
    except Exception as error:  # whatever a layer raises: the others are measured, and it says so
        status, note = failure_of(error)
    return Measurement(case, process, 0, values, status, note, PEAK_BYTES.name)


def allocations(call: Call) -> list[int]:
    """Carry a call out and list what torch's allocator on the CPU gave (> 0) and took back (< 0).

    These are the profiler's ``[memory]`` events, in bytes. They are read from its raw results: its
    table of operations does not say when each was, and takes ten times as long to make.
    """
    with _no_log(), torch.autograd.profiler.profile(profile_memory=True) as profile:
        call()
    results = profile.kineto_results
    assert results is not None  # they are there once the profile has ended
    events = (event for event in results.events() if event.name() == "[memory]")
    return [event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())]


@contextmanager
def _no_log() -> Iterator[None]:
    """Keep the profiler's library from writing a line at each start and stop.

    It reads the level once, as the first profile of a process begins.
    """
    name = "KINETO_LOG_LEVEL"
    level = os.environ.setdefault(name, _NO_LOG)
    try:
        yield
    finally:
        if level is _NO_LOG:
            del os.environ[name]


_NO_LOG = "6"  # above the highest level that libkineto writes at


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let torch use so many threads, and as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
