"""Which point to measure next: the one that narrows the widest interval most for its seconds.

A law's terms have logarithmic derivatives that are known where it is: of log T in an exponent,
the leading term's share times the logarithm of its size; in the logarithm of a coefficient, the
term's share. So the points of a law carry information J'J/σ² on its free numbers, and what another
point would add to it is known before it is measured. That is the sequential c-optimal design of
regression (Chaudhuri & Mykland 1993; Atkinson, Donev & Tobias 2007, ch. 10 and 17), by the cost
of each point. The intervals themselves are the fitter's, and a fit takes as long as dozens of
measurements: as many points are chosen at once as should be enough by the design.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

import numpy as np

from ..analysis import Array, Fit, FittedLaw, Law, fit_series, series_of, theory_of
from ..measure import Case, Measurement, tidy

#: Sizes of each axis in the first grid, from the smallest to the largest.
COARSE = 4

#: A point's relative error: of one measurement, which more of them average away, and one of its own
#: that they do not. Only their ratio counts here. In twelve rounds of all points of attention (two
#: runs), sdpa and a recurrent layer a point's rounds were 6 to 10 % apart, and what laws left fell
#: from 7 to 9 % after one round to 3 to 4 % after twelve.
NOISE, OWN = 0.07, 0.03

#: Share of the time that a lower-order term which is not seen may have where it has most.
UNSEEN = 0.1

#: Passes of a measurement, and its seconds besides: building, checking, repeats of a short pass.
PASSES, BESIDES = 5, 0.012

#: Share of the measurements that are made at most before the law is fitted again, and by how many
#: times as many there are when regimes are looked for again.
MORE, AGAIN = 0.5, 2.0

#: Measurements of one point, after which no more is expected of it.
MOST = 12

#: So often a point may be measured while others were not at all, then once more than the others:
#: the fitter takes all points alike, so that repeats of some alone are lost on it.
FIRST = 2


@dataclass(frozen=True)
class Width:
    """How far a law's exponents are known.

    Attributes
    ----------
    layer, device, mode
        Of the law.
    half
        Half the width of the 95 % interval of each exponent; infinite where there is none yet.
    why
        Why no more is measured for it; empty while there is.
    """

    layer: str
    device: str
    mode: str
    half: Mapping[str, float]
    why: str = ""

    @property
    def widest(self) -> float:
        """The largest of all."""
        return max(self.half.values(), default=np.inf)


class Adaptive:
    """A planner: it says which case to measure next, and when it is enough.

    Parameters
    ----------
    cases
        Those that there are.
    precision
        Half-width of the intervals that is to be reached.
    seconds
        Budget, from the first measurement on: none is begun when they are spent, but for what the
        last fit takes.
    now
        Seconds since some moment.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        precision: float,
        seconds: float = np.inf,
        now: Callable[[], float] = monotonic,
    ) -> None:
        if not precision > 0:
            raise ValueError(f"the precision must be above 0, not {precision}")
        self.precision, self._seconds, self._now = precision, seconds, now
        self._begun: float | None = None
        self._before: int | None = None  # measurements that there were when it was asked first
        self._laws = [_Design(own, now) for own in _by_law(cases)]

    @property
    def widths(self) -> list[Width]:
        """How far each law is known by now."""
        return [law.width for law in self._laws]

    def next(self, made: Sequence[Measurement]) -> Case | None:
        """Say which case to measure next; None where it is enough.

        Parameters
        ----------
        made
            All that was measured so far.
        """
        if self._spent(made):
            for law in self._laws:
                law.weigh(made)
                law.stop("the budget is spent")
            return None
        open_laws = [law for law in self._laws if not law.settled(made, self.precision)]
        if not open_laws:
            return None
        # In turn, so that whatever drifts falls on all laws alike.
        return min(open_laws, key=lambda law: law.asked).next()

    def _spent(self, made: Sequence[Measurement]) -> bool:
        """Whether the budget is; until the first measurement processes begin, outside of it."""
        if self._before is None:
            self._before = len(made)
        if self._begun is None and len(made) > self._before:
            self._begun = self._now()
        if self._begun is None:
            return False
        fits = sum(law.fit_seconds for law in self._laws)
        return self._now() - self._begun + fits >= self._seconds


def _by_law(cases: Sequence[Case]) -> list[list[Case]]:
    found: dict[tuple[str, str, str], list[Case]] = defaultdict(list)
    for case in cases:
        found[case.layer, case.device, case.mode].append(case)
    return list(found.values())


class _Design:
    """The points of one law: which are measured, and which are worth it."""

    def __init__(self, cases: Sequence[Case], now: Callable[[], float]) -> None:
        self._now = now
        self._cases = {case: at for at, case in enumerate(cases)}
        self._axes = [a for a in cases[0].sizes if len({case.sizes[a] for case in cases}) > 1]
        self._sizes = np.array([[case.sizes[a] for a in self._axes] for case in cases], dtype=float)
        self._queue = [cases[at] for at in coarse(self._sizes)]
        self._fit: Fit | None = None
        self._weighed = 0  # measurements when it was fitted with all that a law may have
        self._why = ""
        self.asked, self.fit_seconds = 0, 0.0

    @property
    def width(self) -> Width:
        case = next(iter(self._cases))
        law = self._fit.law if self._fit else None
        half = dict.fromkeys(self._axes, np.inf) if law is None else _halves(law)
        return Width(case.layer, case.device, case.mode, half, self._why)

    def stop(self, why: str) -> None:
        """Measure no more for it."""
        self._why = self._why or why

    def weigh(self, made: Sequence[Measurement]) -> None:
        """Fit what was measured since that was done last, where it makes a law."""
        own = self._own(made)
        if not self._why and len(own) > self._weighed and _points(own) > 1:
            self._fit_to(own)

    def next(self) -> Case:
        """Give the next of those that are worth it."""
        self.asked += 1
        return self._queue.pop(0)

    def settled(self, made: Sequence[Measurement], precision: float) -> bool:
        """Whether it is known as far as it is wanted, or as it can be; else points are queued."""
        own = self._own(made)
        # Of the first grid an earlier run may have measured some; what failed is not tried again.
        there = {one.case for one in own if self._fit is None or one.status != "ok"}
        self._queue = [case for case in self._queue if case not in there]
        if self._why or self._queue:
            return bool(self._why)
        if _points(own) < 2:
            self.stop("fewer than two points could be measured")
            return True
        # To look for regimes takes ten times as long: now and then, and where it may be enough.
        due = len(own) >= AGAIN * self._weighed
        if not due:
            self._fit_to(own, regimes=False)
        if due or self.width.widest <= precision:
            self._fit_to(own)
        law = self._fit.law if self._fit else None
        if not isinstance(law, FittedLaw):
            self.stop("nothing grows")
        elif self._weighed == len(own) and self.width.widest <= precision:
            self.stop(f"every exponent is known within ±{precision:g}")
        else:
            self._queue_next(law, own, precision)
        return bool(self._why)

    def _fit_to(self, own: Sequence[Measurement], *, regimes: bool = True) -> None:
        start = self._now()
        (series,) = series_of(tidy(own, ""), ())
        theory = theory_of(series.layer, series.metric)
        self._fit = fit_series(series, theory, regimes=regimes)
        if regimes:
            self._weighed, self.fit_seconds = len(own), self._now() - start

    def _own(self, made: Sequence[Measurement]) -> list[Measurement]:
        return [one for one in made if one.case in self._cases]

    def _queue_next(self, law: FittedLaw, own: Sequence[Measurement], precision: float) -> None:
        counts = np.zeros(len(self._cases))
        for one in own:
            counts[self._cases[one.case]] += 1 if one.status == "ok" else MOST  # not tried again
        most = max(round(MORE * len(own)), 1)
        chosen = worth(law, self._sizes, counts, _halves(law), precision, most)
        if not chosen:
            self.stop(f"every point was measured {MOST} times")
        cases = list(self._cases)
        self._queue += [cases[at] for at in chosen]


def _points(made: Sequence[Measurement]) -> int:
    return len({one.case for one in made if one.status == "ok"})


def _halves(law: Law) -> dict[str, float]:
    """Half the width of each exponent's interval; infinite where there is none."""
    return {e.axis: (e.high - e.low) / 2 if law.has_intervals else np.inf for e in law.exponents}


def coarse(sizes: Array) -> list[int]:
    """Choose the first grid: points near a coarse lattice between the smallest and largest sizes.

    Parameters
    ----------
    sizes
        (points, axes) of those that there are.

    Returns
    -------
    Their places, those in the middle first.
    """
    logs = np.log(sizes)
    ends = [
        np.linspace(low, high, COARSE) for low, high in zip(logs.min(0), logs.max(0), strict=True)
    ]
    lattice = np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, logs.shape[1])
    nearest = np.abs(logs[None, :, :] - lattice[:, None, :]).sum(axis=2).argmin(axis=1)
    # Many corners have no point near: small sizes are overhead alone, large ones too long.
    return list(dict.fromkeys(nearest.tolist()))


def worth(
    law: FittedLaw,
    sizes: Array,
    counts: Array,
    half: Mapping[str, float],
    precision: float,
    most: int,
) -> list[int]:
    """Choose the points to measure next, each by what it adds for its seconds.

    Parameters
    ----------
    law
        As it is known.
    sizes, counts
        (points, axes) and (points,): those that there are, and how often each was measured.
    half
        Half-widths of the exponents' intervals, of which the widest is to be narrowed each time.
    precision
        Until by the design all of them are as narrow as this.
    most
        Points to choose.

    Returns
    -------
    Their places, in the order in which they were chosen; none where all were measured often enough.
    """
    rows, counts = derivatives(law, sizes), counts.copy()
    axes = len(law.axes)
    # What is believed before: exponents hardly anything, shares of terms to within `UNSEEN`.
    prior = np.diag([1e-2] * (axes + 1) + [1.0] * (rows.shape[1] - axes - 1))
    seconds = BESIDES + PASSES * law.predict(sizes)
    widths = np.array([half[each] for each in law.axes])
    known = None
    chosen: list[int] = []
    while len(chosen) < most:
        weights = _weight(counts)
        inverse = np.linalg.inv(prior + (rows.T * weights) @ rows)
        deviations = np.sqrt(np.diag(inverse)[:axes])
        known = deviations if known is None else known
        expected = widths * deviations / known
        if chosen and expected.max() <= precision:
            break
        axis = int(np.argmax(expected))
        # By how much one more measurement lowers the variance (Sherman & Morrison 1950).
        more = _weight(counts + 1) - weights
        moved = rows @ inverse  # (points, numbers)
        gain = more * moved[:, axis] ** 2 / (1 + more * (moved * rows).sum(axis=1))
        gain[counts >= min(max(FIRST, counts.min() + 1), MOST)] = 0.0
        if not gain.max() > 0:
            break
        chosen.append(int(np.argmax(gain / seconds)))
        counts[chosen[-1]] += 1
    return chosen


def derivatives(law: FittedLaw, sizes: Array) -> Array:
    """Derive log T in the free numbers of a law, (points, numbers).

    First the exponents, then the logarithm of the leading coefficient, then the lower-order terms,
    those too that the law does not use: each in units of `UNSEEN` where its share is largest, or
    of its own share where that is larger.
    """
    total = law.predict(sizes)
    parts = law.parts(sizes)
    shares = (parts / total[:, None]) ** law.overlap
    lead = shares[:, -1]
    columns = [lead * np.log(size) for size in sizes.T]
    columns.append(lead)
    columns += list(shares[:, :-1].T)
    used = {term for _, term in law.terms}
    for term in law.lower:
        if term not in used:
            column = term.column(sizes) / total
            columns.append(UNSEEN * column / column.max())
    return np.column_stack(columns)


def _weight(counts: Array) -> Array:
    """Information of points that were measured so often: the inverse of their variance."""
    return np.where(counts > 0, 1 / (OWN**2 + NOISE**2 / np.maximum(counts, 1)), 0.0)
