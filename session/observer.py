"""What is told of a run under way: one object hears of every stage, and shows it, or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..experiments import AdaptivePlanner
    from ..measure import Measurement, Plan, Progress

#: Called with how many are done, how many there are, and what they are, or the one at hand.
Update = Callable[[int, int, object], None]


class Observer:
    """Hears of the stages of a run. This one says nothing; others override what they show.

    Each stage is a context manager, which is left when the stage is over. What it shows, it shows
    when it is called: a thread that draws would disturb what is measured.
    """

    def working(self, what: str) -> AbstractContextManager[object]:
        """Hear of a stage of which nothing is known but what it does."""
        return nullcontext()

    def timing(self) -> AbstractContextManager[Update]:
        """Hear of a stage whose steps take about as long as one another."""
        return nullcontext(_ignore)

    def fitting(self, what: str) -> AbstractContextManager[Update]:
        """Hear of laws that are fitted, each before it is."""
        return nullcontext(_ignore)

    def measuring(self, plan: Plan) -> AbstractContextManager[Callable[[Progress], object]]:
        """Hear of a plan that is carried out; called after each measurement."""
        return nullcontext(_ignore)

    def narrowing(
        self, planner: AdaptivePlanner
    ) -> AbstractContextManager[Callable[[Measurement], object]]:
        """Hear of points that are chosen one by one; called after each measurement."""
        return nullcontext(_ignore)

    def failures(self, measured: Iterable[Measurement]) -> None:
        """Hear of all measurements of passes, of which some may have failed."""


def _ignore(*_: object) -> None:
    pass
