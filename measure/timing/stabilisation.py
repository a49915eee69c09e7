"""Stabilisation: control of threads, the allocator, subnormal numbers, garbage collection."""

from __future__ import annotations

import ctypes
import gc
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from ...layers import torch

# Parameters of glibc's mallopt, from malloc.h, and their default values.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_DEFAULTS = {_M_TRIM_THRESHOLD: 128 * 1024, _M_TOP_PAD: 128 * 1024, _M_MMAP_MAX: 65536}
_HELD = {_M_TRIM_THRESHOLD: -1, _M_TOP_PAD: 64 * 2**20, _M_MMAP_MAX: 0}


@dataclass(frozen=True)
class Controls:
    """The stabilisation controls; each can be switched off to see its effect on the exponents.

    Parameters
    ----------
    threads
        Threads that torch uses within one operation.
    isolation
        Measure each layer on each device in processes of its own, three one after another; see
        `executor`. Otherwise everything is measured in the calling process.
    interleaving
        Measure in rounds over all points of all layers, each in a new order. Otherwise all rounds
        of a point follow one another, and drift of the machine becomes a bias along an axis.
    allocator
        Retain freed memory in the process (glibc only). By default every temporary above 128 KiB to
        32 MiB is mapped anew and page-faulted at each pass, which distorts the law: a naive
        attention's local n-slope was 2.3 to 3.4 for n ≥ 2048, and 2.0 with this control.
    flush_subnormals
        Treat subnormal numbers as zero. An unscaled softmax yields up to 10 % of them and took
        twice as long at d = 64 to 128 as at d = 32, which moved its d exponent by 0.11.
    inputs
        Draw unit-normal inputs. Otherwise they are zeros, as in careless benchmarks: kernels then
        process equal numbers, unlike in use.
    collection
        Switch Python's garbage collector off while timing.
    noise_gate
        Wait, within limits, while something else slows the machine down; see `noise_gate`.
    """

    threads: int = 1
    isolation: bool = True
    interleaving: bool = True
    allocator: bool = True
    flush_subnormals: bool = True
    inputs: bool = True
    collection: bool = True
    noise_gate: bool = True

    @contextmanager
    def in_force(self, working_set: int = 2**23) -> Iterator[dict[str, str]]:
        """Put the controls of a process in force in a block, and restore the defaults afterwards.

        Parameters
        ----------
        working_set
            Bytes to which the heap is grown and touched beforehand.

        Yields
        ------
        dict
            Description of what is in force, by control.
        """
        threads = torch.get_num_threads()
        flushing = flushes_subnormals()
        # First the switch for subnormal numbers: it belongs to a thread, and threads that torch
        # starts later inherit it from the thread that starts them.
        switched = torch.set_flush_denormal(self.flush_subnormals)
        torch.set_num_threads(self.threads)
        record = {
            "threads": str(self.threads),
            "order": "rounds over all points" if self.interleaving else "point by point",
            "subnormals": self._subnormals(switched),
            "inputs": "unit normal" if self.inputs else "zeros",
            "garbage collection": "off while timing" if self.collection else "left alone",
            "calm": "waited for" if self.noise_gate else "not waited for",
            "allocator": (hold_allocator(working_set, glibc()) if self.allocator else "left alone"),
        }
        try:
            yield record
        finally:
            if self.allocator:
                release_allocator(glibc())
            torch.set_flush_denormal(flushing)
            torch.set_num_threads(threads)

    def _subnormals(self, switched: bool) -> str:
        if not self.flush_subnormals:
            return "left alone"
        if not switched:
            return "not controlled: this processor has no switch"
        share = flushed_share(self.threads)
        if share == 1:
            return "flushed" if self.threads == 1 else "flushed in all threads"
        return f"flushed in some threads alone: {share:.0%} of the numbers"


#: All controls in force, one thread.
DEFAULT = Controls()


def flushes_subnormals() -> bool:
    """Return whether this thread treats subnormal numbers as zero."""
    return bool((torch.tensor([1e-40]) * 1.0).item() == 0.0)


def flushed_share(threads: int) -> float:
    """Return the share of subnormal numbers that an operation on `threads` threads flushes.

    It reads their bits, since a comparison would itself flush them.
    """
    many = threads * 2**16  # torch divides work among threads in pieces of 2¹⁵ elements
    numbers = torch.full((many,), 10, dtype=torch.int32).view(torch.float32) * 1.0
    return 1 - int(torch.count_nonzero(numbers.view(torch.int32))) / many


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Switch Python's garbage collector off within a block, as `timeit` does."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@cache
def glibc() -> Any:
    """Load the C library if it is glibc, whose malloc can be controlled; else return None."""
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None


def hold_allocator(
    working_set: int, libc: Any = None, faults: Callable[[int], int] | None = None
) -> str:
    """Make malloc retain freed memory, and touch `working_set` bytes of it.

    Parameters
    ----------
    working_set
        Bytes of memory to touch.
    libc
        The C library from `glibc`; None if it cannot be controlled.
    faults
        Returns the page faults of a temporary of so many bytes; `page_faults` by default.

    Returns
    -------
    str
        Description of what is in force, verified by the page faults of a temporary.
    """
    if libc is None:
        return "not controlled: only glibc's allocator can be"
    import resource  # exists only on Unix, as glibc does

    _mallopt(libc, _HELD)
    # Free memory is fragmented, and a temporary may go to each fragment in turn: up to seven of
    # them caused page faults before the heap had settled. So free memory is returned first.
    give_back_memory(libc)
    for _ in range(10):
        if (faults or page_faults)(working_set) * resource.getpagesize() < working_set / 10:
            return "memory is kept: no mapping, no trimming"
    return "not controlled: memory is mapped anew in spite of mallopt"


def release_allocator(libc: Any) -> None:
    """Restore malloc's defaults and return the retained memory to the system."""
    if libc is not None:
        _mallopt(libc, _DEFAULTS)
        give_back_memory(libc)


def give_back_memory(libc: Any = None) -> None:
    """Return malloc's free memory to the system, on glibc."""
    libc = libc or glibc()
    if libc is not None:
        libc.malloc_trim(0)


def page_faults(size: int) -> int:
    """Count the page faults of one temporary of `size` bytes, written once and freed; Unix only."""
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.empty(size, dtype=torch.uint8).fill_(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def _mallopt(libc: Any, settings: dict[int, int]) -> None:
    for parameter, value in settings.items():
        libc.mallopt(ctypes.c_int(parameter), ctypes.c_int(value))
