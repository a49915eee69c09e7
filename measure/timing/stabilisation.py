"""What is held steady: threads, the allocator, subnormal numbers, garbage collection."""

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

# Parameters of glibc's mallopt, from malloc.h, and the values that it starts with.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_DEFAULTS = {_M_TRIM_THRESHOLD: 128 * 1024, _M_TOP_PAD: 128 * 1024, _M_MMAP_MAX: 65536}
_HELD = {_M_TRIM_THRESHOLD: -1, _M_TOP_PAD: 64 * 2**20, _M_MMAP_MAX: 0}


@dataclass(frozen=True)
class Controls:
    """What is controlled; each can be left alone, to see what it does to the exponents.

    Parameters
    ----------
    threads
        Threads that torch uses within one operation.
    isolation
        Measure each layer on each device in processes of its own, in three one after the other;
        see `executor`. Otherwise all is measured in the calling process.
    interleaving
        Measure in rounds over all points of all layers, each in another order. Otherwise all rounds
        of a point follow one another, and whatever drifts meanwhile becomes a bias along an axis.
    allocator
        Keep freed memory in the process (glibc only). By default every temporary above 128 KiB
        to 32 MiB is mapped anew and page-faulted at each pass, which bends the law: a naive
        attention's local n-slope was 2.3 to 3.4 for n ≥ 2048 that way, and 2.0 when held.
    flush_subnormals
        Treat subnormal numbers as zero. An unscaled softmax yields up to 10 % of them and took
        twice as long at d = 64 to 128 as at d = 32, which moved its d exponent by 0.11.
    inputs
        Draw unit-normal inputs. Otherwise they are zeros, as in a benchmark that does not care:
        kernels may then be fed equal numbers that none would see in use.
    collection
        Keep Python's garbage collector from running while timing.
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
        """Put those that hold for a process in force, and the defaults back afterwards.

        Parameters
        ----------
        working_set
            Bytes that the heap is grown to, and touched, beforehand.

        Yields
        ------
        dict
            What is in force, in words, by control.
        """
        threads = torch.get_num_threads()
        flushing = flushes_subnormals()
        # First the switch for subnormal numbers: it belongs to a thread, and those that torch
        # begins later take it over from the one that begins them.
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


#: All in force, one thread.
DEFAULT = Controls()


def flushes_subnormals() -> bool:
    """Whether this thread treats subnormal numbers as zero."""
    return bool((torch.tensor([1e-40]) * 1.0).item() == 0.0)


def flushed_share(threads: int) -> float:
    """Share of subnormal numbers that an operation on so many threads makes zero, from 0 to 1.

    It looks at their bits, since a comparison would itself flush them.
    """
    many = threads * 2**16  # torch divides work among threads in pieces of 2¹⁵ elements
    numbers = torch.full((many,), 10, dtype=torch.int32).view(torch.float32) * 1.0
    return 1 - int(torch.count_nonzero(numbers.view(torch.int32))) / many


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Keep Python's garbage collector from running, as `timeit` does."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@cache
def glibc() -> Any:
    """Load the C library of this process if it is glibc, whose malloc can be set; else None."""
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None


def hold_allocator(
    working_set: int, libc: Any = None, faults: Callable[[int], int] | None = None
) -> str:
    """Make malloc keep freed memory in the process, and touch so many bytes of it.

    Parameters
    ----------
    working_set
        In bytes.
    libc
        The C library, as `glibc` gives it; None stands for one that cannot be controlled.
    faults
        Gives the page faults of a temporary of so many bytes, instead of `page_faults`.

    Returns
    -------
    str
        What is in force; it is not assumed but checked, by the page faults of a temporary.
    """
    if libc is None:
        return "not controlled: only glibc's can be"
    import resource  # is on Unix alone, as glibc is

    _mallopt(libc, _HELD)
    # What is free lies here and there, and a temporary may go to each place in turn: up to seven of
    # them were seen to fault before that was over. So the heap begins with one place, behind all.
    give_back_memory(libc)
    for _ in range(10):
        if (faults or page_faults)(working_set) * resource.getpagesize() < working_set / 10:
            return "memory is kept: no mapping, no trimming"
    return "not controlled: memory is mapped anew in spite of mallopt"


def release_allocator(libc: Any) -> None:
    """Give malloc its defaults back, and the system the memory that the process held."""
    if libc is not None:
        _mallopt(libc, _DEFAULTS)
        give_back_memory(libc)


def give_back_memory(libc: Any = None) -> None:
    """Return to the system what malloc holds and does not use, once; on glibc alone."""
    libc = libc or glibc()
    if libc is not None:
        libc.malloc_trim(0)


def page_faults(size: int) -> int:
    """Page faults of one temporary of so many bytes, written once and freed; on Unix alone."""
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.empty(size, dtype=torch.uint8).fill_(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def _mallopt(libc: Any, settings: dict[int, int]) -> None:
    for parameter, value in settings.items():
        libc.mallopt(ctypes.c_int(parameter), ctypes.c_int(value))
