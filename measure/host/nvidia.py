"""What ``nvidia-smi`` tells of NVIDIA's GPUs; empty where there is none."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from math import inf

#: Asks nvidia-smi something; gives its lines, and none where it is absent or refuses.
Ask = Callable[[str], list[str]]

_SECONDS = 5.0  # a driver that hangs must not hang what asks it


def nvidia_smi(question: str) -> list[str]:
    """Ask nvidia-smi, as in ``--query-gpu=name``; one line a GPU or process, without a head."""
    if (program := shutil.which("nvidia-smi")) is None:
        return []
    try:
        done = subprocess.run(
            [program, question, "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):  # such as a field that this driver lacks
        return []
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


def field(name: str, ask: Ask = nvidia_smi) -> str | None:
    """Return what the first GPU has in a field; None where it has none."""
    said = (ask(f"--query-gpu={name}") or [""])[0]
    return None if said in ("", "[N/A]", "N/A", "[Not Supported]") else said


def megahertz(name: str, ask: Ask = nvidia_smi) -> int | None:
    """Return a clock of the first GPU, such as ``clocks.max.sm``, in MHz."""
    said = field(name, ask) or ""
    return int(said) if said.isdigit() else None


def free_gpu_memory(ask: Ask = nvidia_smi) -> float:
    """Bytes that are free on the first GPU; infinite where it is not told."""
    said = field("memory.free", ask) or ""
    return 2.0**20 * int(said) if said.isdigit() else inf
