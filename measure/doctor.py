"""Examine this machine: what on it disturbs measuring, and how to mend it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from ..layers._lazy import torch
from . import conditions, neighbours
from .control import Controls
from .findings import Finding, Severity

__all__ = ["Finding", "Severity", "examine"]

#: Seconds over which it is seen who else works.
_SECONDS = 0.5


def examine() -> list[Finding]:
    """Look at everything that is known to disturb measuring; it takes about three seconds.

    Returns
    -------
    list of Finding
        How the machine is set, then who else works on it, then its GPU.
    """
    return [*_settings(), *_work(), *neighbours.gpu()]


def _settings() -> Iterator[Finding]:
    allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    cores = len(allowed) if allowed else os.cpu_count() or 1
    yield conditions.governor()
    yield conditions.turbo()
    yield conditions.multithreading()
    yield conditions.cores(allowed)
    yield conditions.quota(cores)
    yield conditions.threads(os.environ, torch.get_num_threads(), cores)
    yield conditions.huge_pages()
    yield from conditions.memory()
    with Controls().in_force() as record:
        found = list(conditions.controls(record))
    yield from found
    yield conditions.addresses()
    yield conditions.clock(time.perf_counter_ns)


def _work() -> Iterator[Finding]:
    cores = os.cpu_count() or 1
    yield neighbours.load(cores)
    before = neighbours.snapshot()
    time.sleep(_SECONDS)  # this process does nothing meanwhile
    yield from neighbours.others(before, neighbours.snapshot(), cores, os.getpid())
    with Controls(allocator=False).in_force():
        yield neighbours.two_speeds()
