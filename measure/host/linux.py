"""What Linux reports of a machine beyond psutil, from files of ``/proc`` and ``/sys`` below a root.

Each function returns None where its files do not exist: on another system, or in a virtual machine
whose host hides them.
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")

#: The folder of the cores' files, and the switches of turbo, each with what it holds when on.
CORES = "sys/devices/system/cpu"
TURBO = {f"{CORES}/intel_pstate/no_turbo": "0", f"{CORES}/cpufreq/boost": "1"}


def text(path: Path) -> str | None:
    """Return what a file holds, without the blanks around it; None where it cannot be read."""
    try:
        return path.read_text().strip()
    except (OSError, UnicodeError):
        return None


def bracketed_word(path: Path) -> str | None:
    """Return the bracketed word of a file such as ``always [madvise] never``."""
    found = re.search(r"\[(\w+)\]", text(path) or "")
    return found.group(1) if found else None


def cpu_model(root: Path = ROOT) -> str | None:
    """Name of the processor.

    On Linux as ``/proc/cpuinfo`` has it, which machines are recognised by; py-cpuinfo takes 0.25 s
    for the same name there, and gives it elsewhere.
    """
    found = re.search(r"model name\s*:\s*(.+)", text(root / "proc/cpuinfo") or "")
    if found or sys.platform == "linux":
        return found.group(1) if found else platform.processor() or None
    import cpuinfo

    return cpuinfo.get_cpu_info().get("brand_raw") or platform.processor() or None


def caches(root: Path = ROOT) -> dict[str, int] | None:
    """Bytes of each data cache that the first core sees, by level: ``{"L1": 32768, …}``.

    py-cpuinfo 10.1 sums first and second levels over the cores, and gives the second level's size
    as the third's: 1 MiB of level 3 where this reads 32 MiB.
    """
    found: dict[str, int] = {}
    for index in sorted((root / CORES / "cpu0/cache").glob("index*")):
        size = text(index / "size") or ""
        if text(index / "type") != "Instruction" and size[:-1].isdigit():
            unit = {"K": 2**10, "M": 2**20}[size[-1]]
            found[f"L{text(index / 'level')}"] = int(size[:-1]) * unit
    return found or None


def threads_per_core(root: Path = ROOT) -> int | None:
    """Hardware threads that share the first core; above 1 with simultaneous multithreading."""
    siblings = text(root / CORES / "cpu0/topology/thread_siblings_list")
    return len(cpu_list(siblings)) if siblings else None


def cpu_list(listed: str) -> list[int]:
    """Read numbers of cores as Linux writes them.

    >>> cpu_list("0-2,8")
    [0, 1, 2, 8]
    """
    spans = [[int(end) for end in span.split("-")] for span in listed.split(",") if span]
    return [core for span in spans for core in range(span[0], span[-1] + 1)]


def as_spans(cores: list[int]) -> str:
    """Write numbers of cores as Linux does.

    >>> as_spans([8, 0, 1, 2])
    '0-2,8'
    """
    spans: list[list[int]] = []
    for core in sorted(cores):
        if spans and core == spans[-1][-1] + 1:
            spans[-1][1:] = [core]
        else:
            spans.append([core])
    return ",".join("-".join(map(str, span)) for span in spans)


def governor(root: Path = ROOT) -> str | None:
    """Name what decides the first core's frequency, such as ``performance`` or ``schedutil``."""
    return text(root / CORES / "cpu0/cpufreq/scaling_governor")


def turbo(root: Path = ROOT) -> bool | None:
    """Whether cores may run above their base frequency, as long as heat and power allow."""
    found = {text(root / switch): on for switch, on in TURBO.items()}
    return next((held == on for held, on in found.items() if held is not None), None)


def is_virtual(root: Path = ROOT) -> bool | None:
    """Whether this is a virtual machine; the processor tells of its hypervisor on x86 alone."""
    flags = re.search(r"^flags\s*:(.+)", text(root / "proc/cpuinfo") or "", re.MULTILINE)
    return "hypervisor" in flags.group(1).split() if flags else None


def quota(root: Path = ROOT) -> float | None:
    """Cores' worth of time that the control group leaves this process; None without a limit.

    A group above may leave less, so the least of all is taken, in cgroup 1 and 2.
    """
    return min(_quotas(root), default=None)


def _quotas(root: Path) -> Iterator[float]:
    for line in (text(root / "proc/self/cgroup") or "").splitlines():
        _, kinds, path = line.split(":", 2)
        mount = root / "sys/fs/cgroup" / kinds  # version 2 has one tree, of no kind
        if kinds and "cpu" not in kinds.split(","):
            continue
        group = mount / path.strip("/")
        for folder in (group, *group.parents):
            if not folder.is_relative_to(mount):
                break
            both = (text(folder / "cpu.max") or "").split() or [
                text(folder / "cpu.cfs_quota_us") or "max",
                text(folder / "cpu.cfs_period_us") or "100000",
            ]
            if both[0] not in ("max", "-1"):
                yield int(both[0]) / int(both[1])
