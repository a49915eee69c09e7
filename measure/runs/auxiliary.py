"""What is measured beside the times of passes: what they consist of, counts, peaks of memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ...layers import evaluate, get
from ..cases import CHECK_SECONDS, PARTS, PEAK_BYTES, SECONDS, Case
from ..timing import calibrate, uncalibrated_conditions
from ..workers import open_executor, open_worker
from .active_run import ActiveRun

#: Steps of a pass whose peak memory is measured at most.
PEAK_STEPS = 272

#: Rounds in which checks are measured.
CHECK_ROUNDS = 5


class CheckPoint(NamedTuple):
    """Where to measure: a layer, its device, its pass and its sizes."""

    layer: str
    device: str
    mode: str
    sizes: Mapping[str, int]


def measure_parts(
    run: ActiveRun,
    progress: Callable[[int, int, str], object] = lambda *_: None,
) -> None:
    """Measure what the passes of a run consist of, as far as that was not done yet.

    Parameters
    ----------
    run
        The run; cases of which a pass failed are left out.
    progress
        As in `operations.time_operations`; what it draws, it draws between measurements.
    """
    from ..operations import time_operations  # loads torch

    fine = {one.case for one in run.with_metrics(SECONDS.name) if one.status == "ok"}
    done = {one.case for one in run.with_metrics(*PARTS)}
    cases = [case for case in run.plan.cases if case in fine and case not in done]
    if not cases:
        return
    with open_worker(run.plan.controls) as at:
        process = run.add_process(at.record)
        for one in time_operations(
            cases, process=process, seed=run.plan.seed, noise_gate=at.noise_gate, progress=progress
        ):
            run.add(*one)


def measure_counts(run: ActiveRun) -> None:
    """Count what the layers of a run do, as far as that was not done yet; see `counting`.

    Parameters
    ----------
    run
        The run; the counts have sizes of their own.
    """
    from ..counting import COUNTED, count  # loads torch

    done = {replace(one.case, sizes={}) for one in run.with_metrics(*COUNTED)}
    for one in count(case for case in run.plan.cases if replace(case, sizes={}) not in done):
        run.add(*one)


def measure_peaks(
    run: ActiveRun,
    progress: Callable[[int, int, str], object] = lambda *_: None,
) -> None:
    """Measure the peak memory of the passes of a run, as far as that was not done yet.

    Parameters
    ----------
    run
        The run; of layers that go step by step cases of more than `PEAK_STEPS` are left out, since
        each step adds to what the profiler records.
    progress
        Called with how much is done, how much there is to do, and what it is.
    """
    plan, done = run.plan, {one.case for one in run.with_metrics(PEAK_BYTES.name)}
    todo = [case for case in plan.cases if case not in done and _steps(case) <= PEAK_STEPS]
    if not todo:
        return
    ungated = replace(plan, rounds=1, controls=replace(plan.controls, noise_gate=False))
    with open_executor(ungated, run.add_process) as executor:
        for at, case in enumerate(todo, 1):
            run.add(executor.peak(case))
            progress(at, len(todo), "peaks of memory measured")


def _steps(case: Case) -> float:
    """Operations of a case that follow one another, by theory's order."""
    return evaluate(get(case.layer).tied_theory().sequential_ops, case.sizes)


def measure_machine(run: ActiveRun) -> None:
    """Find out what this machine can do at its best, where that is not known; see `calibrate`.

    Parameters
    ----------
    run
        The run; the devices, types and threads of its plan's cases count.
    """
    todo = uncalibrated_conditions(run.plan.cases, run.measurements)
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
    """Measure passes at points that no law is fitted to, in turn, as far as that was not done yet.

    Parameters
    ----------
    run
        The run; what decides a case besides its sizes is that of its plan.
    points
        Where.
    progress
        Called with how much is done, how much there is to do, and what it is.
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
