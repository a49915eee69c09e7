"""Carry out a plan: measure what the store lacks, keep each measurement, tell of the progress."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import NamedTuple, Protocol

import pandas as pd

from ..layers import get
from ..layers.theory import put
from .calibration import calibrate, uncalibrated
from .case import Case, Measurement
from .crew import crew_for, desk
from .machine import fingerprint, machine_id
from .memory import PEAK
from .planning import Plan, plan
from .store import Run, Store
from .table import CHECK, PARTS

#: Steps of a pass whose peak memory is measured at most.
PEAK_STEPS = 272

#: Rounds in which checks are measured.
CHECKS = 5


class Point(NamedTuple):
    """Where to measure: a layer, its device, its pass and its sizes."""

    layer: str
    device: str
    mode: str
    sizes: Mapping[str, int]


@dataclass(frozen=True)
class Progress:
    """How far a run is, after one more measurement.

    Parameters
    ----------
    measurement
        What was just measured and kept.
    done, total
        Measurements of the whole run, those of earlier processes included.
    layer_done, layer_total
        The same of the measurement's layer, over all devices.
    seconds_left
        Estimated from what each case took before; a case not yet measured counts as the mean of
        the others, which the shuffled order makes a fair sample.
    """

    measurement: Measurement
    done: int
    total: int
    layer_done: int
    layer_total: int
    seconds_left: float

    @property
    def layer(self) -> str:
        """Name of the layer that was measured."""
        return self.measurement.case.layer


def begin(plan: Plan, store: Store, *, fresh: bool = False) -> Run:
    """Find or file the run of a plan on this machine; `fresh` deletes what it has measured."""
    facts = fingerprint()
    run = store.begin(plan.settings(), machine_id(facts), facts)
    if fresh:
        store.clear(run)
    return run


def carry_out(plan: Plan, store: Store, run: Run) -> Generator[Progress, None, None]:
    """Measure what a run lacks, and yield after each measurement that was kept.

    The caller's code between two steps runs in the same process, so it may draw, but not from
    another thread: that would disturb the next measurement. A case that failed is not tried
    again in later rounds. Close the generator when leaving early, to release the controls.
    """
    known = _passes(store, run)
    failed = {m.case for m in known if m.status != "ok"}
    done = {(m.round, m.case) for m in known}
    pending = [
        (round, case)
        for round, case in plan.measurements()
        if (round, case) not in done and case not in failed
    ]
    if not pending:
        return
    totals = Counter(case.layer for case in plan.cases)
    estimate = _Estimate(case for _, case in pending)
    with crew_for(plan, store, run) as crew:
        while pending:
            round, case = pending.pop(0)
            start = monotonic()
            result = crew.measure(round, case)
            store.add(run, result)
            if result.status != "ok":
                pending = [(r, other) for r, other in pending if other != case]
            estimate.learn(case, monotonic() - start, again=result.status == "ok")
            layer_total = totals[case.layer] * plan.rounds
            yield Progress(
                result,
                done=plan.total - len(pending),
                total=plan.total,
                layer_done=layer_total - estimate.measurements(case.layer),
                layer_total=layer_total,
                seconds_left=estimate.seconds(),
            )


class Planner(Protocol):
    """Says which case to measure next, by what was measured so far; `analysis` has one."""

    def next(self, made: Sequence[Measurement]) -> Case | None:
        """Give a case of the plan; None where it is enough."""


def carry_out_by(
    planner: Planner, plan: Plan, store: Store, run: Run
) -> Generator[Measurement, None, None]:
    """Measure the cases that a planner asks for, and yield after each that was kept.

    A case may be asked for again: each time is another round of it. What the store has already is
    shown to the planner first.
    """
    made = _passes(store, run)
    with crew_for(replace(plan, processes=1), store, run) as crew:
        while (case := planner.next(made)) is not None:
            result = crew.measure(sum(one.case == case for one in made), case)
            store.add(run, result)
            made.append(result)
            yield result


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
        As in `carry_out`; cases of which a pass failed are left out.
    progress
        As in `parts.take_apart`; what it draws, it draws between measurements.
    """
    from .parts import take_apart  # loads torch

    fine = {m.case for m in _passes(store, run) if m.status == "ok"}
    done = {m.case for m in store.measured(run) if m.metric in PARTS}
    cases = [case for case in plan.cases if case in fine and case not in done]
    if not cases:
        return
    with plan.controls.in_force() as record, desk(plan.controls) as at:
        process = store.add_process(run, record)
        for one in take_apart(
            cases, process=process, seed=plan.seed, calm=at.calm, progress=progress
        ):
            store.add(run, *one)


def measure_counts(plan: Plan, store: Store, run: Run) -> None:
    """Count what the layers of a run do, as far as the store lacks it; see `counting`.

    Parameters
    ----------
    plan, store, run
        As in `carry_out`; the counts have sizes of their own.
    """
    from .counting import COUNTED, count  # loads torch

    done = {m.case.layer for m in store.measured(run) if m.metric in COUNTED}
    cases = [case for case in plan.cases if case.layer not in done]
    for one in count(cases):
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
        As in `carry_out`; of layers that go step by step cases of more than `PEAK_STEPS` are left
        out, since each step adds to what the profiler records.
    progress
        Called with how much is done, how much there is to do, and what it is.
    """
    done = {m.case for m in store.measured(run) if m.metric == PEAK}
    todo = [case for case in plan.cases if case not in done and _steps(case) <= PEAK_STEPS]
    if not todo:
        return
    with crew_for(
        replace(plan, rounds=1, controls=replace(plan.controls, calm=False)), store, run
    ) as crew:
        for at, case in enumerate(todo, 1):
            store.add(run, crew.peak(case))
            progress(at, len(todo), "peaks of memory measured")


def _steps(case: Case) -> float:
    """Operations of a case that follow one another, by theory's order."""
    return float(put(get(case.layer).tied_theory().sequential_ops, case.sizes))


def measure_machine(plan: Plan, store: Store, run: Run) -> None:
    """Find out what this machine can do at its best, as far as the store lacks it; see `calibrate`.

    Parameters
    ----------
    plan, store, run
        As in `carry_out`; the devices, types and threads of the plan's cases count.
    """
    todo = uncalibrated(plan.cases, store.measured(run))
    if not todo:
        return
    with plan.controls.in_force() as record, desk(plan.controls) as at:
        process = store.add_process(run, record)
        for device, dtype, threads in todo:
            store.add(
                run,
                *calibrate(device, dtype, threads, process=process, seed=plan.seed, calm=at.calm),
            )


def measure_checks(
    plan: Plan,
    store: Store,
    run: Run,
    points: Sequence[Point],
    progress: Callable[[int, int, str], object] = lambda *_: None,
) -> None:
    """Measure passes at points that no law is fitted to, interleaved, as far as the store lacks it.

    Parameters
    ----------
    plan, store, run
        As in `carry_out`; what decides a case besides its sizes is that of the run.
    points
        Where.
    progress
        Called with how much is done, how much there is to do, and what it is.
    """
    like = {(case.layer, case.device, case.mode): case for case in plan.cases}
    cases = [replace(like[one.layer, one.device, one.mode], sizes=one.sizes) for one in points]
    done = {(m.round, m.case) for m in store.measured(run) if m.metric == CHECK}
    checks = replace(plan, cases=tuple(dict.fromkeys(cases)), rounds=CHECKS, processes=1)
    todo = [each for each in checks.measurements() if each not in done]
    if not todo:
        return
    with crew_for(checks, store, run) as crew:
        for at, (round, case) in enumerate(todo, 1):
            store.add(run, replace(crew.measure(round, case), metric=CHECK))
            progress(at, len(todo), "crossings checked")


def _passes(store: Store, run: Run) -> list[Measurement]:
    """Give what was measured of the times of whole passes, to be fitted."""
    return [one for one in store.measured(run) if one.metric == "seconds"]


def sweep(
    layers: str | Sequence[str] | None = None,
    *,
    profile: str = "standard",
    store: str | Path | None = None,
    fresh: bool = False,
    parts: bool = False,
    counts: bool = False,
    peaks: bool = False,
    progress: Callable[[Progress], object] | None = None,
    **settings: object,
) -> pd.DataFrame:
    """Measure layers over the grid of a profile.

    Parameters
    ----------
    layers
        A layer's name, several, or None for all that are registered.
    profile
        How much is measured: ``quick``, ``standard`` or ``full``.
    store
        File that keeps each measurement as it is done; the same call goes on where it was.
        None measures without one.
    fresh
        Begin anew, whatever the store has of this run.
    parts
        Whether to measure what passes consist of too, and what the machine can do at its best:
        they explain slopes, and tell a layer's share of it.
    counts, peaks
        Whether to count FLOPs, parameters, sequential operations and path lengths, and to measure
        the peak memory of passes.
    progress
        Called after each measurement.
    settings
        Further arguments of `plan`: `device`, `batch`, `dtype`, `threads`, `mode`, `options`,
        `rounds`, `repeats`, `seed`, `raw`.

    Returns
    -------
    pandas.DataFrame
        The tidy table, one row per repeat, seconds per pass; see `table.COLUMNS`.

    Raises
    ------
    KeyError, ValueError, DeviceUnavailable
        As `plan` does.
    StoreError
        If the store cannot be used.
    """
    todo = plan(layers, profile=profile, **settings)  # type: ignore[arg-type]
    with Store(store) as kept:
        run = begin(todo, kept, fresh=fresh)
        with closing(carry_out(todo, kept, run)) as steps:
            for step in steps:
                if progress is not None:
                    progress(step)
        if counts:
            measure_counts(todo, kept, run)
        if peaks:
            measure_peaks(todo, kept, run)
        if parts:
            measure_machine(todo, kept, run)
            measure_parts(todo, kept, run)
        return kept.table(run)


class _Estimate:
    """Measurements and seconds that are left of a run."""

    def __init__(self, pending: Iterable[Case]) -> None:
        self._left = Counter(pending)
        self._cost: dict[Case, float] = {}

    def learn(self, case: Case, seconds: float, *, again: bool) -> None:
        """Take note of what a case took, and whether its later rounds will be measured."""
        self._cost[case] = seconds
        self._left[case] = self._left[case] - 1 if again else 0

    def measurements(self, layer: str) -> int:
        return sum(left for case, left in self._left.items() if case.layer == layer)

    def seconds(self) -> float:
        known = sum(seconds * self._left[case] for case, seconds in self._cost.items())
        unknown = sum(self._left.values()) - sum(self._left[case] for case in self._cost)
        return known + unknown * sum(self._cost.values()) / len(self._cost)
