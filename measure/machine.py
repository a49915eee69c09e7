"""The machine's fingerprint: what a number was measured on."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..layers._lazy import torch
from .store import digest

#: What may change between two runs without making it another machine.
PASSING = ("kernel", "huge_pages")

_SYSTEM = Path("/sys/devices/system/cpu")


def fingerprint() -> dict[str, Any]:
    """Describe this machine and its torch: what is known, by name, as JSON holds it."""
    facts: dict[str, Any] = {
        "cpu": cpu_model(),
        "architecture": platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "caches": caches(),
        "memory_gib": memory_gib(),
        "os": platform.system(),
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()).strip() or None,
        "huge_pages": _chosen(Path("/sys/kernel/mm/transparent_hugepage/enabled")),
        "governor": _text(_SYSTEM / "cpu0/cpufreq/scaling_governor"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        **torch_build(),
        **gpu(),
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def machine_id(facts: Mapping[str, Any]) -> str:
    """Short id of a fingerprint, the same as long as the machine and its torch stay the same."""
    return digest({name: fact for name, fact in facts.items() if name not in PASSING})[:8]


def cpu_model() -> str | None:
    """Name of the processor as the system tells it."""
    found = re.search(r"model name\s*:\s*(.+)", _text(Path("/proc/cpuinfo")) or "")
    return found.group(1) if found else platform.processor() or None


def caches() -> dict[str, int] | None:
    """Bytes of each data cache that the first core sees, by level: ``{"L1": 32768, …}``."""
    found: dict[str, int] = {}
    for index in sorted((_SYSTEM / "cpu0/cache").glob("index*")):
        size = _text(index / "size") or ""
        if _text(index / "type") != "Instruction" and size[:-1].isdigit():
            unit = {"K": 2**10, "M": 2**20}[size[-1]]
            found[f"L{_text(index / 'level')}"] = int(size[:-1]) * unit
    return found or None


def memory_gib() -> int | None:
    """Memory of the machine in whole GiB."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    except (AttributeError, ValueError, OSError):  # not a Unix
        return None


def torch_build() -> dict[str, Any]:
    """Say what torch computes with: BLAS, oneDNN, the vector instructions it uses."""
    text = torch.__config__.show()
    blas = re.search(r"BLAS_INFO=(\w+)", text)
    libraries = re.findall(r"- (.*(?:oneAPI Math Kernel|MKL-DNN|OpenBLAS|OpenMP).*)", text)
    return {
        "blas": blas.group(1) if blas else None,
        "vectors": torch.backends.cpu.get_cpu_capability(),
        "libraries": [library.strip() for library in libraries],
    }


def gpu() -> dict[str, Any]:
    """Describe the first GPU, or return nothing where there is none."""
    if not torch.cuda.is_available():
        return {}
    properties = torch.cuda.get_device_properties(0)
    return {
        "gpu": properties.name,
        "gpu_memory_gib": round(properties.total_memory / 2**30),
        "gpu_processors": properties.multi_processor_count,
        "cuda": torch.version.cuda,
        "driver": _text(Path("/sys/module/nvidia/version")),
    }


def _text(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None


def _chosen(path: Path) -> str | None:
    """Return the bracketed word of a file such as ``always [madvise] never``."""
    found = re.search(r"\[(\w+)\]", _text(path) or "")
    return found.group(1) if found else None
