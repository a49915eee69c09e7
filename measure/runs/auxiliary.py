"""Auxiliary measurements of a run: parts of passes, counts, peak memory, calibration, checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ...layers import evaluate, get
from ..cases import CALIBRATION, CHECK_SECONDS, PARTS, PEAK_BYTES, SECONDS, Case
from ..timing import calibrate, uncalibrated_conditions
from ..workers import open_executor, open_worker
from .active_run import ActiveRun

#: Most sequential steps of a pass whose peak memory is measured.
PEAK_STEPS = 272

#: Rounds in which check points are measured.
CHECK_ROUNDS = 5


class CheckPoint(NamedTuple):
    """A point at which a crossing is checked: layer, device, mode and sizes."""

    layer: str
    device: str
    mode: str
    sizes: Mapping[str, int]


def measure_parts(
    run: ActiveRun,
    progress: Callable[[int, int, str], object] = lambda *_: None,
) -> None:
    """Time the parts of the passes of a run that have no such measurements yet.

    Parameters
    ----------
    run
        The run; cases whose pass failed are left out.
    progress
        As in `operations.time_operations`; called between measurements.
    """
    from ..operations import time_operations  # loads torch

    fine = {one.case for one in run.counts(SECONDS.name) if one.status == "ok"}
    done = run.cases(*PARTS)
    cases = [case for case in run.plan.cases if case in fine and case not in done]
    if not cases:
        return
    with open_worker(run.plan.controls) as at:
        process = run.add_process(at.record)
        for one in time_operations(
            cases,
            process=process,
            seed=run.plan.seed,
            noise_gate=at.noise_gate,
            limit=run.plan.limits.seconds,
            memory=run.plan.limits.memory,
            progress=progress,
        ):
            run.add(*one)


def measure_counts(run: ActiveRun) -> None:
    """Count the layers of a run that were not counted yet; see `counting`.

    Parameters
    ----------
    run
        The run; layers are counted at sizes of their own.
    """
    from ..counting import COUNTED, count  # loads torch

    done = {replace(case, sizes={}) for case in run.cases(*COUNTED)}
    missing = [case for case in run.plan.cases if replace(case, sizes={}) not in done]
    limits = run.plan.limits
    for one in count(missing, seconds=limits.seconds, memory=limits.memory):
        run.add(*one)


def measure_peaks(
    run: ActiveRun,
    progress: Callable[[int, int, str], object] = lambda *_: None,
) -> None:
    """Measure the peak memory of the passes of a run that have no such measurement yet.

    Parameters
    ----------
    run
        The run; cases with more than `PEAK_STEPS` sequential steps are left out, since each step
        adds to the profiler's records.
    progress
        Called with the number done, the total, and a description.
    """
    plan, done = run.plan, run.cases(PEAK_BYTES.name)
    todo = [case for case in plan.cases if case not in done and _steps(case) <= PEAK_STEPS]
    if not todo:
        return
    ungated = replace(plan, rounds=1, controls=replace(plan.controls, noise_gate=False))
    with open_executor(ungated, run.add_process) as executor:
        for at, case in enumerate(todo, 1):
            run.add(executor.peak(case))
            progress(at, len(todo), "memory peaks measured")


def _steps(case: Case) -> float:
    """Return the sequential operations of a case, by theory's order."""
    return evaluate(get(case.layer).tied_theory().sequential_ops, case.sizes)


def measure_machine(run: ActiveRun) -> None:
    """Calibrate the machine for the cases of a run, where that was not done; see `calibrate`.

    Parameters
    ----------
    run
        The run; its cases' devices, dtypes and threads are calibrated.
    """
    todo = uncalibrated_conditions(run.plan.cases, run.cases(*CALIBRATION))
    if not todo:
        return
    with open_worker(run.plan.controls) as at:
        process = run.add_process(at.record)
        for device, dtype, threads in todo:
            found = calibrate(
                device,
                dtype,
                threads,
                process=process,
                seed=run.plan.seed,
                noise_gate=at.noise_gate,
            )
            run.add(*found)


def measure_checks(
    run: ActiveRun,
    points: Sequence[CheckPoint],
    progress: Callable[[int, int, str], object] = lambda *_: None,
) -> None:
    """Measure passes at check points, to which no law is fitted, if not done yet.

    Parameters
    ----------
    run
        The run; cases differ from those of its plan in their sizes alone.
    points
        The check points.
    progress
        Called with the number done, the total, and a description.
    """
    like = {(case.layer, case.device, case.mode): case for case in run.plan.cases}
    cases = [replace(like[one.layer, one.device, one.mode], sizes=one.sizes) for one in points]
    done = {(one.round, one.case) for one in run.with_metrics(CHECK_SECONDS.name)}
    checks = replace(run.plan, cases=tuple(dict.fromkeys(cases)), rounds=CHECK_ROUNDS, processes=1)
    todo = [each for each in checks.measurements() if each not in done]
    if not todo:
        return
    with open_executor(checks, run.add_process) as executor:
        for at, (round, case) in enumerate(todo, 1):
            run.add(replace(executor.measure(round, case), metric=CHECK_SECONDS.name))
            progress(at, len(todo), "crossings checked")
