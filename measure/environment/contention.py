"""Who else works on this machine: other processes, other virtual machines, others on the GPU."""

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
from .finding import EnvironmentCheck, Severity, grade, unknown_check

#: The name of this program's processes, whatever the system calls them.
_OURS = "layerlaw"

#: A process that takes less of a core than this is left out.
_IDLE = 0.1

#: Why something of a GPU is not known.
_SILENT = "the driver does not report it"

#: Reasons for which a GPU lowers its clocks, of the bits that NVML gives: power, heat, brakes.
_THROTTLED = {
    0x4: "power cap",
    0x8: "hardware slowdown",
    0x20: "heat",
    0x40: "heat (hardware)",
    0x80: "power brake",
}


def load(cores: int, average: float) -> EnvironmentCheck:
    """How many tasks were ready to run over the last minute, on average, against the cores."""
    severity = grade(average / cores, 0.25, 1.0)
    mend = "" if severity is Severity.OK else "wait, or stop what runs: top -o %CPU"
    return EnvironmentCheck(
        "load", f"{average:.2f} over the last minute on {cores} cores", severity, mend
    )


class Snapshot(NamedTuple):
    """Processor time up to a moment, in seconds.

    Attributes
    ----------
    stolen
        Of all cores, what the host gave to other guests; None where the system does not report it.
    total
        Of all cores, in every state, idle among them.
    processes
        By number: a process's name, ``layerlaw`` for one of this program's, and its own time.
    """

    stolen: float | None
    total: float
    processes: dict[int, tuple[str, float]]


def snapshot() -> Snapshot:
    """Read the processor time up to now, of the cores and of each process."""
    spent = psutil.cpu_times()._asdict()
    # A guest's time is within the user's already.
    total = sum(seconds for state, seconds in spent.items() if not state.startswith("guest"))
    processes = {
        one.pid: (_name(one.info), one.info["cpu_times"].user + one.info["cpu_times"].system)
        for one in psutil.process_iter(["name", "cmdline", "cpu_times"])
        if one.info["cpu_times"] is not None  # None where it may not be read
    }
    return Snapshot(spent.get("steal"), total, processes)


def _name(process: Mapping[str, Any]) -> str:
    """Name a process, ``layerlaw`` if it is of the command or a fork server of it."""
    ours = any(
        Path(one).name == _OURS or "layerlaw.measure.workers.forkserver" in one
        for one in process["cmdline"] or ()
    )
    return _OURS if ours else process["name"] or ""


def others(before: Snapshot, after: Snapshot, cores: int, own: int) -> Iterator[EnvironmentCheck]:
    """Check what ran between two moments: the host's other guests, and other processes.

    Parameters
    ----------
    before, after
        The moments.
    cores
        Of the machine; what all of them do is the total.
    own
        Number of this process, which does not count.
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
        mends.insert(0, "layerlaw itself is at work: wait until it is done")
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
    """Which share of the time a reference takes longer than it should: another guest's slices.

    Parameters
    ----------
    seconds
        How long to look.
    clock, now
        As in `NoiseGate`, whose reference it is.
    root
        Below which it is read whether this is a virtual machine.
    """
    taken: list[float] = []
    noise_gate, begun = NoiseGate(clock, now), now()
    while now() - begun < seconds:
        taken.append(noise_gate.reference_seconds())
    slow = [each for each in taken if each > SLOW_FACTOR * min(taken)]
    share = sum(slow) / sum(taken)  # of the time: slow ones are fewer in the same stretch
    where = "virtual machine" if linux.is_virtual(root) else "this machine"
    state = f"{where} is slow {share:.0%} of the time"
    if slow:
        state += f", then {median(slow) / min(taken):.1f} times as slow as at its best"
    severity = grade(share, 0.05, 0.25)
    mend = (
        ""
        if severity is Severity.OK
        else "stop other programs, or take cores that nobody shares; layerlaw run waits until the "
        "machine is quiet, for half of its time at most"
    )
    return EnvironmentCheck("two speeds", state, severity, mend)


def gpu(state: GpuState | None, own: int | None = None) -> Iterator[EnvironmentCheck]:
    """How the first GPU is set, and who else uses it; one check where there is none.

    Parameters
    ----------
    state
        What its driver reports.
    own
        Number of this process, which does not count.
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
    """Check a switch of the GPU, which is mended by turning it on where that matters."""
    if on is None:
        return unknown_check(subject, _SILENT)
    fine = on or not mend
    severity = Severity.OK if fine else Severity.WARN
    return EnvironmentCheck(
        subject, "enabled" if on else "disabled", severity, "" if fine else mend
    )


def _clocks(state: GpuState) -> EnvironmentCheck:
    """Whether clocks are locked: unlocked, they fall while nothing runs."""
    now, most = state.clock, state.max_clock
    if now is None or most is None:
        return unknown_check("GPU: clocks", _SILENT)
    held = now >= 0.95 * most
    return EnvironmentCheck(
        "GPU: clocks",
        f"{now} of {most} MHz" + ("" if held else ": they follow load and heat"),
        Severity.OK if held else Severity.WARN,
        "" if held else f"sudo nvidia-smi --lock-gpu-clocks={most}; back: --reset-gpu-clocks",
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
        "let it cool, and see nvidia-smi -q -d PERFORMANCE,POWER,TEMPERATURE" if reasons else "",
    )
