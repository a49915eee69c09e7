"""Checks of the machine's configuration: frequency, threads, quotas, memory, allocator, clock.

Each check takes the root of ``/proc`` and ``/sys``, or the values to check.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from ..host import linux
from ..timing import MIN_SECONDS
from .environment_check import EnvironmentCheck, Severity, grade, unknown_check

#: Environment variables that set the number of threads of the libraries that torch uses.
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

_FEW_GIB = 2.0  # of available memory: a full profile's largest points hold 1.5


def governor(root: Path = linux.ROOT) -> EnvironmentCheck:
    """Check whether the frequency follows the load, which makes a pass slower after a pause."""
    subject, found = "frequency governor", linux.governor(root)
    if found is None:
        guest = "set by the virtual machine's host" if linux.is_virtual(root) else ""
        return unknown_check(subject, guest)
    if found == "performance":
        return EnvironmentCheck(subject, found, Severity.OK)
    state = f"{found}: the frequency follows the load"
    return EnvironmentCheck(
        subject, state, Severity.WARN, "sudo cpupower frequency-set --governor performance"
    )


def turbo(root: Path = linux.ROOT) -> EnvironmentCheck:
    """Check whether turbo is on, with which the frequency follows heat and the other cores."""
    subject, found = "turbo", linux.turbo(root)
    if found is None:
        return unknown_check(
            subject, "set by the virtual machine's host" if linux.is_virtual(root) else ""
        )
    if not found:
        return EnvironmentCheck(subject, "off", Severity.OK)
    switch, on = next((s, o) for s, o in linux.TURBO.items() if linux.text(root / s) == o)
    state = "on: the frequency depends on heat and on the other cores"
    return EnvironmentCheck(
        subject, state, Severity.WARN, f"echo {1 - int(on)} | sudo tee /{switch}"
    )


def multithreading(root: Path = linux.ROOT) -> EnvironmentCheck:
    """Check whether hardware threads share a core."""
    subject, found = "hardware threads", linux.threads_per_core(root)
    if found is None:
        return unknown_check(subject)
    if found == 1:
        return EnvironmentCheck(subject, "one per core, as the system reports", Severity.OK)
    state = f"{found} share a core: work on one slows the other"
    return EnvironmentCheck(
        subject, state, Severity.WARN, f"echo off | sudo tee /{linux.CORES}/smt/control"
    )


def cores(allowed: list[int] | None, root: Path = linux.ROOT) -> EnvironmentCheck:
    """Report which cores this process may use."""
    online = linux.text(root / linux.CORES / "online")
    if allowed is None or online is None:
        return unknown_check("affinity")
    every = linux.cpu_list(online)
    state = f"{len(allowed)} of {len(every)} cores ({linux.as_spans(allowed)})"
    return EnvironmentCheck("affinity", state, Severity.OK)


def quota(cores: int, root: Path = linux.ROOT) -> EnvironmentCheck:
    """Check whether a control group's quota may pause this process."""
    subject = "quota of the control group"
    if not (root / "proc/self/cgroup").is_file():
        return unknown_check(subject)
    found = linux.quota(root)
    if found is None:
        return EnvironmentCheck(subject, "none", Severity.OK)
    # Work below the quota is not paused, and layerlaw uses one thread by default.
    severity = Severity.BAD if found < 1 else Severity.WARN if found < cores else Severity.OK
    mend = f"docker update --cpus {cores} CONTAINER, or measure with fewer threads than the quota"
    state = f"{found:g} of {cores} cores: beyond that, work is paused until the next period"
    return EnvironmentCheck(subject, state, severity, "" if severity is Severity.OK else mend)


def threads(environ: Mapping[str, str], torch_threads: int, cores: int) -> EnvironmentCheck:
    """Check whether more threads than cores would compete."""
    settings = [f"{name}={environ[name]}" for name in THREADS if name in environ]
    state = ", ".join([f"torch would use {torch_threads} on {cores} cores", *settings])
    asked = [int(environ[name]) for name in THREADS if environ.get(name, "").isdigit()]
    if max([torch_threads, *asked]) > cores:
        return EnvironmentCheck("threads", state, Severity.BAD, f"export OMP_NUM_THREADS={cores}")
    return EnvironmentCheck("threads", state, Severity.OK)


def huge_pages(root: Path = linux.ROOT) -> EnvironmentCheck:
    """Check whether the kernel merges pages into huge ones in the background."""
    switch = "sys/kernel/mm/transparent_hugepage/enabled"
    found = linux.bracketed_word(root / switch)
    if found is None:
        return unknown_check("transparent huge pages")
    if found != "always":
        return EnvironmentCheck("transparent huge pages", found, Severity.OK)
    state = "always: the kernel merges pages at unpredictable moments"
    mend = f"echo madvise | sudo tee /{switch}"
    return EnvironmentCheck("transparent huge pages", state, Severity.WARN, mend)


def memory(
    available: float, total: float, swapped: float, swap: float
) -> Iterator[EnvironmentCheck]:
    """Check whether enough memory is available, and whether memory is swapped out.

    Parameters
    ----------
    available, total
        Memory, in GiB.
    swapped, swap
        Used and total swap, in GiB.
    """
    severity = grade(-available, -_FEW_GIB, -_FEW_GIB / 4)
    state = f"{available:.1f} of {total:.1f} GiB available"
    mend = "" if severity is Severity.OK else "stop programs that use it: ps aux --sort=-rss | head"
    yield EnvironmentCheck("memory", state, severity, mend)
    severity = grade(swapped, 0.01 * total, 0.25 * total)
    mend = "" if severity is Severity.OK else "sudo swapoff -a && sudo swapon -a"
    yield EnvironmentCheck("swap", f"{swapped:.2f} of {swap:.2f} GiB in use", severity, mend)


def controls(record: Mapping[str, str]) -> Iterator[EnvironmentCheck]:
    """Check whether `Controls` could control the allocator and subnormal numbers, by its record."""
    for subject, held, mend in (
        ("allocator", "memory is kept", "use a Linux with glibc, and no LD_PRELOAD of another"),
        ("subnormals", "flushed", "measure on x86 or a recent Arm, or scale inputs"),
    ):
        state = record[subject]
        fine = state.startswith(held)
        severity = Severity.OK if fine else Severity.WARN
        yield EnvironmentCheck(subject, state, severity, "" if fine else mend)


def addresses(root: Path = linux.ROOT) -> EnvironmentCheck:
    """Check whether addresses differ between processes, so that rounds average over them."""
    found = linux.text(root / "proc/sys/kernel/randomize_va_space")
    if found is None:
        return unknown_check("address randomisation")
    state = (
        "off: all processes have the same addresses, so their effect on times stays hidden"
        if found == "0"
        else "on: the effect of addresses on times shows as spread between processes"
    )
    return EnvironmentCheck("address randomisation", state, Severity.OK)


def clock(now: Callable[[], int]) -> EnvironmentCheck:
    """Check whether the clock resolves times much shorter than a repeat.

    Parameters
    ----------
    now
        Clock in nanoseconds.
    """
    read = [now() for _ in range(1000)]
    steps = [second - first for first, second in pairwise(read) if second > first]
    step = min(steps, default=read[-1] - read[0] or 10**9) / 1e9
    severity = grade(step / MIN_SECONDS, 0.001, 0.01)
    mend = (
        ""
        if severity is Severity.OK
        else "echo tsc | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource"
    )
    return EnvironmentCheck("clock", f"steps of {step * 1e6:.2g} µs", severity, mend)
