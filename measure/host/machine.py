"""The machine's fingerprint: the hardware and software that measurements depend on."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from ...layers import torch
from . import linux
from .content_digest import digest
from .nvidia import GpuState, gpu_state

#: Facts that may change between runs on the same machine. The number of threads torch would use by
#: default depends on the environment; the number it does use is a setting of the run.
TRANSIENT_FACTS = ("affinity", "huge_pages", "kernel", "torch_threads")

#: Build settings of torch that affect which kernels run.
_SETTINGS = ("BUILD_TYPE", "USE_MKL", "USE_MKLDNN", "USE_NNPACK", "USE_OPENMP", "USE_ROCM")

#: Compiler flags that affect their speed: optimisation, target, floating point.
_FLAG = r"(?<= )-(?:O\w+|m\w[\w=.-]*|f(?:no-)?(?:fast-math|math-errno|trapping-math|openmp))(?= |$)"


def fingerprint() -> dict[str, Any]:
    """Return the known facts of this machine and its torch by name, as JSON."""
    cores = affinity()
    facts: dict[str, Any] = {
        "cpu": linux.cpu_model(),
        "architecture": platform.machine(),
        "virtual": linux.is_virtual(),
        "cores": len(cores) if cores else None,
        "affinity": linux.as_spans(cores) if cores else None,
        "core_quota": linux.quota(),
        "threads_per_core": linux.threads_per_core(),
        "caches": linux.caches(),
        "memory_gib": memory_gib(),
        "os": platform.system(),
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()).strip() or None,
        "huge_pages": linux.bracketed_word(Path("/sys/kernel/mm/transparent_hugepage/enabled")),
        "governor": linux.governor(),
        "turbo": linux.turbo(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        **torch_build(torch.__config__.show()),
        "vectors": torch.backends.cpu.get_cpu_capability(),
        "torch_threads": {
            "within an operation": torch.get_num_threads(),
            "between operations": torch.get_num_interop_threads(),
        },
        **gpu(),
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def machine_id(facts: Mapping[str, Any]) -> str:
    """Return a digest of a fingerprint, the same while the machine and its torch are the same."""
    return digest({name: fact for name, fact in facts.items() if name not in TRANSIENT_FACTS})[:8]


def memory_gib() -> int:
    """Return the memory of the machine in whole GiB."""
    return round(float(psutil.virtual_memory().total) / 2**30)


def affinity() -> list[int] | None:
    """Return the cores that this process may use; None where there is no such list (macOS)."""
    process = psutil.Process()
    return sorted(process.cpu_affinity()) if hasattr(process, "cpu_affinity") else None


def torch_build(config: str) -> dict[str, Any]:
    """Parse torch's build: BLAS, other libraries, compiler, flags, settings.

    Parameters
    ----------
    config
        Output of ``torch.__config__.show()``.
    """
    settings = dict(re.findall(r"(\w+)=([^,]*)", config.partition("Build settings:")[2]))
    libraries = re.findall(r"- (.*(?:oneAPI Math Kernel|MKL-DNN|OpenBLAS|OpenMP).*)", config)
    compiler = re.search(r"- ((?:GCC|clang|MSVC) .*)", config, re.IGNORECASE)
    return {
        "blas": settings.get("BLAS_INFO"),
        "libraries": [library.strip() for library in libraries],
        "compiler": compiler.group(1).strip() if compiler else None,
        "compiler_flags": re.findall(_FLAG, settings.get("CXX_FLAGS", "")),
        "build": {name: settings[name] for name in _SETTINGS if name in settings},
    }


def gpu() -> dict[str, Any]:
    """Return the facts of the first GPU; empty if there is none."""
    if not torch.cuda.is_available():
        return {}
    properties = torch.cuda.get_device_properties(0)
    state = gpu_state() or GpuState(properties.name)
    return {
        "gpu": properties.name,
        "gpu_memory_gib": round(properties.total_memory / 2**30),
        "gpu_processors": properties.multi_processor_count,
        "compute_capability": f"{properties.major}.{properties.minor}",
        "gpu_clock_mhz": state.max_clock,
        "gpu_memory_clock_mhz": state.max_memory_clock,
        "cuda": torch.version.cuda,
        "driver": linux.text(Path("/sys/module/nvidia/version")) or state.driver,
    }
