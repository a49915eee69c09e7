"""Executors: a process for each layer on each device measures, or the calling one does.

A process may be slow or fast as a whole, by where its code and memory lie. So each layer is
measured in several one after the other (`planning.PROCESSES`), each of which measures all points of
it in some of the rounds: what processes differ by then shows up as spread between rounds, and not
as a bias.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from math import inf
from signal import SIGKILL
from typing import Any, Protocol, TypeVar

from ...layers import import_path
from ..cases import PEAK_BYTES, Case, Measurement, Status
from ..host import free_gpu_memory
from ..planning import Forecast, Plan
from ..timing import UsualTime, WaitBudget
from .forkserver import (
    ForkServer,
    ForkServerDied,
    Task,
    WorkerDied,
    WorkerError,
    WorkerTimeout,
    can_fork,
)
from .worker import (
    DISTURBED,
    CaseResult,
    Worker,
    measure_all_in_worker,
    open_worker,
    peak_in_worker,
    process_record,
)

Answer = TypeVar("Answer")

#: Bytes of a process on the GPU: its context, the libraries it loads there, the passes it keeps.
_GPU_CONTEXT = 3 * 2**28

#: Seconds for a process to begin: to touch its heap and warm up.
_START = 120.0


#: Files a process of the run at hand, by the controls in force; gives its number.
RegisterProcess = Callable[[Mapping[str, str]], int]


class Executor(Protocol):
    """Measures cases, and files the processes that do.

    Attributes
    ----------
    running, waited
        Seconds for which passes ran, and seconds that were waited at the noise gate, so far.
    """

    running: float
    waited: float

    def measure(self, round: int, case: Case) -> Measurement:
        """Measure a case as the plan has it, in an undisturbed moment if one comes."""

    def measure_all(self, round: int, cases: Sequence[Case]) -> list[Measurement]:
        """Measure cases of one layer on one device, one after the other, as one task."""

    def peak(self, case: Case) -> Measurement:
        """Measure the peak memory of a case's pass."""


@contextmanager
def open_executor(plan: Plan, register_process: RegisterProcess) -> Iterator[Executor]:
    """Open what measures a plan, and files the processes that do.

    Where the system cannot fork, or a layer is not to be found in its module (it was written
    in a notebook), it is the calling process, and the record of the controls says so.
    """
    forecast = Forecast(plan.limits, _gpu_memory(plan))
    modules, reason = _modules(plan.layers)
    if not plan.controls.isolation:
        reason = "isolation is off"
    elif not can_fork():
        reason = "on this system none of its own can be forked"
    if reason:
        with open_worker(plan.controls, f"the calling one: {reason}") as worker:
            yield _InProcessExecutor(plan, register_process(worker.record), forecast, worker)
    else:
        with closing(_ForkingExecutor(plan, register_process, forecast, modules)) as executor:
            yield executor


def _gpu_memory(plan: Plan) -> float:
    """Bytes that are free on the GPU besides what each process needs there for itself.

    A quarter is taken to be so in any case: on a small GPU it is found out.
    """
    if all(case.device != "cuda" for case in plan.cases):
        return inf
    free = free_gpu_memory()
    return max(free - _GPU_CONTEXT * len(plan.layers), free / 4)


def _modules(layers: Sequence[str]) -> tuple[list[str], str]:
    """Modules that bring layers with them, and why another process could not have them so."""
    places = [import_path(name) for name in layers]
    if None in places:
        name = layers[places.index(None)]
        return [], f"the layer {name!r} is in no module that another one could import"
    return list(dict.fromkeys(place for place in places if place)), ""


class _BaseExecutor:
    """What both executors share: what does not fit is skipped, and rates and notes are remembered.

    Attributes
    ----------
    number
        Of the process that was filed last.
    """

    def __init__(self, plan: Plan, forecast: Forecast) -> None:
        # The cases of the plan need not go to another process with each of them.
        self._plan, self._forecast = replace(plan, cases=()), forecast
        self._wait_budget, self._usual_time = WaitBudget(), UsualTime()
        # What is known of outputs that were checked: with the same seed they are the same again.
        self._notes: dict[Case, str] = {}
        self.running = self.waited = 0.0
        self.number = 0

    def measure(self, round: int, case: Case) -> Measurement:
        return self.measure_all(round, [case])[0]

    def measure_all(self, round: int, cases: Sequence[Case]) -> list[Measurement]:
        refused = {case: why for case in cases if (why := self._forecast.refusal(case))}
        fit = [case for case in cases if case not in refused]
        made = {one.case: one for one in self._measured(round, fit)} if fit else {}
        return [
            made[case]
            if case in made
            else Measurement(case, self.number, round, (), "skipped", refused[case])
            for case in cases
        ]

    def _measured(self, round: int, cases: Sequence[Case]) -> list[Measurement]:
        """Measure cases of one process that fit."""
        task = partial(
            measure_all_in_worker,
            plan=self._plan,
            cases=[(case, self._notes.get(case)) for case in cases],
            round=round,
            most=self._wait_budget.left,
            usual=self._usual_time.seconds,
        )
        done = self._ask(round, cases[0], task)
        if isinstance(done, WorkerError):
            if len(cases) > 1:  # which of them it was is found out
                return [one for case in cases for one in self._measured(round, [case])]
            return [Measurement(cases[0], self.number, round, (), _status(done), str(done))]
        for one in done:
            self._record(one)
        return [one.measurement for one in done]

    def _record(self, done: CaseResult) -> None:
        self._wait_budget.spend(done.waited)
        self.running, self.waited = self.running + done.running, self.waited + done.waited
        if done.reference_seconds:
            self._usual_time.add(done.reference_seconds)
        self._forecast.record(done.measurement, done.bytes)
        if done.measurement.status == "ok":
            note = done.measurement.note.removesuffix(DISTURBED).strip()
            self._notes.setdefault(done.measurement.case, note)

    def peak(self, case: Case) -> Measurement:
        if why := self._forecast.refusal(case):
            return Measurement(case, self.number, 0, (), "skipped", why, PEAK_BYTES.name)
        done = self._ask(0, case, partial(peak_in_worker, case=case, seed=self._plan.seed))
        if isinstance(done, WorkerError):
            return Measurement(case, self.number, 0, (), _status(done), str(done), PEAK_BYTES.name)
        return done

    def _ask(self, round: int, case: Case, task: Callable[..., Answer]) -> Answer | WorkerError:
        """Have a case's process do a task, which gets its number as `process`."""
        raise NotImplementedError


class _InProcessExecutor(_BaseExecutor):
    """Measures in the calling process, which nothing protects."""

    def __init__(self, plan: Plan, number: int, forecast: Forecast, worker: Worker) -> None:
        super().__init__(plan, forecast)
        self.number, self._worker = number, worker

    def _ask(self, round: int, case: Case, task: Callable[..., Answer]) -> Answer | WorkerError:
        return task(self._worker, process=self.number)


class _ForkingExecutor(_BaseExecutor):
    """Measures in processes of their own, one at a time."""

    def __init__(
        self,
        plan: Plan,
        register_process: RegisterProcess,
        forecast: Forecast,
        modules: Sequence[str],
    ) -> None:
        super().__init__(plan, forecast)
        self._processes = len({_name(case) for case in plan.cases})
        self._register_process, self._modules = register_process, modules
        # Of the generations to come, and the present one.
        self._forkservers: dict[int, ForkServer] = {}
        self._generation = -1
        self._numbers: dict[str, int] = {}  # of the processes at work, by their name

    def _ask(self, round: int, case: Case, task: Callable[..., Answer]) -> Answer | WorkerError:
        answer = self._asked(round, case, task)
        if isinstance(answer, ForkServerDied):  # which may be nothing that the case did
            answer = self._asked(round, case, task)
        return answer

    def _asked(self, round: int, case: Case, task: Callable[..., Answer]) -> Answer | WorkerError:
        try:
            number = self._number(case, round)
            answer: Answer = self._send(
                case, partial(task, process=number), self._plan.limits.seconds
            )
            return answer
        except WorkerError as error:
            self._numbers.pop(_name(case), None)  # the next one of that name is another
            return error

    def close(self) -> None:
        """End all processes."""
        for forkserver in self._forkservers.values():
            forkserver.close()
        self._forkservers.clear()

    def _number(self, case: Case, round: int) -> int:
        """Give the number of the process that measures a case in a round; a new one is filed."""
        self._begin(self._plan.generation(round))
        name = _name(case)
        if name not in self._numbers:
            record = self._send(case, process_record, _START)
            self.number = self._numbers[name] = self._register_process(record)
        return self._numbers[name]

    def _begin(self, generation: int) -> None:
        """Have a generation's fork server ready, and no earlier one."""
        if generation == self._generation and self._forkservers[generation].alive:
            return
        for earlier in [each for each in self._forkservers if each <= generation]:
            if earlier < generation or not self._forkservers[earlier].alive:
                self._forkservers.pop(earlier).close()
        if generation not in self._forkservers:
            # All that are to come, at once: they load torch in parallel, and none of them
            # while something is measured.
            for each in range(generation, self._plan.generation(self._plan.rounds - 1) + 1):
                if each not in self._forkservers:
                    self._forkservers[each] = ForkServer(modules=self._modules)
        self._generation = generation
        self._numbers.clear()
        for each, forkserver in self._forkservers.items():
            with suppress(WorkerDied) if each != generation else nullcontext():
                forkserver.wait()  # another that died is begun anew when its turn comes

    def _send(self, case: Case, task: Task, seconds: float) -> Any:
        setting = partial(
            open_worker, self._plan.controls, "one for each layer and device", self._processes
        )
        return self._forkservers[self._generation].ask(_name(case), setting, task, seconds)


def _name(case: Case) -> str:
    return f"{case.layer} {case.device}"


def _status(error: WorkerError) -> Status:
    if isinstance(error, WorkerTimeout):
        return "timeout"
    killed = isinstance(error, WorkerDied) and error.signal == SIGKILL
    return "oom" if killed else "error"
