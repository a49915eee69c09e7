"""Wait until the machine is quiet: shared machines have two speeds.

On a virtual machine whose cores share their hardware with another guest's, every piece of work took
1.8 times as long for stretches of tenths of a second to seconds, a quarter to a half of the time,
whatever was measured. Repeats back to back lie in the same stretch (3 % apart) while rounds lie in
others (23 % apart): no summary of five rounds gets rid of it.

Quiet means the usual speed, not the best: where the other guest is hardly ever idle, waiting for
its rare pauses would take all the time allowed for it, and favour some points over others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from math import inf
from time import monotonic
from typing import Generic, NamedTuple, TypeVar

from ...layers import torch
from .clocks import Clock, HostClock

Result = TypeVar("Result")

#: By which factor the reference may be slower than usual on a quiet machine. The two speeds
#: lie at 1.05 and 1.8, with little between.
SLOW_FACTOR = 1.3

#: The usual time is this quantile of the latest readings, so that slow stretches may take up to
#: three quarters of the time before they count as usual.
QUANTILE, READINGS = 0.25, 400
#: Fewest readings that give a usual time.
MIN_READINGS = 20

#: Waiting may take this share of all the time at most: where the machine stays disturbed, as
#: when the machine grows hot, a run takes twice as long and no longer.
WAIT_SHARE = 0.5

#: Calls of the reference for one try, tries of a look, of which the fastest counts (one may be
#: interrupted, and the first finds caches cold), and looks beforehand.
LOOPS, TRIES, WARM_UP = 10, 5, 25


class WaitBudget:
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
        return WAIT_SHARE * (self._now() - self._begun) - self._spent

    def spend(self, seconds: float) -> None:
        """Take note of what was waited."""
        self._spent += seconds


class UsualTime:
    """The usual time of the reference, by the latest readings.

    Parameters
    ----------
    looks
        Earlier readings, in seconds.
    """

    def __init__(self, looks: Iterable[float] = ()) -> None:
        self._looks = deque(looks, maxlen=READINGS)

    def add(self, *looks: float) -> None:
        """Take note of further readings."""
        self._looks.extend(looks)

    @property
    def seconds(self) -> float | None:
        """Their lower quartile; None while there are few."""
        if len(self._looks) < MIN_READINGS:
            return None
        return sorted(self._looks)[int(QUANTILE * (len(self._looks) - 1))]


class GatedResult(NamedTuple, Generic[Result]):
    """What came of a piece of work.

    Attributes
    ----------
    result
        Of the last try.
    quiet
        Whether the machine was quiet both before and after that try.
    waited
        Seconds until the last try began: waited, or lost on disturbed tries.
    reference_seconds
        Seconds of the reference before anything was waited: what it takes at any moment.
    """

    result: Result
    quiet: bool
    waited: float
    reference_seconds: float


class NoiseGate:
    """A reference piece of work, timed before and after every measurement.

    Whether the machine is quiet is judged by the reference alone and never by what is measured, so
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
        self.wait_budget = WaitBudget(now)
        self._usual_time = UsualTime(self.reference_seconds() for _ in range(WARM_UP))

    def reference_seconds(self) -> float:
        """Seconds of the reference now, found out in 0.2 ms."""
        return min(self._clock(self._call, LOOPS) for _ in range(TRIES))

    def run_gated(
        self, work: Callable[[], Result], most: float | None = None, usual: float | None = None
    ) -> GatedResult[Result]:
        """Do a piece of work until the machine was quiet both before and after it.

        Parameters
        ----------
        work
            What to do.
        most
            Seconds that may be waited, instead of what is left of its own budget.
        usual
            Usual seconds of the reference, instead of those seen here.
        """
        start, most = self._now(), self.wait_budget.left if most is None else most
        first = reference_seconds = self.reference_seconds()
        self._usual_time.add(first)
        usual = usual or self._usual_time.seconds or inf
        while True:
            while reference_seconds > SLOW_FACTOR * usual and self._now() - start < most:
                reference_seconds = self.reference_seconds()
            begun = self._now()
            result = work()
            reference_seconds = self.reference_seconds()
            quiet = reference_seconds <= SLOW_FACTOR * usual
            if quiet or self._now() - start >= most:
                self.wait_budget.spend(begun - start)
                return GatedResult(result, quiet, begun - start, first)
