"""Fitted laws: exponents, coefficients and breakpoints estimated from points with noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ..breakpoints import SlopeBreak, StepTerm
from ..expressions import Array, Monomial
from ..regression import PosteriorSample, VariableProjection
from . import description
from .estimate import Exponent
from .law import Law, levels
from .prediction import PosteriorPredictive

#: A sum: what costs are that do not overlap.
SUM: Mapping[float, float] = {1: 1.0}


@dataclass(frozen=True, kw_only=True, repr=False)
class FittedLaw(Law):
    """T^p = (c·lead·n^α·d^β·k^γ)^p + Σ (c_j·m_j)^p, fitted.

    Attributes
    ----------
    residuals
        (points,): (measured − law) / measured.
    overlaps
        Posterior probability of each p that was tried.
    breakpoint_probability
        Posterior probability that the points lie in two regimes, so that one term holds on one
        side of a breakpoint alone, or the slope of the leading part breaks. The law has such a term
        only where that is at least `CREDIBLE`.
    slope_break, slope_change
        Where the leading part grows otherwise, and by how much larger the exponent is there; None
        where it grows alike everywhere.
    breakpoint_interval
        Between which points the breakpoint lies, at 95 %: those of other likely laws count as far
        as they lie along the same size or product of sizes. None without one.
    sample
        Weighted draws of the exponents' shift from the degrees; None where `residual_df` is below
        1, so that there are no intervals.
    problems
        What they were drawn from, each with its lower-order terms.
    lower
        Every lower-order term that was allowed in all regimes.
    processes
        (points, processes): which share of a point's repeats each measured, where that is known.
    """

    residuals: Array
    overlaps: Mapping[float, float] = field(default_factory=lambda: SUM)
    breakpoint_probability: float = 0.0
    slope_break: SlopeBreak | None = None
    slope_change: Exponent | None = None
    breakpoint_interval: tuple[float, float] | None = None
    sample: PosteriorSample | None = None
    problems: Sequence[tuple[VariableProjection, Sequence[Monomial | StepTerm]]] = ()
    lower: Sequence[Monomial] = ()
    processes: Array | None = None

    @property
    def has_intervals(self) -> bool:
        """Whether there were points enough to sample the exponents."""
        return self.sample is not None

    @property
    def step(self) -> StepTerm | None:
        """The term of one regime alone; None where all points lie in one."""
        return next((term for _, term in self.terms if isinstance(term, StepTerm)), None)

    @property
    def regimes(self) -> str:
        """Say in words where the law changes, and how; empty where all points follow one."""
        return description.regimes(self)

    @property
    def expression(self) -> str:
        """The law as SymPy reads it, in the size symbols and the metric's unit."""
        return description.expression(self)

    @property
    def slope_factor(self) -> str:
        """Factor of the leading part beyond a slope break, as SymPy reads it; empty without one."""
        return description.slope_factor(self)

    def regime_records(self) -> list[dict[str, Any]]:
        """Give the breakpoint between regimes as JSON holds it; empty without one."""
        return description.regime_records(self)

    def parts(self, sizes: Array) -> Array:
        """Each term's value at sizes (points, axes): (points, terms + 1), the leading one last."""
        lead = self.coefficient * self.leading.column(sizes) * np.prod(sizes**self.shift, axis=1)
        if self.slope_break is not None and self.slope_change is not None:
            lead = lead * self.slope_break.size(sizes) ** self.slope_change.estimate
        return np.column_stack([*(c * term.column(sizes) for c, term in self.terms), lead])

    def posterior_predictions(self, sizes: Array, *, measured: bool = False) -> Array:
        """Values at sizes (points, axes) by laws drawn from the posterior, (laws, points).

        Where `measured`, what a measurement errs by is added.

        Raises
        ------
        ValueError
            As `predict` does.
        """
        return self._posterior.predict(self._checked(sizes), measured=measured)

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Intervals of the exponents: a row for each axis, columns low and high.

        Raises
        ------
        ValueError
            If there were too few points for intervals.
        """
        ends = self._drawn.quantiles(levels(level))[: len(self.axes)]
        degrees = np.array([self.leading.degree(axis) for axis in self.axes])
        return pd.DataFrame(
            ends + degrees[:, None], index=pd.Index(self.axes), columns=["low", "high"]
        )

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

    def _summary_lines(self) -> list[str]:
        *common, regimes = super()._summary_lines()
        return [*common, *description.fit_summary(self), regimes]

    @property
    def _drawn(self) -> PosteriorSample:
        if self.sample is None:
            raise ValueError(f"{len(self.values)} points are too few for intervals of this law")
        return self.sample

    @cached_property
    def _posterior(self) -> PosteriorPredictive:
        return PosteriorPredictive(self.problems, self._drawn, self.leading, self.slope_break)
