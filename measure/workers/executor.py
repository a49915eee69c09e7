"""Executors: they measure in a process per layer and device, or in the calling process.

A process may be slow or fast as a whole, by where its code and memory lie. So each layer is
measured in several processes one after another (`run_plan.PROCESSES`), each of which measures all
of its points in some of the rounds: differences between processes then show as spread between
rounds, not as a bias.
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
from .forkserver import ForkServer, Task, can_fork
from .worker import (
    DISTURBED,
    CaseResult,
    Worker,
    measure_all_in_worker,
    open_worker,
    peak_in_worker,
    process_record,
)
from .worker_errors import (
    ForkServerDied,
    WorkerDied,
    WorkerError,
    WorkerOutOfMemory,
    WorkerTimeout,
)

Answer = TypeVar("Answer")

#: Bytes of a process on the GPU: its context, libraries and stored passes.
_GPU_CONTEXT = 3 * 2**28

#: Most seconds for a process to start: to touch its heap and warm up.
_START = 120.0


#: Registers a process of the run, given the controls in force; returns its number.
RegisterProcess = Callable[[Mapping[str, str]], int]


class Executor(Protocol):
    """Measures cases, and registers the processes that measure.

    Attributes
    ----------
    running, waited
        Total seconds for which passes ran, and that were waited at the noise gate.
    """

    running: float
    waited: float

    def measure(self, round: int, case: Case) -> Measurement:
        """Measure a case as planned, if possible while the machine is quiet."""

    def measure_all(self, round: int, cases: Sequence[Case]) -> list[Measurement]:
        """Measure cases of one layer on one device, one after another, as one task."""

    def peak(self, case: Case) -> Measurement:
        """Measure the peak memory of a case's pass."""


@contextmanager
def open_executor(plan: Plan, register_process: RegisterProcess) -> Iterator[Executor]:
    """Open the executor of a plan.

    If the system cannot fork, or a layer cannot be imported from its module (it was defined in a
    notebook), the calling process measures, and the record of the controls says so.
    """
    forecast = Forecast(plan.limits, _gpu_memory(plan))
    modules, reason = _modules(plan.layers)
    if not plan.controls.isolation:
        reason = "isolation is off"
    elif not can_fork():
        reason = "this system cannot fork safely"
    if reason:
        with open_worker(plan.controls, f"the calling process: {reason}") as worker:
            yield _InProcessExecutor(plan, register_process(worker.record), forecast, worker)
    else:
        with closing(_ForkingExecutor(plan, register_process, forecast, modules)) as executor:
            yield executor


def _gpu_memory(plan: Plan) -> float:
    """Return the free bytes on the GPU without those that each process needs for itself.

    At least a quarter of the free memory is returned; on a small GPU cases may then run out of it.
    """
    if all(case.device != "cuda" for case in plan.cases):
        return inf
    free = free_gpu_memory()
    return max(free - _GPU_CONTEXT * len(plan.layers), free / 4)


def _modules(layers: Sequence[str]) -> tuple[list[str], str]:
    """Return the modules that define layers, and the reason if one cannot be imported elsewhere."""
    places = [import_path(name) for name in layers]
    if None in places:
        name = layers[places.index(None)]
        return [], f"the layer {name!r} is in no module that another process can import"
    return list(dict.fromkeys(place for place in places if place)), ""


class _BaseExecutor:
    """The base of both executors: it skips cases that exceed limits, and records rates and notes.

    Attributes
    ----------
    number
        Number of the process that was registered last.
    """

    def __init__(self, plan: Plan, forecast: Forecast) -> None:
        # Without its cases the plan is small to send with each task.
        self._plan, self._forecast = replace(plan, cases=()), forecast
        self._wait_budget, self._usual_time = WaitBudget(), UsualTime()
        # Notes on outputs that were checked: with the same seed they are the same.
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
        """Measure cases of one process that are within the limits."""
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
            if len(cases) > 1:  # one by one, to find which of them failed
                return [one for case in cases for one in self._measured(round, [case])]
            return [Measurement(cases[0], self.number, round, (), _status(done), str(done))]
        for one in done:
            self._record(one)
        return [self._with_memory_limit(one.measurement) for one in done]

    def _with_memory_limit(self, made: Measurement) -> Measurement:
        """Name the limit in the note of a measurement whose memory ran out."""
        limit = self._forecast.memory_limit(made.case)
        if made.status != "oom" or limit is None:
            return made
        return replace(made, note=f"{made.note}; the limit is {limit / 2**30:.3g} GiB (--memory)")

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
        return self._with_memory_limit(done)

    def _ask(self, round: int, case: Case, task: Callable[..., Answer]) -> Answer | WorkerError:
        """Send a task to a case's process; the task gets the process's number as `process`."""
        raise NotImplementedError


class _InProcessExecutor(_BaseExecutor):
    """Measures in the calling process, without protection from crashes."""

    def __init__(self, plan: Plan, number: int, forecast: Forecast, worker: Worker) -> None:
        super().__init__(plan, forecast)
        self.number, self._worker = number, worker

    def _ask(self, round: int, case: Case, task: Callable[..., Answer]) -> Answer | WorkerError:
        return task(self._worker, process=self.number)


class _ForkingExecutor(_BaseExecutor):
    """Measures in forked processes, one at a time."""

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
        # The fork servers of the current generation and of later ones.
        self._forkservers: dict[int, ForkServer] = {}
        self._generation = -1
        self._numbers: dict[str, int] = {}  # of the current processes, by name

    def _ask(self, round: int, case: Case, task: Callable[..., Answer]) -> Answer | WorkerError:
        answer = self._answer_or_error(round, case, task)
        if isinstance(answer, ForkServerDied):  # perhaps not because of the case
            answer = self._answer_or_error(round, case, task)
        return answer

    def _answer_or_error(
        self, round: int, case: Case, task: Callable[..., Answer]
    ) -> Answer | WorkerError:
        try:
            number = self._number(case, round)
            answer: Answer = self._send(
                case,
                partial(task, process=number),
                self._plan.limits.seconds,
                self._forecast.memory_limit(case),
            )
            return answer
        except WorkerError as error:
            self._numbers.pop(_name(case), None)  # the next process of that name is a new one
            return error

    def close(self) -> None:
        """End all processes, at the same time."""
        for forkserver in self._forkservers.values():
            forkserver.begin_to_close()
        for forkserver in self._forkservers.values():
            forkserver.close()
        self._forkservers.clear()

    def _number(self, case: Case, round: int) -> int:
        """Return the number of the process of a case and round; register it if it is new."""
        self._start_generation(self._plan.generation(round))
        name = _name(case)
        if name not in self._numbers:
            record = self._send(case, process_record, _START)
            self.number = self._numbers[name] = self._register_process(record)
        return self._numbers[name]

    def _start_generation(self, generation: int) -> None:
        """Start a generation's fork server and close earlier ones."""
        if generation == self._generation and self._forkservers[generation].alive:
            return
        for earlier in [each for each in self._forkservers if each <= generation]:
            if earlier < generation or not self._forkservers[earlier].alive:
                self._forkservers.pop(earlier).close()
        if generation not in self._forkservers:
            # All later ones are started at once: they load torch in parallel, and none of them
            # while something is measured.
            for each in range(generation, self._plan.generation(self._plan.rounds - 1) + 1):
                if each not in self._forkservers:
                    self._forkservers[each] = ForkServer(modules=self._modules)
        self._generation = generation
        self._numbers.clear()
        for each, forkserver in self._forkservers.items():
            with suppress(WorkerError) if each != generation else nullcontext():
                forkserver.wait()  # a later one that died is restarted when it is needed

    def _send(self, case: Case, task: Task, seconds: float, memory: float | None = None) -> Any:
        context = partial(
            open_worker, self._plan.controls, "one for each layer and device", self._processes
        )
        return self._forkservers[self._generation].ask(_name(case), context, task, seconds, memory)


def _name(case: Case) -> str:
    return f"{case.layer} {case.device}"


def _status(error: WorkerError) -> Status:
    if isinstance(error, WorkerTimeout):
        return "timeout"
    if isinstance(error, WorkerOutOfMemory):
        return "oom"
    killed = isinstance(error, WorkerDied) and error.signal == SIGKILL
    return "oom" if killed else "error"
