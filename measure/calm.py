"""Tell a disturbed moment from a calm one, and wait for calm: shared machines have two speeds.

On a virtual machine whose cores share their hardware with a neighbour's, every piece of work took
1.8 times as long for stretches of tenths of a second to seconds, a quarter to a half of the time,
whatever was measured. Repeats back to back lie in the same stretch (3 % apart) while rounds lie in
others (23 % apart): no summary of five rounds gets rid of it.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TypeVar

from ..layers._lazy import torch
from .timing import Clock, HostClock

Result = TypeVar("Result")

#: How much slower than at its best the reference may be in a calm moment. The two speeds lie at
#: 1.05 and 1.8, with little between.
SLOW = 1.2

#: Waiting may take this share of all the time at most: where the machine's best never comes back,
#: as when it grows hot, a run takes twice as long and no longer.
SHARE = 0.5


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
    """

    def __init__(self, clock: Clock | None = None, now: Callable[[], float] = monotonic) -> None:
        x, weight = torch.ones(16, 64), torch.ones(64, 64)
        self._call = lambda: x @ weight
        self._clock = clock or HostClock()
        self._now = now
        self._begun, self._waited, self._best = now(), 0.0, float("inf")
        for _ in range(100):  # warms up, and sees the machine's best if it comes within 50 ms
            self.slowness()

    def slowness(self) -> float:
        """Time of the reference beside the best so far: 1 at the machine's best, in 0.5 ms."""
        seconds = self._clock(self._call, 100)
        self._best = min(self._best, seconds)
        return seconds / self._best

    def during(self, work: Callable[[], Result]) -> tuple[Result, bool]:
        """Do a piece of work until it both began and ended in a calm moment.

        Returns
        -------
        result, bool
            What the last try returned, and whether it was calm; it is not where the time for
            waiting is spent.
        """
        while True:
            start = self._now()
            while self.slowness() > SLOW and self._may_wait(since=start):
                pass
            begun = self._now()
            result = work()
            if self.slowness() <= SLOW:
                self._waited += begun - start
                return result, True
            self._waited += self._now() - start
            if not self._may_wait(since=self._now()):
                return result, False

    def _may_wait(self, since: float) -> bool:
        now = self._now()
        return self._waited + (now - since) < SHARE * (now - self._begun)
