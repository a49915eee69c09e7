"""How much memory is free, how much this process has, and how much a piece of work adds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil

from ...layers import torch
from . import linux


def free_memory(root: Path = linux.ROOT, available: int | None = None) -> float:
    """Bytes that programs can still get: of the system, or of the container's limit if less.

    Parameters
    ----------
    root
        Below which the control group's files are read, of which psutil knows nothing.
    available
        Bytes that the system has available, instead of what psutil reports.
    """
    found = [float(psutil.virtual_memory().available if available is None else available)]
    group = root / "sys/fs/cgroup"
    limit, used = (linux.text(group / f"memory.{what}") for what in ("max", "current"))
    if limit and used and limit != "max":
        found.append(float(limit) - float(used))
    return min(found)


def resident_memory() -> int:
    """Bytes of memory that this process holds."""
    return int(psutil.Process().memory_info().rss)


class AllocatedMemory:
    """Memory that torch's allocator on the GPU has given out."""

    def __init__(self, cuda: Any = None) -> None:
        self._cuda = cuda or torch.cuda
        self._cuda.reset_peak_memory_stats()
        self._before = self._cuda.memory_allocated()

    def peak_growth(self) -> float:
        """Bytes by which it was more at most."""
        return float(self._cuda.max_memory_allocated() - self._before)


class ResidentMemory:
    """Memory of this process from when this is made, by the kernel's high-water mark.

    It is read from ``/proc``: psutil neither reports the mark nor resets it.
    """

    def __init__(self, process: Path = Path("/proc/self")) -> None:
        self._process = process
        try:
            (process / "clear_refs").write_text("5")  # resets the high-water mark
            self._before: float | None = self._status("VmRSS")
        except OSError:
            self._before = None

    def peak_growth(self) -> float:
        """Bytes by which it was larger at most; 0 where the system does not say."""
        if self._before is None:
            return 0.0
        return max(self._status("VmHWM") - self._before, 0.0)

    def _status(self, name: str) -> float:
        for line in (self._process / "status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return 1024 * float(line.split()[1])
        return 0.0
