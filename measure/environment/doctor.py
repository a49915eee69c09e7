"""Run all environment checks: what on this machine disturbs measuring, and how to fix it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import psutil

from ...layers import torch
from ..host import affinity, gpu_state
from ..timing import Controls
from . import configuration, contention
from .environment_check import EnvironmentCheck, Severity

__all__ = ["EnvironmentCheck", "Severity", "check_environment"]

#: Seconds over which the processor time of other processes is observed.
_SECONDS = 0.5


def check_environment() -> list[EnvironmentCheck]:
    """Run all checks, in about three seconds.

    Returns
    -------
    list of EnvironmentCheck
        Checks of the configuration, then of contention, then of the GPU.
    """
    return [*_settings(), *_work(), *contention.gpu(gpu_state())]


def _settings() -> Iterator[EnvironmentCheck]:
    allowed = affinity()
    cores = len(allowed) if allowed else os.cpu_count() or 1
    yield configuration.governor()
    yield configuration.turbo()
    yield configuration.multithreading()
    yield configuration.cores(allowed)
    yield configuration.quota(cores)
    yield configuration.threads(os.environ, torch.get_num_threads(), cores)
    yield configuration.huge_pages()
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    found = memory.available, memory.total, swap.used, swap.total
    yield from configuration.memory(*(amount / 2**30 for amount in found))
    with Controls().in_force() as record:
        checks = list(configuration.controls(record))
    yield from checks
    yield configuration.addresses()
    yield configuration.clock(time.perf_counter_ns)


def _work() -> Iterator[EnvironmentCheck]:
    cores = os.cpu_count() or 1
    yield contention.load(cores, psutil.getloadavg()[0])
    before = contention.snapshot()
    time.sleep(_SECONDS)  # this process is idle meanwhile
    yield from contention.others(before, contention.snapshot(), cores, os.getpid())
    with Controls(allocator=False).in_force():
        yield contention.two_speeds()
