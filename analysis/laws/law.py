"""A law: the terms that describe how a cost grows, with intervals of its exponents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pandas as pd

from ..breakpoints import SlopeBreak, StepTerm
from ..fitting import PosteriorSample, ResidualDiagnostics, VariableProjection
from . import description
from .arrays import Array, power_mean
from .prediction import LargestSize, PosteriorPredictive, Prediction, ladder, within
from .terms import Leading, Monomial, columns

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: A leading term below this share of every value says nothing of its exponent.
BARELY = 0.2

_STEP = 1e-4  # of the logarithm of a size, over which slopes are taken

#: A sum: what costs are that do not overlap.
SUM: Mapping[float, float] = {1: 1.0}


#: A sum of terms with their coefficients, exact.
Polynomial = tuple[tuple[Fraction, Monomial], ...]


@dataclass(frozen=True)
class Since:
    """From where on a law holds: a size of an axis, and how many points lie below it."""

    axis: str
    size: float
    below: int


@dataclass(frozen=True)
class Exponent:
    """An exponent with its 95 % interval."""

    axis: str
    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.axis} {self.estimate:g}"
        return f"{self.axis} {self.estimate:.2f} [{self.low:.2f}, {self.high:.2f}]"


@dataclass(frozen=True, repr=False)
class Law:
    """T^p = (c·lead·n^α·d^β·k^γ)^p + Σ (c_j·m_j)^p, fitted.

    Attributes
    ----------
    leading
        The leading part that theory gives, or that the search found.
    coefficient
        Its coefficient, in the metric's unit.
    exponents
        Exponent of each axis: the leading part's degree plus what was fitted.
    terms
        Lower-order terms in use, with their coefficients.
    sizes, values
        The points fitted: (points, axes) and (points,).
    residuals
        (points,): (measured − law) / measured.
    diagnostics
        What it leaves, and whether that follows the sizes.
    overlap
        p: 1 where the terms add up, larger where they overlap.
    overlaps
        How likely each p is that was tried, given the points.
    breakpoint_probability
        How likely the points lie in two regimes, so that one term holds on one side of a breakpoint
        alone, or the leading part bends. The law has such a term only where that is sure.
    slope_break, slope_change
        Where the leading part grows otherwise, and by how much larger the exponent is there; None
        where it grows alike everywhere.
    breakpoint_interval
        Between which points the breakpoint lies, at 95 %: breakpoints of other likely laws count as
        far as they lie along the same size or product of sizes. None without one.
    residual_df
        Points beyond the law's free numbers; below 1 there are no intervals.
    sample
        Weighted draws of the exponents' shift from the degrees.
    problems
        What they were drawn from, each with its lower-order terms.
    lower
        Every lower-order term that was allowed in all regimes.
    processes
        (points, processes): which share of a point's repeats each measured, where that is known.
    polynomials
        Of a law that gives every value exactly, the polynomials whose largest it is: one, or
        several where it is a peak; empty where it was fitted.
    since
        From where on an exact law holds; None where all points follow it.
    """

    leading: Leading
    coefficient: float
    exponents: tuple[Exponent, ...]
    terms: tuple[tuple[float, Monomial | StepTerm], ...]
    sizes: Array
    values: Array
    residuals: Array
    diagnostics: ResidualDiagnostics
    residual_df: int
    overlap: float = 1.0
    overlaps: Mapping[float, float] = field(default_factory=lambda: SUM)
    breakpoint_probability: float = 0.0
    slope_break: SlopeBreak | None = None
    slope_change: Exponent | None = None
    breakpoint_interval: tuple[float, float] | None = None
    sample: PosteriorSample | None = None
    problems: Sequence[tuple[VariableProjection, Sequence[Monomial | StepTerm]]] = ()
    lower: Sequence[Monomial] = ()
    processes: Array | None = None
    polynomials: tuple[Polynomial, ...] = ()
    since: Since | None = None

    @property
    def axes(self) -> tuple[str, ...]:
        """The sizes it grows in."""
        return self.leading.axes

    @property
    def step(self) -> StepTerm | None:
        """The term of one regime alone; None where all points lie in one."""
        return next((term for _, term in self.terms if isinstance(term, StepTerm)), None)

    @property
    def shift(self) -> Array:
        """What was fitted: each exponent less the leading part's degree, (axes,)."""
        return np.array([e.estimate - self.leading.degree(e.axis) for e in self.exponents])

    def parts(self, sizes: Array) -> Array:
        """Each term's value at sizes (points, axes): (points, terms + 1), the leading one last."""
        if self.polynomials:
            lower = columns([term for _, term in self.terms], sizes) * [c for c, _ in self.terms]
            exact = [
                columns([term for _, term in each], sizes) @ [float(c) for c, _ in each]
                for each in self.polynomials
            ]
            return np.column_stack([lower, np.max(exact, axis=0) - lower.sum(axis=1)])
        lead = self.coefficient * self.leading.column(sizes) * np.prod(sizes**self.shift, axis=1)
        if self.slope_break is not None and self.slope_change is not None:
            lead = lead * self.slope_break.size(sizes) ** self.slope_change.estimate
        return np.column_stack([*(c * term.column(sizes) for c, term in self.terms), lead])

    @overload
    def predict(self, sizes: Array) -> Array: ...

    @overload
    def predict(self, sizes: Array, interval: float) -> Prediction: ...

    def predict(self, sizes: Array, interval: float | None = None) -> Array | Prediction:
        """Predict what a point costs, in the metric's unit.

        The interval holds the exponents, the overlap, the coefficients and a measurement's own
        error. It knows of no regime beyond the points: where a cache overflows it is wrong.

        Parameters
        ----------
        sizes
            (points, axes), or one point.
        interval
            Level of the interval in which a measurement is expected, such as 0.95; without it, the
            law alone is evaluated.

        Returns
        -------
        (points,), or with an interval value, low and high, each (points,).

        Raises
        ------
        ValueError
            If a size is missing or not positive, or there were too few points for intervals.
        """
        sizes = self._checked(sizes)
        value = power_mean(self.parts(sizes), self.overlap)
        if interval is None:
            return value
        low, high = np.quantile(self.likely(sizes, measured=True), _ends(interval), axis=0)
        return Prediction(value, low, high)

    def plot(self, unit: str = "") -> Figure:
        """Draw it beside its points along each size: a matplotlib figure, as notebooks show it."""
        from .plotting import plot

        return plot(self, unit)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.summary())}</pre>"

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Intervals of the exponents: a row for each axis, columns low and high.

        Raises
        ------
        ValueError
            If there were too few points for intervals.
        """
        if self.polynomials:
            ends = np.zeros((len(self.axes), 2))
        else:
            ends = self._drawn.quantiles(_ends(level))[: len(self.axes)]
        degrees = np.array([self.leading.degree(axis) for axis in self.axes])
        return pd.DataFrame(
            ends + degrees[:, None], index=pd.Index(self.axes), columns=["low", "high"]
        )

    def summary(self) -> str:
        """Describe the law in a few lines of text."""
        return description.summary(self)

    @property
    def regimes(self) -> str:
        """Say in words where the law changes, and how; empty where all points follow one."""
        return description.regimes(self)

    @property
    def expression(self) -> str:
        """The law as SymPy reads it, in the size symbols and the metric's unit."""
        return description.expression(self)

    def to_dict(self) -> dict[str, Any]:
        """Give the law as JSON holds it: part of what `layerlaw fit` writes."""
        return description.to_dict(self)

    def log_likelihood_ratio(self, axis: str) -> float:
        """How much likelier the law is than one with the leading part's own degree in an axis.

        The logarithm of the ratio; the lower-order terms are free in both.
        """
        found = np.append(
            self.shift, [] if self.slope_change is None else self.slope_change.estimate
        )
        without = np.where(np.arange(len(found)) == self.axes.index(axis), 0.0, found)
        tried = np.array([found, without, np.zeros(len(found))])
        likely = np.array([problem.log_likelihood(tried) for problem, _ in self.problems])
        best, *others = likely.max(axis=0)
        return float(best - max(others))

    def likely(self, sizes: Array, *, measured: bool = False) -> Array:
        """Values at sizes (points, axes) by laws that the points leave possible, (laws, points).

        Where `measured`, what a measurement errs by is added. An exact law is the only one.

        Raises
        ------
        ValueError
            As `predict` does.
        """
        sizes = self._checked(sizes)
        if self.polynomials:
            return self.predict(sizes)[None, :]
        return self._posterior.predict(sizes, measured=measured)

    def largest_size(
        self, axis: str, budget: float, at: Mapping[str, float] | None = None, level: float = 0.95
    ) -> LargestSize:
        """Find how far a size can go within a budget.

        Parameters
        ----------
        axis
            The size.
        budget
            In the metric's unit, such as 1.0 for a second.
        at
            The other sizes.
        level
            Of the interval.

        Raises
        ------
        ValueError
            If the law does not grow in the size, another size is missing, or there were too few
            points for intervals.
        """
        if axis not in self.axes:
            raise ValueError(f"the law grows in {', '.join(self.axes)}, not in {axis!r}")
        given = {**(at or {}), axis: 1.0}
        if missing := [each for each in self.axes if each not in given]:
            raise ValueError(f"the law grows in {', '.join(missing)} too: say at which size")
        steps = ladder()
        sizes = np.column_stack(
            [steps if a == axis else np.full(len(steps), given[a]) for a in self.axes]
        )
        (value,) = within(self.predict(sizes)[None, :], steps, budget)
        found = within(self.likely(sizes), steps, budget)
        low, high = np.quantile(found, _ends(level), method="nearest")
        return LargestSize(float(value), float(low), float(high))

    def _checked(self, sizes: Array) -> Array:
        sizes = np.atleast_2d(np.asarray(sizes, dtype=float))
        if sizes.ndim != 2 or sizes.shape[1] != len(self.axes):
            raise ValueError(f"a point has {len(self.axes)} sizes here: {', '.join(self.axes)}")
        if not (np.isfinite(sizes) & (sizes > 0)).all():
            raise ValueError("sizes are positive numbers")
        return sizes

    @property
    def _drawn(self) -> PosteriorSample:
        if self.sample is None:
            raise ValueError(f"{len(self.values)} points are too few for intervals of this law")
        return self.sample

    @cached_property
    def _posterior(self) -> PosteriorPredictive:
        return PosteriorPredictive(self.problems, self._drawn, self.leading, self.slope_break)

    @overload
    def elasticity(self, sizes: Array) -> Array: ...

    @overload
    def elasticity(self, sizes: Array, interval: float) -> Prediction: ...

    def elasticity(self, sizes: Array, interval: float | None = None) -> Array | Prediction:
        """Give the local slopes ∂log T/∂log size: the exponent that neighbouring sizes would tell.

        Parameters
        ----------
        sizes
            (points, axes).
        interval
            Level of an interval, as in `predict`.

        Returns
        -------
        (points, axes), or with an interval value, low and high, each (points, axes).
        """

        def slopes(evaluate: Callable[[Array], Array]) -> Array:  # (..., points, axes)
            moves = np.exp(_STEP * np.eye(sizes.shape[1]))
            ratios = [evaluate(sizes * move) / evaluate(sizes / move) for move in moves]
            return np.asarray(np.log(np.stack(ratios, axis=-1)) / (2 * _STEP))

        value = slopes(self.predict)
        if interval is None:
            return value
        low, high = np.quantile(slopes(self.likely), _ends(interval), axis=0)
        return Prediction(value, np.minimum(low, value), np.maximum(high, value))

    def overhead(self, sizes: Array | None = None) -> Array:
        """Share of the lower-order terms in the law at sizes (points, axes), or at its own points.

        Where terms overlap it is the share in T^p, which is also what each adds to the local
        slopes.
        """
        parts = self.parts(self.sizes if sizes is None else sizes) ** self.overlap
        leads = [isinstance(term, StepTerm) and term.leads is not None for _, term in self.terms]
        return np.asarray(1 - parts[:, [*leads, True]].sum(axis=1) / parts.sum(axis=1))

    def __repr__(self) -> str:
        inside = ", ".join(map(str, self.exponents))
        return f"Law({inside}; {self.expression})"


def _ends(level: float) -> tuple[float, float]:
    """Quantiles between which an interval of this level lies."""
    return (1 - level) / 2, (1 + level) / 2
