"""How much memory is free, and by how much a piece of work made its use grow."""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import Any

from ...layers import torch
from . import linux


class Allocated:
    """Memory that torch's allocator on the GPU has given out."""

    def __init__(self, cuda: Any = None) -> None:
        self._cuda = cuda or torch.cuda
        self._cuda.reset_peak_memory_stats()
        self._before = self._cuda.memory_allocated()

    def grown(self) -> float:
        """Bytes by which it was more at most."""
        return float(self._cuda.max_memory_allocated() - self._before)


class Resident:
    """Memory of this process, as the system sees it from when this is made."""

    def __init__(self, process: Path = Path("/proc/self")) -> None:
        self._process = process
        try:
            (process / "clear_refs").write_text("5")  # the most so far is forgotten
            self._before: float | None = self._status("VmRSS")
        except OSError:
            self._before = None

    def grown(self) -> float:
        """Bytes by which it was larger at most; 0 where the system does not say."""
        if self._before is None:
            return 0.0
        return max(self._status("VmHWM") - self._before, 0.0)

    def _status(self, name: str) -> float:
        for line in (self._process / "status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return 1024 * float(line.split()[1])
        return 0.0


def free_memory(root: Path = linux.ROOT) -> float:
    """Bytes that programs can still get; infinite where the system does not say."""
    found = [float(linux.memory(root).get("MemAvailable", inf))]
    group = root / "sys/fs/cgroup"  # a container's limit, where there is one
    most, used = (linux.text(group / f"memory.{what}") for what in ("max", "current"))
    if most and used and most != "max":
        found.append(float(most) - float(used))
    return min(found)
