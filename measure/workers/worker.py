"""Workers: they put the controls in force and measure one case after another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ...layers import torch
from ..cases import LARGE_BYTES, Case, Measurement, bytes_of
from ..host import AllocatedMemory, ResidentMemory, resident_memory
from ..planning import Plan
from ..timing import (
    Controls,
    NoiseGate,
    PassCache,
    RunningTimeClock,
    clock_for,
    give_back_memory,
    measure,
    peak_bytes,
)

#: The note of a measurement that was made although the machine was not quiet.
DISTURBED = "(measured while the machine was slower than usual)"


@dataclass
class Worker:
    """The state of a worker: noise gate, controls, pass cache.

    Attributes
    ----------
    noise_gate
        Its noise gate; None if the control is off.
    record
        Description of the controls in force.
    pass_cache
        Its cache of prepared passes.
    """

    noise_gate: NoiseGate | None
    record: Mapping[str, str]
    pass_cache: PassCache = field(default_factory=PassCache)
    _settled: int = field(default_factory=lambda: resident_memory())

    def release_memory(self, case: Case) -> None:
        """Return free memory to the system after a large case, for the other processes.

        A heap may be fragmented: a layer that stores a small output of each step and a large state
        grew it to 7 GiB.
        """
        if case.device == "cuda":
            torch.cuda.empty_cache()
        elif bytes_of(case) >= LARGE_BYTES or resident_memory() > self._settled + 2 * LARGE_BYTES:
            give_back_memory()
            self._settled = resident_memory()


class CaseResult(NamedTuple):
    """A measurement and the seconds and memory that it took.

    Attributes
    ----------
    measurement
        The measurement.
    running
        Seconds for which passes ran in the last try, warm-up included.
    waited
        Seconds waited at the noise gate.
    reference_seconds
        Seconds of the reference before that; 0 if the noise gate is off.
    bytes
        Peak memory of the process; 0 if unknown.
    """

    measurement: Measurement
    running: float = 0.0
    waited: float = 0.0
    reference_seconds: float = 0.0
    bytes: float = 0.0


@contextmanager
def open_worker(
    controls: Controls, process: str = "the calling process", processes: int = 1
) -> Iterator[Worker]:
    """Put controls in force and prepare this process for measuring.

    Parameters
    ----------
    controls
        The stabilisation controls.
    process, processes
        Description of this process, and the number of simultaneous processes.
    """
    with controls.in_force() as record:
        noise_gate = NoiseGate() if controls.noise_gate else None
        yield Worker(noise_gate, {**record, "process": process}, PassCache(processes=processes))


def process_record(worker: Worker) -> Mapping[str, str]:
    """Return the description of the controls in force."""
    return worker.record


def measure_in_worker(
    worker: Worker,
    plan: Plan,
    case: Case,
    round: int,
    process: int,
    most: float,
    usual: float | None = None,
    note: str | None = None,
) -> CaseResult:
    """Measure a case with a worker, waiting at the noise gate no longer than `most` seconds.

    The noise gate watches the processor, so passes on a GPU do not wait; `usual` is the usual time
    of its reference, from the readings of all processes.
    """
    gpu, large = case.device == "cuda", bytes_of(case) >= LARGE_BYTES
    seen = (AllocatedMemory() if gpu else ResidentMemory()) if large else None
    meter = RunningTimeClock(clock_for(case.device, flush="flush" in case.options))

    def work() -> Measurement:
        meter.seconds = 0.0  # a disturbed try does not count
        return measure(
            case,
            process=process,
            round=round,
            repeats=plan.repeats,
            seed=plan.seed,
            clock=meter,
            controls=plan.controls,
            note=note,
            maker=worker.pass_cache,
        )

    if worker.noise_gate is None or gpu:
        done = CaseResult(work())
    else:
        result, quiet, waited, reference_seconds = worker.noise_gate.run_gated(work, most, usual)
        if not quiet:
            result = replace(result, note=f"{result.note} {DISTURBED}".strip())
        done = CaseResult(result, waited=waited, reference_seconds=reference_seconds)
    done = done._replace(running=meter.seconds, bytes=seen.peak_growth() if seen else 0.0)
    worker.release_memory(case)
    return done


def measure_all_in_worker(
    worker: Worker,
    plan: Plan,
    cases: Sequence[tuple[Case, str | None]],
    round: int,
    process: int,
    most: float,
    usual: float | None = None,
) -> list[CaseResult]:
    """Measure cases, each with the note on its output; `most` limits their waiting together."""
    made: list[CaseResult] = []
    for case, note in cases:
        made.append(measure_in_worker(worker, plan, case, round, process, most, usual, note))
        most -= made[-1].waited
    return made


def peak_in_worker(worker: Worker, case: Case, process: int, seed: int) -> Measurement:
    """Measure the peak memory of a case's pass, with a worker."""
    found = peak_bytes(case, process=process, seed=seed)
    worker.release_memory(case)
    return found
