"""What is measured beside the times of passes: what they consist of, counts, peaks of memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ...layers import get, subs
from ..cases import CHECK_SECONDS, PARTS, PEAK_BYTES, SECONDS, Case, Measurement
from ..planning import Plan
from ..timing import calibrate, uncalibrated
from ..workers import open_executor, open_worker
from .store import Run, Store

#: Steps of a pass whose peak memory is measured at most.
PEAK_STEPS = 272

#: Rounds in which checks are measured.
CHECKS = 5


class CheckPoint(NamedTuple):
    """Where to measure: a layer, its device, its pass and its sizes."""

    layer: str
    device: str
    mode: str
    sizes: Mapping[str, int]


def measure_parts(
    plan: Plan,
    store: Store,
    run: Run,
    progress: Callable[[int, int, str], object] = lambda *_: None,
) -> None:
    """Measure what the passes of a run consist of, as far as the store lacks it.

    Parameters
    ----------
    plan, store, run
        As in `execute`; cases of which a pass failed are left out.
    progress
        As in `parts.take_apart`; what it draws, it draws between measurements.
    """
    from ..operations import take_apart  # loads torch

    fine = {m.case for m in passes(store, run) if m.status == "ok"}
    done = {m.case for m in store.measured(run) if m.metric in PARTS}
    cases = [case for case in plan.cases if case in fine and case not in done]
    if not cases:
        return
    with open_worker(plan.controls) as at:
        process = store.add_process(run, at.record)
        for one in take_apart(
            cases, process=process, seed=plan.seed, noise_gate=at.noise_gate, progress=progress
        ):
            store.add(run, *one)


def measure_counts(plan: Plan, store: Store, run: Run) -> None:
    """Count what the layers of a run do, as far as the store lacks it; see `counting`.

    Parameters
    ----------
    plan, store, run
        As in `execute`; the counts have sizes of their own.
    """
    from ..counting import COUNTED, count  # loads torch

    done = {replace(m.case, sizes={}) for m in store.measured(run) if m.metric in COUNTED}
    for one in count(case for case in plan.cases if replace(case, sizes={}) not in done):
        store.add(run, *one)


def measure_peaks(
    plan: Plan,
    store: Store,
    run: Run,
    progress: Callable[[int, int, str], object] = lambda *_: None,
) -> None:
    """Measure the peak memory of the passes of a run, as far as the store lacks it.

    Parameters
    ----------
    plan, store, run
        As in `execute`; of layers that go step by step cases of more than `PEAK_STEPS` are left
        out, since each step adds to what the profiler records.
    progress
        Called with how much is done, how much there is to do, and what it is.
    """
    done = {m.case for m in store.measured(run) if m.metric == PEAK_BYTES.name}
    todo = [case for case in plan.cases if case not in done and _steps(case) <= PEAK_STEPS]
    if not todo:
        return
    with open_executor(
        replace(plan, rounds=1, controls=replace(plan.controls, noise_gate=False)), store, run
    ) as executor:
        for at, case in enumerate(todo, 1):
            store.add(run, executor.peak(case))
            progress(at, len(todo), "peaks of memory measured")


def _steps(case: Case) -> float:
    """Operations of a case that follow one another, by theory's order."""
    return float(subs(get(case.layer).tied_theory().sequential_ops, case.sizes))


def measure_machine(plan: Plan, store: Store, run: Run) -> None:
    """Find out what this machine can do at its best, as far as the store lacks it; see `calibrate`.

    Parameters
    ----------
    plan, store, run
        As in `execute`; the devices, types and threads of the plan's cases count.
    """
    todo = uncalibrated(plan.cases, store.measured(run))
    if not todo:
        return
    with open_worker(plan.controls) as at:
        process = store.add_process(run, at.record)
        for device, dtype, threads in todo:
            store.add(
                run,
                *calibrate(
                    device,
                    dtype,
                    threads,
                    process=process,
                    seed=plan.seed,
                    noise_gate=at.noise_gate,
                ),
            )


def measure_checks(
    plan: Plan,
    store: Store,
    run: Run,
    points: Sequence[CheckPoint],
    progress: Callable[[int, int, str], object] = lambda *_: None,
) -> None:
    """Measure passes at points that no law is fitted to, interleaved, as far as the store lacks it.

    Parameters
    ----------
    plan, store, run
        As in `execute`; what decides a case besides its sizes is that of the run.
    points
        Where.
    progress
        Called with how much is done, how much there is to do, and what it is.
    """
    like = {(case.layer, case.device, case.mode): case for case in plan.cases}
    cases = [replace(like[one.layer, one.device, one.mode], sizes=one.sizes) for one in points]
    done = {(m.round, m.case) for m in store.measured(run) if m.metric == CHECK_SECONDS.name}
    checks = replace(plan, cases=tuple(dict.fromkeys(cases)), rounds=CHECKS, processes=1)
    todo = [each for each in checks.measurements() if each not in done]
    if not todo:
        return
    with open_executor(checks, store, run) as executor:
        for at, (round, case) in enumerate(todo, 1):
            store.add(run, replace(executor.measure(round, case), metric=CHECK_SECONDS.name))
            progress(at, len(todo), "crossings checked")


def passes(store: Store, run: Run) -> list[Measurement]:
    """Give what was measured of the times of whole passes, to be fitted."""
    return [one for one in store.measured(run) if one.metric == SECONDS.name]
