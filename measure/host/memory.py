"""Memory: how much is free, how much this process holds, how much its peak grows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil

from ...layers import torch
from . import linux


def free_memory(root: Path = linux.ROOT, available: int | None = None) -> float:
    """Return the free bytes of the system, or of the container's limit if that is less.

    Parameters
    ----------
    root
        Root of the control group's files, which psutil does not read.
    available
        Available bytes of the system, instead of psutil's value.
    """
    found = [float(psutil.virtual_memory().available if available is None else available)]
    group = root / "sys/fs/cgroup"
    limit, used = (linux.text(group / f"memory.{what}") for what in ("max", "current"))
    if limit and used and limit != "max":
        found.append(float(limit) - float(used))
    return min(found)


def resident_memory() -> int:
    """Return the resident bytes of this process."""
    return int(psutil.Process().memory_info().rss)


class AllocatedMemory:
    """Growth of the memory allocated by torch on the GPU, from when this is made."""

    def __init__(self, cuda: Any = None) -> None:
        self._cuda = cuda or torch.cuda
        self._cuda.reset_peak_memory_stats()
        self._before = self._cuda.memory_allocated()

    def peak_growth(self) -> float:
        """Return the bytes by which the peak exceeded the start."""
        return float(self._cuda.max_memory_allocated() - self._before)


class ResidentMemory:
    """Growth of this process's resident memory, from when this is made.

    It is the kernel's high-water mark in ``/proc``, which psutil neither reads nor resets.
    """

    def __init__(self, process: Path = Path("/proc/self")) -> None:
        self._process = process
        try:
            (process / "clear_refs").write_text("5")  # resets the high-water mark
            self._before: float | None = self._status("VmRSS")
        except OSError:
            self._before = None

    def peak_growth(self) -> float:
        """Return the bytes by which the peak exceeded the start; 0 if it is not reported."""
        if self._before is None:
            return 0.0
        return max(self._status("VmHWM") - self._before, 0.0)

    def _status(self, name: str) -> float:
        for line in (self._process / "status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return 1024 * float(line.split()[1])
        return 0.0
