"""The observer of a run: one object that is called at every stage, and may show progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..experiments import AdaptivePlanner
    from ..measure import Measurement, Plan, Progress

#: Called with the number of steps done, the number of all steps, and the current one.
Update = Callable[[int, int, object], None]


class Observer:
    """Receive the stages of a run and show nothing; a subclass overrides what it shows.

    Each stage is a context manager that is left at the end of the stage. An observer may draw only
    while it is called: a thread that draws would disturb what is measured.
    """

    def activity(self, what: str) -> AbstractContextManager[object]:
        """Begin a stage without steps, described by a phrase such as "counting"."""
        return nullcontext()

    def steps(self) -> AbstractContextManager[Update]:
        """Begin a stage whose steps take about equally long; its update is called at each step."""
        return nullcontext(_ignore)

    def fitting(self, what: str) -> AbstractContextManager[Update]:
        """Begin a stage that fits laws; its update is called before each law."""
        return nullcontext(_ignore)

    def measuring(self, plan: Plan) -> AbstractContextManager[Callable[[Progress], object]]:
        """Begin to execute a plan; its update is called after each measurement."""
        return nullcontext(_ignore)

    def choosing_points(
        self, planner: AdaptivePlanner
    ) -> AbstractContextManager[Callable[[Measurement], object]]:
        """Begin to measure points chosen one by one; its update follows each measurement."""
        return nullcontext(_ignore)

    def failures(self, measured: Iterable[Measurement]) -> None:
        """Receive the measurements of passes that failed: their status is not ``ok``."""


def _ignore(*_: object) -> None:
    pass
