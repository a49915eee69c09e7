"""Peak memory: the most bytes that a pass adds to the memory in use before it.

Inputs and weights exist before and are not counted; the output and the memory that a kernel
allocates are. It is read from the records of torch's allocators: malloc's settings and touched
pages do not affect it, and a pass at the same sizes always has the same peak. A kernel may have a
buffer per thread, so it depends on the threads.
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
from .modes import restored
from .workload import InvalidOutput, failure_of, ready_pass


class Meter(Protocol):
    """A meter of a device: it measures the peak memory of a call."""

    def __call__(self, call: Call) -> int:
        """Return the peak bytes in use during a call, less those in use before it."""


class HostMeter:
    """The records of torch's allocator on the CPU.

    Parameters
    ----------
    record
        Runs a call and returns the bytes of each allocation, in the order of time; negative for
        memory that was freed.
    """

    def __init__(self, record: Callable[[Call], Iterable[int]] | None = None) -> None:
        self._record = record or allocations

    def __call__(self, call: Call) -> int:
        """Return the peak bytes in use during a call, less those in use before it."""
        return max(accumulate(self._record(call), initial=0))


class CudaMeter:
    """The statistics of torch's caching allocator on the GPU.

    Requested bytes count, not the larger blocks that are allocated for them, nor the memory that
    the allocator retains.

    Parameters
    ----------
    cuda
        ``torch.cuda``, or a substitute.
    """

    def __init__(self, cuda: Any = None) -> None:
        self._cuda = cuda or torch.cuda

    def __call__(self, call: Call) -> int:
        """Return the peak bytes in use during a call, less those in use before it."""
        self._cuda.reset_peak_memory_stats()
        before = self._requested("current")
        call()
        self._cuda.synchronize()  # so that errors of kernels are raised here
        return self._requested("peak") - before

    def _requested(self, when: str) -> int:
        # The statistics are empty before the first allocation.
        return int(self._cuda.memory_stats().get(f"requested_bytes.all.{when}", 0))


def meter_for(device: str) -> Meter:
    """Return the meter of a device, ``cpu`` or ``cuda``."""
    return CudaMeter() if device == "cuda" else HostMeter()


def measure_memory(
    cases: Iterable[Case], *, process: int = 0, seed: int = 0, meter: Meter | None = None
) -> Iterator[Measurement]:
    """Measure the peak memory of cases, one measurement each; see `peak_bytes`."""
    for case in cases:
        yield peak_bytes(case, process=process, seed=seed, meter=meter)


def peak_bytes(
    case: Case, *, process: int = 0, seed: int = 0, meter: Meter | None = None
) -> Measurement:
    """Measure the peak memory of one pass of a case.

    The second pass is measured: the first may allocate memory for all later ones, such as a
    library's workspace.

    Parameters
    ----------
    case
        The case; torch uses its number of threads.
    process
        Number of the process, which the measurement is stored under.
    seed
        Seed of weights and inputs.
    meter
        A meter instead of the device's.

    Returns
    -------
    Measurement
        One value, in bytes. Its status is not ``ok`` if the case raised, its output is not finite,
        or it allocates nothing.

    Examples
    --------
    >>> from layerlaw.measure import Case
    >>> peak_bytes(Case("attention", {"n": 256, "d": 64})).values  # 4·(2·n² + n·d)
    (589824.0,)
    """
    values: tuple[float, ...] = ()
    status: Status = "ok"
    try:
        # A CUDA graph allocates when it is captured and not when it is replayed.
        plain = replace(case, options=tuple(each for each in case.options if each != "graph"))
        with _threads(case.threads), ready_pass(plain, seed) as (call, note):
            values = (float((meter or meter_for(case.device))(restored(call))),)
        if values == (0.0,):  # the output is a view of the input
            values, status, note = (), "invalid", "the pass allocates nothing"
    except InvalidOutput as error:
        status, note = "invalid", str(error)
    except Exception as error:  # a layer may raise anything; it becomes the measurement's note
        status, note = failure_of(error)
    return Measurement(case, process, 0, values, status, note, PEAK_BYTES.name)


def allocations(call: Call) -> list[int]:
    """Run a call and list the bytes that torch's CPU allocator allocated (> 0) and freed (< 0).

    They are the profiler's ``[memory]`` events, read from its raw results: its table of operations
    has no times, and takes ten times as long to build.
    """
    with _no_log(), torch.autograd.profiler.profile(profile_memory=True) as profile:
        call()
    results = profile.kineto_results
    assert results is not None  # they are there once the profile has ended
    events = (event for event in results.events() if event.name() == "[memory]")
    return [event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())]


@contextmanager
def _no_log() -> Iterator[None]:
    """Prevent the profiler's library from logging a line at each start and stop.

    It reads the log level once, at the first profile of a process.
    """
    name = "KINETO_LOG_LEVEL"
    level = os.environ.setdefault(name, _NO_LOG)
    try:
        yield
    finally:
        if level is _NO_LOG:
            del os.environ[name]


_NO_LOG = "6"  # above libkineto's highest log level


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Set torch's number of threads within a block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
