"""Who measures: a process for each layer on each device, or the calling one.

A process may be slow or fast as a whole, by where its code and memory lie. So each layer is
measured in several one after the other (`planning.PROCESSES`), each of which measures all points of
it in some of the rounds: what processes differ by then shows up as spread between rounds, and not
as a bias.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from math import inf
from signal import SIGKILL
from typing import Any, Protocol, TypeVar

from ..layers import get
from .budget import Forecast
from .calm import Patience
from .case import Case, Measurement, Status
from .desk import Desk, desk, measure_at, peak_at, record_of
from .memory import PEAK
from .nursery import Nursery, Task, WorkerDied, WorkerError, WorkerTimeout, available
from .planning import Plan
from .store import Run, Store

Answer = TypeVar("Answer")

#: What libraries read when they load. NumPy's, which computes nothing here, would begin threads,
#: and a process that has some is not safe to fork.
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}

#: Seconds for a process to begin: to touch its heap and warm up.
_BEGIN = 120.0


class Crew(Protocol):
    """Measures cases, and files the processes that do.

    Attributes
    ----------
    running, waited
        Seconds for which passes ran, and seconds that were waited for calm, so far.
    """

    running: float
    waited: float

    def measure(self, round: int, case: Case) -> Measurement:
        """Measure a case as the plan has it, in a calm moment if one comes."""

    def peak(self, case: Case) -> Measurement:
        """Measure the peak memory of a case's pass."""


@contextmanager
def crew_for(plan: Plan, store: Store, run: Run) -> Iterator[Crew]:
    """Bring together who measures a plan.

    Where the system cannot fork, or a layer is not to be found by its module's name (it was written
    in a notebook), it is the calling process, and the record of the controls says so.
    """
    forecast = Forecast(plan.budget, run.machine)
    modules, reason = _modules(plan.layers)
    if not plan.controls.isolation:
        reason = "isolation is off"
    elif not available():
        reason = "on this system none of its own can be forked"
    with ExitStack() as stack:
        if reason:
            own = stack.enter_context(desk(plan.controls, f"the calling one: {reason}"))
            yield _Here(plan, store.add_process(run, own.record), forecast, own)
        else:
            yield stack.enter_context(closing(_Elsewhere(plan, store, run, forecast, modules)))


def _modules(layers: Sequence[str]) -> tuple[list[str], str]:
    """Modules that bring layers with them, and why another process could not have them so."""
    found = []
    for name in layers:
        cls = type(get(name))
        if getattr(sys.modules.get(cls.__module__), cls.__name__, None) is not cls or (
            cls.__module__ == "__main__"
        ):
            return [], f"the layer {name!r} is in no module that another one could import"
        if not cls.__module__.startswith("layerlaw."):
            found.append(cls.__module__)
    return list(dict.fromkeys(found)), ""


class _Crew:
    """What both have in common: what does not fit is skipped, and what was learnt is kept.

    Attributes
    ----------
    number
        Of the process that was filed last.
    """

    def __init__(self, plan: Plan, forecast: Forecast) -> None:
        # The cases of the plan need not go to another process with each of them.
        self._plan, self._forecast = replace(plan, cases=()), forecast
        self._patience, self._best = Patience(), inf
        self.running = self.waited = 0.0
        self.number = 0

    def measure(self, round: int, case: Case) -> Measurement:
        if why := self._forecast.refusal(case):
            return Measurement(case, self.number, round, (), "skipped", why)
        task = partial(
            measure_at,
            plan=self._plan,
            case=case,
            round=round,
            most=self._patience.left,
            best=self._best,
        )
        done = self._ask(round, case, task)
        if isinstance(done, WorkerError):
            return Measurement(case, self.number, round, (), _status(done), str(done))
        self._patience.spend(done.waited)
        self.running, self.waited = self.running + done.running, self.waited + done.waited
        self._best = min(self._best, done.best)
        self._forecast.learn(done.measurement, done.bytes)
        return done.measurement

    def peak(self, case: Case) -> Measurement:
        if why := self._forecast.refusal(case):
            return Measurement(case, self.number, 0, (), "skipped", why, PEAK)
        done = self._ask(0, case, partial(peak_at, case=case, seed=self._plan.seed))
        if isinstance(done, WorkerError):
            return Measurement(case, self.number, 0, (), _status(done), str(done), PEAK)
        return done

    def _ask(self, round: int, case: Case, task: Callable[..., Answer]) -> Answer | WorkerError:
        """Have a case's process do a task, which gets its number as `process`."""
        raise NotImplementedError


class _Here(_Crew):
    """Measures in the calling process, which nothing protects."""

    def __init__(self, plan: Plan, number: int, forecast: Forecast, desk: Desk) -> None:
        super().__init__(plan, forecast)
        self.number, self._desk = number, desk

    def _ask(self, round: int, case: Case, task: Callable[..., Answer]) -> Answer | WorkerError:
        return task(self._desk, process=self.number)


class _Elsewhere(_Crew):
    """Measures in processes of their own, one at a time."""

    def __init__(
        self, plan: Plan, store: Store, run: Run, forecast: Forecast, modules: Sequence[str]
    ) -> None:
        super().__init__(plan, forecast)
        self._store, self._run, self._modules = store, run, modules
        self._nursery: Nursery | None = None
        self._generation = -1
        self._numbers: dict[str, int] = {}  # of the processes at work, by their name

    def _ask(self, round: int, case: Case, task: Callable[..., Answer]) -> Answer | WorkerError:
        try:
            number = self._number(case, round)
            answer: Answer = self._send(
                case, partial(task, process=number), self._plan.budget.seconds
            )
            return answer
        except WorkerError as error:
            self._numbers.pop(_name(case), None)  # the next one of that name is another
            return error

    def close(self) -> None:
        """End all processes."""
        if self._nursery is not None:
            self._nursery.close()

    def _number(self, case: Case, round: int) -> int:
        """Give the number of the process that measures a case in a round; a new one is filed."""
        generation = self._plan.generation(round)
        if self._nursery is None or generation != self._generation or not self._nursery.alive:
            self.close()
            self._nursery, self._generation = Nursery(_ENVIRONMENT, self._modules), generation
            self._numbers.clear()
        name = _name(case)
        if name not in self._numbers:
            record = self._send(case, record_of, _BEGIN)
            self.number = self._numbers[name] = self._store.add_process(self._run, record)
        return self._numbers[name]

    def _send(self, case: Case, task: Task, seconds: float) -> Any:
        assert self._nursery is not None  # it is there with the number
        setting = partial(desk, self._plan.controls, "one for each layer and device")
        return self._nursery.ask(_name(case), setting, task, seconds)


def _name(case: Case) -> str:
    return f"{case.layer} {case.device}"


def _status(error: WorkerError) -> Status:
    if isinstance(error, WorkerTimeout):
        return "timeout"
    killed = isinstance(error, WorkerDied) and error.signal == SIGKILL
    return "oom" if killed else "error"
