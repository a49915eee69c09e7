"""What a case may take, and what it will: theory times what was measured so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from pathlib import Path
from typing import Any

import sympy
from sympy import Expr

from ...layers import SYMBOLS, get, torch
from ..cases import Case, Measurement, activations, operands
from ..host import linux

#: Share of the memory that is free when a run begins which one case may take.
SHARE = 0.8

#: Passes of one measurement at least: one that is checked, one of warm-up, one that is timed.
PASSES = 3

#: Bytes of a case from which its memory is looked after: what was measured says something of what
#: theory counts, and a process gives back what it keeps of it, since it waits with others until its
#: turn comes again, and all would keep their most.
LARGE = 2**26

#: How many times the FLOPs of what was measured a case may have for its time to be foretold. From a
#: pass of 24 kFLOP, which is overhead, one of 15 GFLOP would have taken 300 times what it did.
FAR = 1000

_BYTES = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True)
class ResourceLimits:
    """What one measurement of a case may take.

    Parameters
    ----------
    seconds
        Until it is given up.
    memory
        Bytes; None for `SHARE` of what its device has free when the run begins.
    """

    seconds: float = 300.0
    memory: float | None = None


class Forecast:
    """Tells the cases that will not fit, before they are measured.

    Parameters
    ----------
    budget
        What one may take.
    gpu
        Bytes that are free on the GPU.
    """

    def __init__(self, budget: ResourceLimits, gpu: float = inf) -> None:
        free = {"cpu": free_memory(), "cuda": gpu}
        self._seconds = budget.seconds
        self._memory = {
            device: SHARE * bytes if budget.memory is None else budget.memory
            for device, bytes in free.items()
        }
        self._per_flop: dict[tuple[object, ...], float] = defaultdict(lambda: 0.0)
        self._most_flops: dict[tuple[object, ...], float] = defaultdict(lambda: 0.0)
        self._per_byte: dict[tuple[object, ...], float] = defaultdict(lambda: 1.0)

    def refusal(self, case: Case) -> str:
        """Why a case is not to be measured; empty where it may be."""
        bytes = bytes_of(case) * self._per_byte[_kind(case)]
        if bytes > (most := self._memory[case.device]):
            return f"it would take {bytes / 2**30:.3g} GiB of memory; {most / 2**30:.3g} may be had"
        flops = flops_of(case)
        seconds = PASSES * flops * self._per_flop[_kind(case)]
        if seconds > self._seconds and flops <= FAR * self._most_flops[_kind(case)]:
            return f"it would take {seconds:.3g} s at least; {self._seconds:.3g} may be had"
        return ""

    def learn(self, measurement: Measurement, bytes: float = 0.0) -> None:
        """Take note of what a case took.

        Parameters
        ----------
        measurement
            What came out. The fastest rate counts: small cases are slow for their FLOPs, and would
            refuse what could be measured.
        bytes
            Memory it was seen to take at most; 0 where that is not known.
        """
        case, kind = measurement.case, _kind(measurement.case)
        if measurement.values:
            flops = flops_of(case)
            self._per_flop[kind] = min(self._per_flop[kind] or inf, min(measurement.values) / flops)
            self._most_flops[kind] = max(self._most_flops[kind], flops)
        if (counted := bytes_of(case)) >= LARGE:
            self._per_byte[kind] = max(self._per_byte[kind], bytes / counted)


def _kind(case: Case) -> tuple[object, ...]:
    """Say what a case shares with others of its law."""
    return case.layer, case.device, case.mode, case.options, case.dtype, case.threads


@lru_cache(maxsize=2**14)
def flops_of(case: Case) -> float:
    """FLOPs of a forward pass by theory."""
    return case.batch * _number(get(case.layer).tied_theory().flops, case)


@lru_cache(maxsize=2**14)
def bytes_of(case: Case) -> float:
    """Bytes that a case takes by theory: weights, inputs and what a pass holds.

    A pass with gradients holds what it keeps for them too, and one for each input and weight.
    """
    layer = get(case.layer)
    theory = layer.tied_theory()
    held, weights = activations(layer), theory.parameters
    if case.mode != "forward":
        held, weights = 2 * held + theory.memory, 2 * weights
    return _bytes(case, held, weights)


@lru_cache(maxsize=2**14)
def standing_bytes(case: Case) -> float:
    """Bytes of what is there before and after a pass: weights, inputs and, at most, an output.

    A pass for gradients alone stands on the activations too, and a graph on all that it holds.
    """
    if case.mode == "backward" or "graph" in case.options:
        return bytes_of(case)
    layer = get(case.layer)
    return _bytes(case, operands(layer), layer.tied_theory().parameters)


def _bytes(case: Case, held: Expr, weights: Expr) -> float:
    return _BYTES[case.dtype] * (case.batch * _number(held, case) + _number(weights, case))


def _number(expr: Expr, case: Case) -> float:
    return float(_function(expr, tuple(case.sizes))(*map(float, case.sizes.values())))


@lru_cache(maxsize=2**10)  # to put sizes into an expression takes some 0.3 ms each time
def _function(expr: Expr, letters: tuple[str, ...]) -> Callable[..., float]:
    # Of Python's mathematics: SymPy would load SciPy, which takes half a second.
    made: Callable[..., float] = sympy.lambdify([SYMBOLS[each] for each in letters], expr, "math")
    return made


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
