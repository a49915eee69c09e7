"""Limits of seconds and memory, and forecasts of what a case needs, scaled by measurements."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import inf

from ..cases import LARGE_BYTES, Case, Measurement, bytes_of, flops_of
from ..host import free_memory

#: Share of the free memory at the start of a run that one case may take.
MEMORY_SHARE = 0.8

#: Fewest passes of a measurement: one to check the output, one to warm up, one that is timed.
MIN_PASSES = 3

#: Largest ratio of a case's FLOPs to those measured for which its time is forecast. From a pass of
#: 24 kFLOP, mostly overhead, the forecast for 15 GFLOP was 300 times the measured time.
MAX_EXTRAPOLATION = 1000


@dataclass(frozen=True)
class ResourceLimits:
    """The limits of one measurement of a case.

    Parameters
    ----------
    seconds
        Seconds until it is stopped.
    memory
        Bytes; None for `MEMORY_SHARE` of the device's free memory when the run begins.
    """

    seconds: float = 300.0
    memory: float | None = None

    def memory_of_cpu(self) -> float:
        """Return the limit of memory in bytes, as of now if it depends on what is free."""
        return MEMORY_SHARE * free_memory() if self.memory is None else self.memory


class Forecast:
    """Forecasts which cases exceed the limits, before they are measured.

    Parameters
    ----------
    limits
        The limits of one case.
    gpu
        Free bytes on the GPU.
    """

    def __init__(self, limits: ResourceLimits, gpu: float = inf) -> None:
        self._seconds = limits.seconds
        self._memory = {
            "cpu": limits.memory_of_cpu(),
            "cuda": MEMORY_SHARE * gpu if limits.memory is None else limits.memory,
        }
        self._per_flop: dict[tuple[object, ...], float] = defaultdict(lambda: 0.0)
        self._most_flops: dict[tuple[object, ...], float] = defaultdict(lambda: 0.0)
        self._per_byte: dict[tuple[object, ...], float] = defaultdict(lambda: 1.0)

    def refusal(self, case: Case) -> str:
        """Return why a case is not measured; empty if it is within the limits."""
        bytes = bytes_of(case) * self._per_byte[_kind(case)]
        if bytes > (most := self._memory[case.device]):
            return (
                f"it needs {bytes / 2**30:.3g} GiB of memory, the limit is {most / 2**30:.3g} GiB "
                "(--memory)"
            )
        flops = flops_of(case)
        seconds = MIN_PASSES * flops * self._per_flop[_kind(case)]
        if seconds > self._seconds and flops <= MAX_EXTRAPOLATION * self._most_flops[_kind(case)]:
            return (
                f"it needs at least {seconds:.3g} s, the limit is {self._seconds:.3g} s (--timeout)"
            )
        return ""

    def memory_limit(self, case: Case) -> float | None:
        """Return the most bytes that a case may take on the CPU; None on a GPU, which has its own.

        A process that uses a GPU also maps its memory, which is no memory of the CPU.
        """
        return self._memory["cpu"] if case.device == "cpu" else None

    def record(self, measurement: Measurement, bytes: float = 0.0) -> None:
        """Record the time and memory that a case took.

        Parameters
        ----------
        measurement
            The result. The fastest rate counts: small cases are slow for their FLOPs, and would
            exclude cases that can be measured.
        bytes
            Peak memory of the case; 0 if unknown.
        """
        case, kind = measurement.case, _kind(measurement.case)
        if measurement.values and (flops := flops_of(case)):  # a layer may have no FLOPs
            self._per_flop[kind] = min(self._per_flop[kind] or inf, min(measurement.values) / flops)
            self._most_flops[kind] = max(self._most_flops[kind], flops)
        if (counted := bytes_of(case)) >= LARGE_BYTES:
            self._per_byte[kind] = max(self._per_byte[kind], bytes / counted)


def _kind(case: Case) -> tuple[object, ...]:
    """Return what the cases of one law have in common."""
    return case.layer, case.device, case.mode, case.options, case.dtype, case.threads
