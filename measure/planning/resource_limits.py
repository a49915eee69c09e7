"""What a case may take, and what it will: theory times what was measured so far."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import inf

from ..cases import LARGE_BYTES, Case, Measurement, bytes_of, flops_of
from ..host import free_memory

#: Share of the memory that is free when a run begins which one case may take.
MEMORY_SHARE = 0.8

#: Passes of one measurement at least: one that is checked, one of warm-up, one that is timed.
MIN_PASSES = 3

#: How many times the FLOPs of what was measured a case may have for its time to be foretold. From a
#: pass of 24 kFLOP, which is overhead, one of 15 GFLOP would have taken 300 times what it did.
MAX_EXTRAPOLATION = 1000


@dataclass(frozen=True)
class ResourceLimits:
    """What one measurement of a case may take.

    Parameters
    ----------
    seconds
        Until it is given up.
    memory
        Bytes; None for `MEMORY_SHARE` of what its device has free when the run begins.
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
            device: MEMORY_SHARE * bytes if budget.memory is None else budget.memory
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
        seconds = MIN_PASSES * flops * self._per_flop[_kind(case)]
        if seconds > self._seconds and flops <= MAX_EXTRAPOLATION * self._most_flops[_kind(case)]:
            return f"it would take {seconds:.3g} s at least; {self._seconds:.3g} may be had"
        return ""

    def record(self, measurement: Measurement, bytes: float = 0.0) -> None:
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
        if (counted := bytes_of(case)) >= LARGE_BYTES:
            self._per_byte[kind] = max(self._per_byte[kind], bytes / counted)


def _kind(case: Case) -> tuple[object, ...]:
    """Say what a case shares with others of its law."""
    return case.layer, case.device, case.mode, case.options, case.dtype, case.threads
