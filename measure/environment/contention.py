"""Who else works on this machine: other processes, other virtual machines, others on the GPU."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import monotonic
from typing import NamedTuple

from ..host import linux, nvidia
from ..timing import SLOW, Clock, NoiseGate
from .finding import EnvironmentCheck, Severity, graded, unknown

#: What a process of this program is called, whatever the system calls it.
_OURS = "layerlaw"

#: A process that takes less of a core than this is not told of.
_IDLE = 0.1

#: Reasons for which a GPU lowers its clocks, of the bits that NVML gives: power, heat, brakes.
_THROTTLED = {
    0x4: "power cap",
    0x8: "hardware slowdown",
    0x20: "heat",
    0x40: "heat (hardware)",
    0x80: "power brake",
}


def load(cores: int, root: Path = linux.ROOT) -> EnvironmentCheck:
    """How many tasks wanted to run over the last minute, beside the cores."""
    said = linux.text(root / "proc/loadavg")
    if said is None:
        return unknown("load")
    average = float(said.split()[0])
    severity = graded(average / cores, 0.25, 1.0)
    mend = "" if severity is Severity.OK else "wait, or stop what runs: top -o %CPU"
    return EnvironmentCheck(
        "load", f"{average:.2f} over the last minute on {cores} cores", severity, mend
    )


class Snapshot(NamedTuple):
    """What had been worked until a moment, in ticks.

    Attributes
    ----------
    stolen, total
        Of all cores together: what the host gave to others, and everything.
    processes
        By number: a process's name, ``layerlaw`` for one of this program's, and its own ticks.
    """

    stolen: int
    total: int
    processes: dict[int, tuple[str, int]]


def snapshot(root: Path = linux.ROOT) -> Snapshot | None:
    """Read what was worked so far; None where that is not told."""
    first = (linux.text(root / "proc/stat") or "").partition("\n")[0].split()
    if len(first) < 9:
        return None
    ticks = [int(each) for each in first[1:9]]  # user … steal; guests are within user
    processes = {}
    for folder in (root / "proc").glob("[0-9]*"):
        name, _, rest = (linux.text(folder / "stat") or "").partition("(")[2].rpartition(")")
        if fields := rest.split():  # it may have ended meanwhile
            name = _OURS if _is_ours(folder) else name
            processes[int(folder.name)] = (name, int(fields[11]) + int(fields[12]))
    return Snapshot(ticks[7], sum(ticks), processes)


def _is_ours(folder: Path) -> bool:
    """Whether a process is of the command, or began as a fork server: each that measures did."""
    arguments = (linux.text(folder / "cmdline") or "").split("\0")
    return any(
        Path(one).name == _OURS or "layerlaw.measure.workers.forkserver" in one for one in arguments
    )


def others(
    before: Snapshot | None, after: Snapshot | None, cores: int, own: int
) -> Iterator[EnvironmentCheck]:
    """Who worked between two moments: the host's other guests, and other processes.

    Parameters
    ----------
    before, after
        The moments.
    cores
        Of the machine; what all of them do is the total.
    own
        Number of this process, which does not count.
    """
    if before is None or after is None or after.total <= before.total:
        yield unknown("steal")
        yield unknown("other processes")
        return
    total = after.total - before.total
    stolen = (after.stolen - before.stolen) / total
    severity = graded(stolen, 0.01, 0.05)
    mend = "" if severity is Severity.OK else "ask for cores of your own, or another host"
    yield EnvironmentCheck(
        "steal", f"{stolen:.1%} of the time went to other guests", severity, mend
    )
    shares = {
        number: cores * (ticks - before.processes[number][1]) / total
        for number, (_, ticks) in after.processes.items()
        if number in before.processes and number != own
    }
    busy = sorted((n for n in shares if shares[n] >= _IDLE), key=lambda n: -shares[n])
    said = ", ".join(f"{after.processes[n][0]} ({n}) {shares[n]:.0%}" for n in busy[:5])
    severity = graded(sum(shares[n] for n in busy), _IDLE, 0.5)
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


def two_speeds(
    seconds: float = 2.0,
    clock: Clock | None = None,
    now: Callable[[], float] = monotonic,
    root: Path = linux.ROOT,
) -> EnvironmentCheck:
    """Which share of the time a reference takes longer than it should: a neighbour's turns.

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
    slow = [each for each in taken if each > SLOW * min(taken)]
    share = sum(slow) / sum(taken)  # of the time: slow ones are fewer in the same stretch
    where = "virtual machine" if linux.virtual(root) else "this machine"
    state = f"{where} is slow {share:.0%} of the time"
    if slow:
        state += f", then {median(slow) / min(taken):.1f} times as slow as at its best"
    severity = graded(share, 0.05, 0.25)
    mend = (
        ""
        if severity is Severity.OK
        else "stop what runs beside, or take cores that nobody shares; layerlaw run waits for calm "
        "moments, for half of its time at most"
    )
    return EnvironmentCheck("two speeds", state, severity, mend)


def gpu(ask: nvidia.Ask = nvidia.nvidia_smi, own: int | None = None) -> Iterator[EnvironmentCheck]:
    """How the first GPU is set, and who else uses it; one finding where there is none.

    Parameters
    ----------
    ask
        Asks nvidia-smi.
    own
        Number of this process, which does not count.
    """
    name = nvidia.field("name", ask)
    if name is None:
        yield EnvironmentCheck("GPU", "none that nvidia-smi tells of", Severity.OK)
        return
    rows = [line.split(", ") for line in ask("--query-compute-apps=pid,process_name")]
    numbers = [row[0] for row in rows if row[0] != str(own if own is not None else os.getpid())]
    said = ", ".join(" ".join(row[::-1]) for row in rows if row[0] in numbers)
    yield EnvironmentCheck(
        "GPU: other processes",
        said or f"none on {name}",
        Severity.BAD if numbers else Severity.OK,
        f"stop them: kill {' '.join(numbers)}" if numbers else "",
    )
    for subject, field, good, mend in (
        ("GPU: persistence", "persistence_mode", "Enabled", "sudo nvidia-smi --persistence-mode=1"),
        ("GPU: ECC", "ecc.mode.current", None, ""),
    ):
        found = nvidia.field(field, ask)
        if found is None:
            yield unknown(subject, "nvidia-smi does not tell")
        else:
            fine = good is None or found == good
            severity = Severity.OK if fine else Severity.WARN
            yield EnvironmentCheck(subject, found.lower(), severity, "" if fine else mend)
    yield _clocks(ask)
    yield _throttling(ask)


def _clocks(ask: nvidia.Ask) -> EnvironmentCheck:
    """Whether clocks are held: unlocked, they rest while nothing runs."""
    now, most = (nvidia.megahertz(field, ask) for field in ("clocks.sm", "clocks.max.sm"))
    if now is None or most is None:
        return unknown("GPU: clocks", "nvidia-smi does not tell")
    held = now >= 0.95 * most
    return EnvironmentCheck(
        "GPU: clocks",
        f"{now} of {most} MHz" + ("" if held else ": they follow load and heat"),
        Severity.OK if held else Severity.WARN,
        "" if held else f"sudo nvidia-smi --lock-gpu-clocks={most}; back: --reset-gpu-clocks",
    )


def _throttling(ask: nvidia.Ask) -> EnvironmentCheck:
    said = nvidia.field("clocks_throttle_reasons.active", ask) or ""
    if not said.startswith("0x"):
        return unknown("GPU: throttling", "nvidia-smi does not tell")
    reasons = [reason for bit, reason in _THROTTLED.items() if int(said, 16) & bit]
    return EnvironmentCheck(
        "GPU: throttling",
        ", ".join(reasons) or "none",
        Severity.BAD if reasons else Severity.OK,
        "let it cool, and see nvidia-smi -q -d PERFORMANCE,POWER,TEMPERATURE" if reasons else "",
    )
