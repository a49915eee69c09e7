"""Tell a disturbed moment from a calm one, and wait for calm: shared machines have two speeds.

On a virtual machine whose cores share their hardware with a neighbour's, every piece of work took
1.8 times as long for stretches of tenths of a second to seconds, a quarter to a half of the time,
whatever was measured. Repeats back to back lie in the same stretch (3 % apart) while rounds lie in
others (23 % apart): no summary of five rounds gets rid of it.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Generic, NamedTuple, TypeVar

from ..layers._lazy import torch
from .timing import Clock, HostClock

Result = TypeVar("Result")

#: How much slower than at its best the reference may be in a calm moment. The two speeds lie at
#: 1.05 and 1.8, with little between.
SLOW = 1.2

#: Waiting may take this share of all the time at most: where the machine's best never comes back,
#: as when it grows hot, a run takes twice as long and no longer.
SHARE = 0.5

#: Calls of the reference for one look, and looks beforehand, for 25 ms.
LOOPS, WARM_UP = 50, 100


class Patience:
    """How long may still be waited: a share of all the time, counted from when it is made.

    Parameters
    ----------
    now
        Seconds since some moment.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._begun, self._spent = now(), 0.0

    @property
    def left(self) -> float:
        """Seconds."""
        return SHARE * (self._now() - self._begun) - self._spent

    def spend(self, seconds: float) -> None:
        """Take note of what was waited."""
        self._spent += seconds


class Outcome(NamedTuple, Generic[Result]):
    """What came of a piece of work.

    Attributes
    ----------
    result
        Of the last try.
    calm
        Whether that try both began and ended in a calm moment.
    waited
        Seconds until the last try began: waited, or lost on tries that were not calm.
    """

    result: Result
    calm: bool
    waited: float


class Calm:
    """A reference piece of work, timed beside every measurement.

    Whether a moment is calm is judged by the reference alone and never by what is measured, so
    that waiting favours no value of it.

    Parameters
    ----------
    clock
        Times the reference.
    now
        Seconds since some moment.
    best
        Seconds of the reference at the machine's best, as far as another process has seen it.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        now: Callable[[], float] = monotonic,
        best: float = float("inf"),
    ) -> None:
        x, weight = torch.ones(16, 64), torch.ones(64, 64)
        self._call = lambda: x @ weight
        self._clock = clock or HostClock()
        self._now, self.best = now, best
        self.patience = Patience(now)
        for _ in range(WARM_UP):  # sees the machine's best too, if it comes in that time
            self.slowness()

    def slowness(self) -> float:
        """Time of the reference beside the best so far: 1 at the machine's best, in 0.25 ms."""
        seconds = self._clock(self._call, LOOPS)
        self.best = min(self.best, seconds)
        return seconds / self.best

    def during(self, work: Callable[[], Result], most: float | None = None) -> Outcome[Result]:
        """Do a piece of work until it both began and ended in a calm moment.

        Parameters
        ----------
        work
            What to do.
        most
            Seconds that may be waited, instead of what is left of the own patience.
        """
        start, most = self._now(), self.patience.left if most is None else most
        while True:
            while self.slowness() > SLOW and self._now() - start < most:
                pass
            begun = self._now()
            result = work()
            calm = self.slowness() <= SLOW
            if calm or self._now() - start >= most:
                self.patience.spend(begun - start)
                return Outcome(result, calm, begun - start)
