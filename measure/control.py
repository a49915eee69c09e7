"""What is held steady: threads, the allocator, subnormal numbers, garbage collection."""

from __future__ import annotations

import ctypes
import gc
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..layers._lazy import torch

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
    allocator
        Keep freed memory in the process (glibc only). By default every temporary above 128 KiB
        to 32 MiB is mapped anew and page-faulted at each pass, which bends the law: a naive
        attention's local n-slope was 2.3 to 3.4 for n ≥ 2048 that way, and 2.0 when held.
    flush_subnormals
        Treat subnormal numbers as zero. An unscaled softmax yields up to 10 % of them and took
        twice as long at d = 64 to 128 as at d = 32, which moved its d exponent by 0.11.
    calm
        Wait, within limits, while something else slows the machine down; see `calm`.
    """

    threads: int = 1
    allocator: bool = True
    flush_subnormals: bool = True
    calm: bool = True

    @contextmanager
    def in_force(self, working_set: int = 2**25) -> Iterator[dict[str, str]]:
        """Put the controls in force, and the defaults back afterwards.

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
        torch.set_num_threads(self.threads)
        record = {
            "threads": str(self.threads),
            "subnormals": self._subnormals(),
            "garbage collection": "off while timing",
            "calm": "waited for" if self.calm else "not waited for",
            "allocator": hold_allocator(working_set) if self.allocator else "left alone",
        }
        try:
            yield record
        finally:
            if self.allocator:
                release_allocator()
            torch.set_flush_denormal(flushing)
            torch.set_num_threads(threads)

    def _subnormals(self) -> str:
        if not self.flush_subnormals:
            torch.set_flush_denormal(False)
            return "left alone"
        if not torch.set_flush_denormal(True):
            return "not controlled: this processor has no switch"
        # The switch belongs to a thread, and torch's other threads have begun already.
        return "flushed" if self.threads == 1 else "flushed in the calling thread alone"


def flushes_subnormals() -> bool:
    """Whether this thread treats subnormal numbers as zero."""
    return bool((torch.tensor([1e-40]) * 1.0).item() == 0.0)


@contextmanager
def no_collection() -> Iterator[None]:
    """Keep Python's garbage collector from running, as `timeit` does."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def hold_allocator(working_set: int) -> str:
    """Make malloc keep what it is given back, and touch so many bytes of it.

    Returns
    -------
    str
        What is in force; it is not assumed but checked, by the page faults of a temporary.
    """
    if not _is_glibc():
        return "not controlled: only glibc's can be"
    import resource  # is on Unix alone, as glibc is

    _mallopt(_HELD)
    # Where the memory given back is a few bytes short of what alignment needs, the next one goes
    # elsewhere: up to four temporaries were seen to fault before the heap had settled.
    for _ in range(10):
        if page_faults(working_set) * resource.getpagesize() < working_set / 10:
            return "memory is kept: no mapping, no trimming"
    return "not controlled: memory is mapped anew in spite of mallopt"


def release_allocator() -> None:
    """Give malloc its defaults back, and the system the memory that was kept."""
    if _is_glibc():
        _mallopt(_DEFAULTS)
        ctypes.CDLL(None).malloc_trim(0)


def page_faults(size: int) -> int:
    """Page faults of one temporary of so many bytes, written once and freed; on Unix alone."""
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.empty(size, dtype=torch.uint8).fill_(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def _is_glibc() -> bool:
    return platform.libc_ver()[0] == "glibc"


def _mallopt(settings: dict[int, int]) -> None:
    libc = ctypes.CDLL(None)
    for parameter, value in settings.items():
        libc.mallopt(ctypes.c_int(parameter), ctypes.c_int(value))
