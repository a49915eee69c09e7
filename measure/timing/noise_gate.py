"""The noise gate: wait until the machine is quiet, since shared machines have two speeds.

On a virtual machine whose cores share their hardware with another guest's, every piece of work took
1.8 times as long for stretches of tenths of a second to seconds, a quarter to a half of the time,
whatever was measured. Consecutive repeats lie in the same stretch (3 % apart) while rounds lie in
different ones (23 % apart): no summary of five rounds removes the effect.

Quiet means the usual speed, not the best: if the other guest is rarely idle, waiting for its pauses
would use up the wait budget, and favour some points over others.
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

#: Largest factor by which the reference is slower than usual on a quiet machine. The two speeds are
#: at 1.05 and 1.8, with few readings between.
SLOW_FACTOR = 1.3

#: The usual time is this quantile of the latest readings, so slow stretches may take up to three
#: quarters of the time before they count as usual. The second number is how many readings.
QUANTILE, READINGS = 0.25, 400
#: Fewest readings from which a usual time is computed.
MIN_READINGS = 20

#: Largest share of the total time that may be waited: if the machine stays disturbed, as when it is
#: hot, a run takes at most twice as long.
WAIT_SHARE = 0.5

#: Calls of the reference per try, tries per reading, of which the fastest counts (a try may be
#: interrupted, and the first has cold caches), and readings at the start.
LOOPS, TRIES, WARM_UP = 10, 5, 25


class WaitBudget:
    """The seconds that may still be waited: a share of the time since this was made.

    Parameters
    ----------
    now
        Clock in seconds.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._begun, self._spent = now(), 0.0

    @property
    def left(self) -> float:
        """Seconds that may still be waited."""
        return WAIT_SHARE * (self._now() - self._begun) - self._spent

    def spend(self, seconds: float) -> None:
        """Subtract seconds that were waited."""
        self._spent += seconds


class UsualTime:
    """The usual time of the reference computation, from the latest readings.

    Parameters
    ----------
    readings
        Earlier readings, in seconds.
    """

    def __init__(self, readings: Iterable[float] = ()) -> None:
        self._readings = deque(readings, maxlen=READINGS)

    def add(self, *readings: float) -> None:
        """Add readings, in seconds."""
        self._readings.extend(readings)

    @property
    def seconds(self) -> float | None:
        """Lower quartile of the readings; None while there are too few."""
        if len(self._readings) < MIN_READINGS:
            return None
        return sorted(self._readings)[int(QUANTILE * (len(self._readings) - 1))]


class GatedResult(NamedTuple, Generic[Result]):
    """The result of gated work.

    Attributes
    ----------
    result
        Result of the last try.
    quiet
        Whether the machine was quiet before and after the last try.
    waited
        Seconds until the last try began, spent waiting or on disturbed tries.
    reference_seconds
        Seconds of the reference before any waiting, an unbiased reading.
    """

    result: Result
    quiet: bool
    waited: float
    reference_seconds: float


class NoiseGate:
    """A reference computation that is timed before and after every measurement.

    Whether the machine is quiet is judged only by the reference, never by the measured value, so
    waiting does not bias the values.

    Parameters
    ----------
    clock
        Clock that times the reference.
    now
        Clock in seconds.
    """

    def __init__(self, clock: Clock | None = None, now: Callable[[], float] = monotonic) -> None:
        x, weight = torch.ones(16, 64), torch.ones(64, 64)
        self._call = lambda: x @ weight
        self._clock = clock or HostClock()
        self._now = now
        self.wait_budget = WaitBudget(now)
        self._usual_time = UsualTime(self.reference_seconds() for _ in range(WARM_UP))

    def reference_seconds(self) -> float:
        """Return the seconds of the reference now; this takes 0.2 ms."""
        return min(self._clock(self._call, LOOPS) for _ in range(TRIES))

    def run_gated(
        self, work: Callable[[], Result], most: float | None = None, usual: float | None = None
    ) -> GatedResult[Result]:
        """Repeat work until the machine was quiet both before and after it.

        Parameters
        ----------
        work
            The work.
        most
            Most seconds to wait, instead of the remaining budget.
        usual
            Usual seconds of the reference, instead of those of this gate.
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
