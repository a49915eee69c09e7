"""What Linux reports beyond psutil, read from ``/proc`` and ``/sys`` below a root.

Each function returns None if its files do not exist: on another system, or in a virtual machine
whose host hides them.
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")

#: The folder of the cores' files, and the switches of turbo, each with its content when on.
CORES = "sys/devices/system/cpu"
TURBO = {f"{CORES}/intel_pstate/no_turbo": "0", f"{CORES}/cpufreq/boost": "1"}


def text(path: Path) -> str | None:
    """Return a file's text without surrounding white space; None if it cannot be read."""
    try:
        return path.read_text().strip()
    except (OSError, UnicodeError):
        return None


def children_of(process: int) -> list[int]:
    """Return the ids of the children of a process; empty where the kernel does not list them.

    It takes a tenth of a millisecond; psutil's list would read about every process there is.
    """
    found: list[int] = []
    for thread in Path(f"/proc/{process}/task").glob("*/children"):
        found += map(int, (text(thread) or "").split())  # a thread may have ended
    return found


def bracketed_word(path: Path) -> str | None:
    """Return the bracketed word of a file such as ``always [madvise] never``."""
    found = re.search(r"\[(\w+)\]", text(path) or "")
    return found.group(1) if found else None


def cpu_model(root: Path = ROOT) -> str | None:
    """Return the name of the processor.

    On Linux it is that of ``/proc/cpuinfo``, by which machines are recognised; py-cpuinfo takes
    0.25 s for the same name, and is used on other systems.
    """
    found = re.search(r"model name\s*:\s*(.+)", text(root / "proc/cpuinfo") or "")
    if found or sys.platform == "linux":
        return found.group(1) if found else platform.processor() or None
    import cpuinfo

    return cpuinfo.get_cpu_info().get("brand_raw") or platform.processor() or None


def caches(root: Path = ROOT) -> dict[str, int] | None:
    """Return the bytes of each data cache of the first core, by level: ``{"L1": 32768, …}``.

    py-cpuinfo 10.1 sums levels 1 and 2 over the cores, and returns the size of level 2 for level 3:
    1 MiB where this reads 32 MiB.
    """
    found: dict[str, int] = {}
    for index in sorted((root / CORES / "cpu0/cache").glob("index*")):
        size = text(index / "size") or ""
        if text(index / "type") != "Instruction" and size[:-1].isdigit():
            unit = {"K": 2**10, "M": 2**20}[size[-1]]
            found[f"L{text(index / 'level')}"] = int(size[:-1]) * unit
    return found or None


def threads_per_core(root: Path = ROOT) -> int | None:
    """Return how many hardware threads share the first core; above 1 with multithreading."""
    siblings = text(root / CORES / "cpu0/topology/thread_siblings_list")
    return len(cpu_list(siblings)) if siblings else None


def cpu_list(listed: str) -> list[int]:
    """Parse a list of cores as Linux writes it.

    >>> cpu_list("0-2,8")
    [0, 1, 2, 8]
    """
    spans = [[int(end) for end in span.split("-")] for span in listed.split(",") if span]
    return [core for span in spans for core in range(span[0], span[-1] + 1)]


def as_spans(cores: list[int]) -> str:
    """Format a list of cores as Linux does.

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
    """Return the first core's frequency governor, such as ``performance`` or ``schedutil``."""
    return text(root / CORES / "cpu0/cpufreq/scaling_governor")


def turbo(root: Path = ROOT) -> bool | None:
    """Return whether turbo is on: cores may exceed their base frequency."""
    found = {text(root / switch): on for switch, on in TURBO.items()}
    return next((held == on for held, on in found.items() if held is not None), None)


def is_virtual(root: Path = ROOT) -> bool | None:
    """Return whether this is a virtual machine; known only on x86."""
    flags = re.search(r"^flags\s*:(.+)", text(root / "proc/cpuinfo") or "", re.MULTILINE)
    return "hypervisor" in flags.group(1).split() if flags else None


def quota(root: Path = ROOT) -> float | None:
    """Return the control group's quota in cores; None without a limit.

    The smallest quota of the group and its ancestors counts, in cgroup 1 and 2.
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
