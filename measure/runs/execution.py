"""Execute a plan: measure what the store lacks, store each measurement, report progress."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Protocol

from ..cases import SECONDS, Case, Measurement
from ..workers import open_executor
from .active_run import ActiveRun
from .reading import CaseCount

#: Most seconds of a block of measurements that one task makes: a stopped run loses at most this.
BLOCK_SECONDS = 0.3


@dataclass(frozen=True)
class Progress:
    """How far a run is, after one more measurement.

    Parameters
    ----------
    measurement
        The measurement that was just stored.
    done, total
        Measurements of the whole run, including those before it was resumed.
    layer_done, layer_total
        The same for the measurement's layer, over all devices.
    seconds_left
        Estimated from the times of each case; a case not yet measured counts as the mean of the
        others, a fair sample thanks to the shuffled order.
    running, waited
        Seconds since this process began in which passes ran, and in which it waited.
    """

    measurement: Measurement
    done: int
    total: int
    layer_done: int
    layer_total: int
    seconds_left: float
    running: float
    waited: float

    @property
    def layer(self) -> str:
        """Name of the layer that was measured."""
        return self.measurement.case.layer


def execute(run: ActiveRun) -> Generator[Progress, None, None]:
    """Measure what a run lacks, and yield after each stored measurement.

    Between two steps the caller's code may show progress, but not from another thread, which would
    disturb the next measurement. A case that failed is not tried again in later rounds. Close the
    generator when leaving early, to release the controls.
    """
    plan, pending = run.plan, _pending(run)
    if not pending:
        return
    totals = Counter(case.layer for case in plan.cases)
    estimate = _Estimate(case for _, case in pending)
    with open_executor(plan, run.add_process) as executor:
        while pending:
            block = estimate.next_block(pending)
            for _ in block:
                pending.popleft()
            round, start = block[0][0], monotonic()
            made = executor.measure_all(round, [case for _, case in block])
            run.add(*made)
            spent = (monotonic() - start) / len(block)
            for at, result in enumerate(made, 1):
                if result.status != "ok":
                    pending = deque(each for each in pending if each[1] != result.case)
                estimate.record(result.case, spent, again=result.status == "ok")
                layer_total = totals[result.case.layer] * plan.rounds
                yield Progress(
                    result,
                    done=plan.total - len(pending) - len(block) + at,
                    total=plan.total,
                    layer_done=layer_total - estimate.measurements(result.case.layer),
                    layer_total=layer_total,
                    seconds_left=estimate.seconds(),
                    running=executor.running,
                    waited=executor.waited,
                )


def _pending(run: ActiveRun) -> deque[tuple[int, Case]]:
    """Return the rounds and cases that are left to measure, in order.

    A complete run is recognised by the numbers of its cases' measurements, without reading them.
    """
    counts = run.counts(SECONDS.name)
    complete = {one.case for one in counts if one.status != "ok" or _has_all(one, run.plan.rounds)}
    left = set(run.plan.cases) - complete
    if not left:
        return deque()
    partly = any(one.case in left for one in counts)
    known = run.with_metrics(SECONDS.name) if partly else []
    done = {(one.round, one.case) for one in known if one.case in left}
    todo = run.plan.measurements()
    return deque(each for each in todo if each[1] in left and each not in done)


def _has_all(count: CaseCount, rounds: int) -> bool:
    """Return whether a case has all rounds up to its last one, and that is the last or later."""
    return count.measurements == count.last_round + 1 >= rounds


class Planner(Protocol):
    """Chooses the case to measure next, as `experiments.AdaptivePlanner` does."""

    def next(self, made: Sequence[Measurement]) -> Case | None:
        """Return the next case of the plan; None to stop."""


def execute_adaptively(planner: Planner, run: ActiveRun) -> Generator[Measurement, None, None]:
    """Measure the cases that a planner chooses, and yield each stored measurement.

    A case may be chosen again: each time is another round of it. Earlier measurements are shown to
    the planner first.
    """
    made = run.with_metrics(SECONDS.name)
    rounds = Counter(one.case for one in made)
    with open_executor(replace(run.plan, processes=1), run.add_process) as executor:
        while (case := planner.next(made)) is not None:
            result = executor.measure(rounds[case], case)
            run.add(result)
            made.append(result)
            rounds[case] += 1
            yield result


class _Estimate:
    """Estimates the remaining measurements and seconds of a run, and forms blocks of cases."""

    def __init__(self, pending: Iterable[Case]) -> None:
        self._left = Counter(pending)
        self._layers: Counter[str] = Counter()
        for case, left in self._left.items():
            self._layers[case.layer] += left
        self._unknown = sum(self._left.values())  # measurements of cases not yet measured
        self._cost: dict[Case, float] = {}
        self._known = self._costs = 0.0  # seconds left of the others, and of one round of them

    def record(self, case: Case, seconds: float, *, again: bool) -> None:
        """Record the seconds of a case, and whether its later rounds will be measured."""
        before, left = self._left[case], self._left[case] - 1 if again else 0
        self._left[case] = left
        self._layers[case.layer] -= before - left
        if case in self._cost:
            self._known -= self._cost[case] * before
            self._costs -= self._cost[case]
        else:
            self._unknown -= before
        self._cost[case] = seconds
        self._known += seconds * left
        self._costs += seconds

    def next_block(self, pending: Sequence[tuple[int, Case]]) -> list[tuple[int, Case]]:
        """Return the next measurements of one process in one round, up to `BLOCK_SECONDS`.

        A case that was not measured yet is a block of its own, since it may crash.
        """
        (round, first), seconds = pending[0], 0.0
        block = [pending[0]]
        for each, case in pending:
            if (each, case.layer, case.device) != (round, first.layer, first.device):
                break
            if case not in self._cost or (seconds := seconds + self._cost[case]) > BLOCK_SECONDS:
                break
            block.append((each, case))
        return block[1:] or block

    def measurements(self, layer: str) -> int:
        return self._layers[layer]

    def seconds(self) -> float:
        return max(self._known, 0.0) + self._unknown * self._costs / len(self._cost)
