"""Checks of contention: other processes, other virtual machines, other users of the GPU."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any, NamedTuple

import psutil

from ..host import GpuState, linux
from ..timing import SLOW_FACTOR, Clock, NoiseGate
from .environment_check import EnvironmentCheck, Severity, grade, unknown_check

#: The name under which this program's processes are reported.
_OURS = "layerlaw"

#: Processes that use less than this share of a core are ignored.
_IDLE = 0.1

#: The reason of an unknown state of a GPU.
_SILENT = "the driver does not report it"

#: Reasons why a GPU lowers its clocks, by the bits of NVML.
_THROTTLED = {
    0x4: "power cap",
    0x8: "hardware slowdown",
    0x20: "heat",
    0x40: "heat (hardware)",
    0x80: "power brake",
}


def load(cores: int, average: float) -> EnvironmentCheck:
    """Check the load: the mean number of runnable tasks over the last minute, per core."""
    severity = grade(average / cores, 0.25, 1.0)
    mend = "" if severity is Severity.OK else "wait, or stop what runs: top -o %CPU"
    return EnvironmentCheck(
        "load", f"{average:.2f} over the last minute on {cores} cores", severity, mend
    )


class Snapshot(NamedTuple):
    """Processor time up to one moment, in seconds.

    Attributes
    ----------
    stolen
        Time of all cores that the host gave to other guests; None if it is not reported.
    total
        Time of all cores in all states, idle included.
    processes
        By number: the process's name, ``layerlaw`` for this program's, and its processor time.
    """

    stolen: float | None
    total: float
    processes: dict[int, tuple[str, float]]


def snapshot() -> Snapshot:
    """Read the processor time up to now, of all cores and of each process."""
    spent = psutil.cpu_times()._asdict()
    # The time of guests is included in the user's time.
    total = sum(seconds for state, seconds in spent.items() if not state.startswith("guest"))
    processes = {
        one.pid: (_name(one.info), one.info["cpu_times"].user + one.info["cpu_times"].system)
        for one in psutil.process_iter(["name", "cmdline", "cpu_times"])
        if one.info["cpu_times"] is not None  # None where it may not be read
    }
    return Snapshot(spent.get("steal"), total, processes)


def _name(process: Mapping[str, Any]) -> str:
    """Return a process's name, ``layerlaw`` for the command and its fork servers."""
    ours = any(
        Path(one).name == _OURS or "layerlaw.measure.workers.forkserver" in one
        for one in process["cmdline"] or ()
    )
    return _OURS if ours else process["name"] or ""


def others(before: Snapshot, after: Snapshot, cores: int, own: int) -> Iterator[EnvironmentCheck]:
    """Check what ran between two moments: other guests of the host, and other processes.

    Parameters
    ----------
    before, after
        The moments.
    cores
        Number of cores of the machine.
    own
        Number of this process, which is left out.
    """
    total = after.total - before.total
    if total <= 0:
        yield unknown_check("steal")
        yield unknown_check("other processes")
        return
    yield _steal(before.stolen, after.stolen, total)
    shares = {
        number: cores * (seconds - before.processes[number][1]) / total
        for number, (_, seconds) in after.processes.items()
        if number in before.processes and number != own
    }
    busy = sorted((n for n in shares if shares[n] >= _IDLE), key=lambda n: -shares[n])
    said = ", ".join(f"{after.processes[n][0]} ({n}) {shares[n]:.0%}" for n in busy[:5])
    severity = grade(sum(shares[n] for n in busy), _IDLE, 0.5)
    rest = [n for n in busy if after.processes[n][0] != _OURS]
    numbers = " ".join(map(str, rest))
    mends = [f"kill -STOP {numbers}, and afterwards kill -CONT {numbers}"] if rest else []
    if len(rest) < len(busy):
        mends.insert(0, "another layerlaw is running: wait until it ends")
    yield EnvironmentCheck(
        "other processes",
        f"{said} of a core" if busy else f"none takes {_IDLE:.0%} of a core",
        severity,
        "; ".join(mends),
    )


def _steal(before: float | None, after: float | None, total: float) -> EnvironmentCheck:
    if before is None or after is None:
        return unknown_check("steal")
    stolen = (after - before) / total
    severity = grade(stolen, 0.01, 0.05)
    mend = "" if severity is Severity.OK else "ask for cores of your own, or another host"
    return EnvironmentCheck(
        "steal", f"{stolen:.1%} of the time went to other guests", severity, mend
    )


def two_speeds(
    seconds: float = 2.0,
    clock: Clock | None = None,
    now: Callable[[], float] = monotonic,
    root: Path = linux.ROOT,
) -> EnvironmentCheck:
    """Check in which share of the time the machine is slow, as when another guest uses its cores.

    Parameters
    ----------
    seconds
        Duration of the check.
    clock, now
        As in `NoiseGate`, whose reference computation is timed.
    root
        Root of ``/proc``, which says whether this is a virtual machine.
    """
    taken: list[float] = []
    noise_gate, begun = NoiseGate(clock, now), now()
    while now() - begun < seconds:
        taken.append(noise_gate.reference_seconds())
    slow = [each for each in taken if each > SLOW_FACTOR * min(taken)]
    share = sum(slow) / sum(taken)  # of the time, not of the readings
    where = "virtual machine" if linux.is_virtual(root) else "this machine"
    state = f"{where} is slow {share:.0%} of the time"
    if slow:
        state += f", by a factor of {median(slow) / min(taken):.1f} compared with its best"
    severity = grade(share, 0.05, 0.25)
    mend = (
        ""
        if severity is Severity.OK
        else "stop other programs, or use dedicated cores; layerlaw run waits until the "
        "machine is quiet, for at most half of its time"
    )
    return EnvironmentCheck("two speeds", state, severity, mend)


def gpu(state: GpuState | None, own: int | None = None) -> Iterator[EnvironmentCheck]:
    """Check the first GPU's settings and its other users; one check if there is no GPU.

    Parameters
    ----------
    state
        The driver's report.
    own
        Number of this process, which is left out.
    """
    if state is None:
        yield EnvironmentCheck("GPU", "no NVIDIA driver reports one", Severity.OK)
        return
    own = os.getpid() if own is None else own
    busy = [(number, name) for number, name in state.processes if number != own]
    yield EnvironmentCheck(
        "GPU: other processes",
        ", ".join(f"{name} {number}" for number, name in busy) or f"none on {state.name}",
        Severity.BAD if busy else Severity.OK,
        f"stop them: kill {' '.join(str(number) for number, _ in busy)}" if busy else "",
    )
    yield _switch("GPU: persistence", state.persistence, "sudo nvidia-smi --persistence-mode=1")
    yield _switch("GPU: ECC", state.ecc, "")
    yield _clocks(state)
    yield _throttling(state)


def _switch(subject: str, on: bool | None, mend: str) -> EnvironmentCheck:
    """Check a setting of the GPU; with `mend` it should be on."""
    if on is None:
        return unknown_check(subject, _SILENT)
    fine = on or not mend
    severity = Severity.OK if fine else Severity.WARN
    return EnvironmentCheck(
        subject, "enabled" if on else "disabled", severity, "" if fine else mend
    )


def _clocks(state: GpuState) -> EnvironmentCheck:
    """Check whether the clocks are locked; otherwise they fall while nothing runs."""
    now, most = state.clock, state.max_clock
    if now is None or most is None:
        return unknown_check("GPU: clocks", _SILENT)
    locked = now >= 0.95 * most
    return EnvironmentCheck(
        "GPU: clocks",
        f"{now} of {most} MHz" + ("" if locked else ": they depend on load and heat"),
        Severity.OK if locked else Severity.WARN,
        "" if locked else f"sudo nvidia-smi --lock-gpu-clocks={most}; undo: --reset-gpu-clocks",
    )


def _throttling(state: GpuState) -> EnvironmentCheck:
    bits = state.throttle_reasons
    if bits is None:
        return unknown_check("GPU: throttling", _SILENT)
    reasons = [reason for bit, reason in _THROTTLED.items() if bits & bit]
    return EnvironmentCheck(
        "GPU: throttling",
        ", ".join(reasons) or "none",
        Severity.BAD if reasons else Severity.OK,
        "let it cool down; see nvidia-smi -q -d PERFORMANCE,POWER,TEMPERATURE" if reasons else "",
    )
