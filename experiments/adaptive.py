"""Adaptive choice: measure next the point that narrows the widest interval most per second.

The derivatives of a law's logarithm are known: in an exponent, the leading term's share times the
logarithm of the size; in the logarithm of a coefficient, the term's share. So a law's points carry
the information J'J/σ² on its free parameters, and what another point would add is known before it
is measured. This is the sequential c-optimal design of regression (Chaudhuri & Mykland 1993;
Atkinson, Donev & Tobias 2007, ch. 10 and 17), weighted by each point's cost. The intervals come
from the fitter. Since a fit takes as long as dozens of measurements, as many points are chosen at
once as the design says are enough.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

import numpy as np

from ..analysis import Array, Fit, FittedLaw, Law, fit_series, series_of, theory_of
from ..measure import Case, Measurement, tidy_table

#: Number of sizes per axis in the first, coarse grid.
COARSE_SIZES = 4

#: A point's relative error: that of one measurement, which repeats average away, and that of the
#: point, which they do not. Only the ratio matters here. In twelve rounds of all points of
#: attention (two runs), sdpa and a recurrent layer, a point's rounds differed by 6 to 10 %, and the
#: residuals of laws fell from 7 to 9 % after one round to 3 to 4 % after twelve.
MEASUREMENT_SD, POINT_SD = 0.07, 0.03

#: Largest share of the time that a lower-order term which the law does not use may have.
UNSEEN_SHARE = 0.1

#: Passes per measurement, and its further seconds: building, checking, repeats of a short pass.
PASSES, SETUP_SECONDS = 5, 0.012

#: Most new measurements before the law is fitted again, as a share of those made, and the factor by
#: which measurements have grown when breakpoints are looked for again.
NEW_SHARE, BREAKPOINTS_AFTER = 0.5, 2.0

#: Most measurements of one point.
MOST_REPEATS = 12

#: Most measurements of a point while others have none; after that, one more than the least
#: measured point has. The fitter weights all points equally, so repeats of a few points are wasted.
FIRST_REPEATS = 2


@dataclass(frozen=True)
class IntervalWidths:
    """Half-widths of the intervals of a law's exponents.

    Attributes
    ----------
    layer, device, mode
        The law's layer, device and mode.
    half_widths
        Half-width of each exponent's 95 % interval; infinite without an interval.
    stop_reason
        Why measuring stopped for this law; empty while it goes on.
    """

    layer: str
    device: str
    mode: str
    half_widths: Mapping[str, float]
    stop_reason: str = ""

    @property
    def widest(self) -> float:
        """The largest half-width."""
        return max(self.half_widths.values(), default=np.inf)


class AdaptivePlanner:
    """A planner that chooses the next case to measure, until intervals are narrow enough.

    Parameters
    ----------
    cases
        All cases that may be measured.
    precision
        Half-width that the intervals are to reach.
    seconds
        Budget from the first measurement on, the last fit included: no measurement begins after
        it is spent.
    now
        The clock, in seconds.
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
        self._before: int | None = None  # measurements made before the first call
        self._laws = [_Design(own, now) for own in _by_law(cases)]

    @property
    def widths(self) -> list[IntervalWidths]:
        """Half-widths of the intervals of each law so far."""
        return [law.width for law in self._laws]

    def next(self, made: Sequence[Measurement]) -> Case | None:
        """Return the case to measure next; None once precision or budget is reached.

        Parameters
        ----------
        made
            All measurements made so far.
        """
        if self._spent(made):
            for law in self._laws:
                law.fit_new(made)
                law.stop("the budget is spent")
            return None
        open_laws = [law for law in self._laws if not law.finished(made, self.precision)]
        if not open_laws:
            return None
        # In turn, so that whatever drifts falls on all laws alike.
        return min(open_laws, key=lambda law: law.calls).next()

    def _spent(self, made: Sequence[Measurement]) -> bool:
        """Whether the budget, which starts with the first measurement, is spent."""
        if self._before is None:
            self._before = len(made)
        if self._begun is None and len(made) > self._before:
            self._begun = self._now()
        if self._begun is None:
            return False
        fits = sum(law.fit_seconds for law in self._laws)
        return self._now() - self._begun + fits >= self._seconds


def _by_law(cases: Sequence[Case]) -> list[list[Case]]:
    groups: dict[tuple[str, str, str], list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.layer, case.device, case.mode].append(case)
    return list(groups.values())


class _Design:
    """The experimental design of one law: its points, measured or queued, and its current fit."""

    def __init__(self, cases: Sequence[Case], now: Callable[[], float]) -> None:
        self._now = now
        self._cases = {case: at for at, case in enumerate(cases)}
        self._axes = [a for a in cases[0].sizes if len({case.sizes[a] for case in cases}) > 1]
        self._sizes = np.array([[case.sizes[a] for a in self._axes] for case in cases], dtype=float)
        self._queue = [cases[at] for at in coarse_grid(self._sizes)]
        self._fit: Fit | None = None
        self._fully_fitted = 0  # number of measurements at the last fit with breakpoints
        self._stop_reason = ""
        self.calls, self.fit_seconds = 0, 0.0

    @property
    def width(self) -> IntervalWidths:
        case = next(iter(self._cases))
        law = self._fit.law if self._fit else None
        half = dict.fromkeys(self._axes, np.inf) if law is None else _halves(law)
        return IntervalWidths(case.layer, case.device, case.mode, half, self._stop_reason)

    def stop(self, why: str) -> None:
        """Stop measuring for this law."""
        self._stop_reason = self._stop_reason or why

    def fit_new(self, made: Sequence[Measurement]) -> None:
        """Fit with breakpoints if there are new measurements, and enough points for a law."""
        own = self._own(made)
        if not self._stop_reason and len(own) > self._fully_fitted and _points(own) > 1:
            self._fit_to(own)

    def next(self) -> Case:
        """Return the next queued case."""
        self.calls += 1
        return self._queue.pop(0)

    def finished(self, made: Sequence[Measurement], precision: float) -> bool:
        """Whether measuring is finished for this law; if not, queue points."""
        own = self._own(made)
        # An earlier run may have measured part of the first grid; failed cases are not repeated.
        skipped = {one.case for one in own if self._fit is None or one.status != "ok"}
        self._queue = [case for case in self._queue if case not in skipped]
        if self._stop_reason or self._queue:
            return bool(self._stop_reason)
        if _points(own) < 2:
            self.stop("fewer than two points could be measured")
            return True
        # Looking for breakpoints takes ten times as long: only now and then, and before stopping.
        due = len(own) >= BREAKPOINTS_AFTER * self._fully_fitted
        if not due:
            self._fit_to(own, regimes=False)
        if due or self.width.widest <= precision:
            self._fit_to(own)
        law = self._fit.law if self._fit else None
        if not isinstance(law, FittedLaw):
            self.stop("no size varies")
        elif self._fully_fitted == len(own) and self.width.widest <= precision:
            self.stop(f"every exponent is known within ±{precision:g}")
        else:
            self._queue_next(law, own, precision)
        return bool(self._stop_reason)

    def _fit_to(self, own: Sequence[Measurement], *, regimes: bool = True) -> None:
        start = self._now()
        (series,) = series_of(tidy_table(own, ""), ())
        theory = theory_of(series.layer, series.metric)
        self._fit = fit_series(series, theory, regimes=regimes)
        if regimes:
            self._fully_fitted, self.fit_seconds = len(own), self._now() - start

    def _own(self, made: Sequence[Measurement]) -> list[Measurement]:
        return [one for one in made if one.case in self._cases]

    def _queue_next(self, law: FittedLaw, own: Sequence[Measurement], precision: float) -> None:
        counts = np.zeros(len(self._cases))
        for one in own:
            # A failed case is not repeated.
            counts[self._cases[one.case]] += 1 if one.status == "ok" else MOST_REPEATS
        most = max(round(NEW_SHARE * len(own)), 1)
        chosen = choose_points(law, self._sizes, counts, _halves(law), precision, most)
        if not chosen:
            self.stop(f"every point was measured {MOST_REPEATS} times")
        cases = list(self._cases)
        self._queue += [cases[at] for at in chosen]


def _points(made: Sequence[Measurement]) -> int:
    return len({one.case for one in made if one.status == "ok"})


def _halves(law: Law) -> dict[str, float]:
    """Return the half-width of each exponent's interval; infinite without an interval."""
    return {e.axis: (e.high - e.low) / 2 if law.has_intervals else np.inf for e in law.exponents}


def coarse_grid(sizes: Array) -> list[int]:
    """Choose the first grid: the points nearest to a coarse lattice over the range of sizes.

    Parameters
    ----------
    sizes
        Sizes of all points, (points, axes).

    Returns
    -------
    Indices of the chosen points.
    """
    logs = np.log(sizes)
    ends = [
        np.linspace(low, high, COARSE_SIZES)
        for low, high in zip(logs.min(0), logs.max(0), strict=True)
    ]
    lattice = np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, logs.shape[1])
    nearest = np.abs(logs[None, :, :] - lattice[:, None, :]).sum(axis=2).argmin(axis=1)
    # Many corners of the lattice have no point nearby: small sizes are pure overhead, large ones
    # take too long.
    return list(dict.fromkeys(nearest.tolist()))


def choose_points(
    law: FittedLaw,
    sizes: Array,
    counts: Array,
    half_widths: Mapping[str, float],
    precision: float,
    most: int,
) -> list[int]:
    """Choose the points to measure next, each by the information it adds per second.

    Parameters
    ----------
    law
        The current law.
    sizes, counts
        All points, (points, axes), and how often each was measured, (points,).
    half_widths
        Half-widths of the exponents' intervals; each point is chosen to narrow the widest.
    precision
        Half-width at which, by the design, enough points are chosen.
    most
        Most points to choose.

    Returns
    -------
    Indices of the points in the order chosen; empty where all were measured often enough.
    """
    rows, counts = derivatives(law, sizes), counts.copy()
    axes = len(law.axes)
    # The prior is vague for exponents and coefficient, and `UNSEEN_SHARE` for terms' shares.
    prior = np.diag([1e-2] * (axes + 1) + [1.0] * (rows.shape[1] - axes - 1))
    seconds = SETUP_SECONDS + PASSES * law.predict(sizes)
    widths = np.array([half_widths[each] for each in law.axes])
    current = None
    chosen: list[int] = []
    while len(chosen) < most:
        weights = _weight(counts)
        inverse = np.linalg.inv(prior + (rows.T * weights) @ rows)
        deviations = np.sqrt(np.diag(inverse)[:axes])
        current = deviations if current is None else current
        expected = widths * deviations / current
        if chosen and expected.max() <= precision:
            break
        axis = int(np.argmax(expected))
        # The decrease of the variance by one more measurement (Sherman & Morrison 1950).
        more = _weight(counts + 1) - weights
        moved = rows @ inverse  # (points, parameters)
        gain = more * moved[:, axis] ** 2 / (1 + more * (moved * rows).sum(axis=1))
        gain[counts >= min(max(FIRST_REPEATS, counts.min() + 1), MOST_REPEATS)] = 0.0
        if not gain.max() > 0:
            break
        chosen.append(int(np.argmax(gain / seconds)))
        counts[chosen[-1]] += 1
    return chosen


def derivatives(law: FittedLaw, sizes: Array) -> Array:
    """Differentiate log T in the free parameters of a law: (points, parameters).

    The parameters are the exponents, the logarithm of the leading coefficient, the logarithms of
    the coefficients in use, and those of the other lower-order terms, each scaled so that its
    largest share is `UNSEEN_SHARE`.
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
            columns.append(UNSEEN_SHARE * column / column.max())
    return np.column_stack(columns)


def _weight(counts: Array) -> Array:
    """Return the information of points measured so often: the inverse of their variance."""
    return np.where(counts > 0, 1 / (POINT_SD**2 + MEASUREMENT_SD**2 / np.maximum(counts, 1)), 0.0)
