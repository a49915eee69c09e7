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
from .law import Law, quantile_levels
from .prediction import PosteriorPredictive

#: Posterior of the overlap where costs only add up: p = 1.
SUM: Mapping[float, float] = {1: 1.0}


@dataclass(frozen=True, kw_only=True, repr=False)
class FittedLaw(Law):
    """T^p = (c·lead·n^α·d^β·k^γ)^p + Σ (c_j·m_j)^p, fitted.

    Attributes
    ----------
    residuals
        (points,): (measured − law) / measured.
    overlaps
        Posterior probability of each overlap exponent p that was fitted.
    breakpoint_probability
        Posterior probability of two regimes: a term holds on only one side of a breakpoint, or the
        slope of the leading part breaks. The law has a breakpoint only where this is at least
        `CREDIBLE`.
    slope_break, slope_change
        Where the leading part's exponent changes, and by how much; None where it does not.
    breakpoint_interval
        95 % interval of the breakpoint's location; other likely laws count where their breakpoint
        lies along the same size or product of sizes. None without a breakpoint.
    sample
        Weighted draws of the exponents' shifts from the leading degrees; None where `residual_df`
        is below 1, so that there are no intervals.
    problems
        The models that the draws come from, each with its lower-order terms.
    lower
        The candidate lower-order terms that hold in all regimes.
    processes
        (points, processes): the share of a point's repeats that each measured, where known.
    log_weight
        Log likelihood of the likeliest model that has a breakpoint if the law has one, plus the
        logarithm of its prior.
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
    log_weight: float = 0.0

    @property
    def has_intervals(self) -> bool:
        """Whether there were enough points to sample the exponents."""
        return self.sample is not None

    @property
    def step(self) -> StepTerm | None:
        """The term that holds in only one regime; None where all points lie in one regime."""
        return next((term for _, term in self.terms if isinstance(term, StepTerm)), None)

    @property
    def regimes(self) -> str:
        """Where the law changes, and how, in words; empty where all points follow one law."""
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
        """Return the breakpoint between regimes for JSON; empty without one."""
        return description.regime_records(self)

    def parts(self, sizes: Array) -> Array:
        """Evaluate each term at sizes (points, axes): (points, terms), the leading ones last."""
        lead = self.coefficient * self.leading.column(sizes)[:, None]
        if self.leading.separate:
            weights = np.array([weight for weight, _ in self.leading.terms])
            lead = self.coefficient * weights * self.leading.columns(sizes)
        lead = lead * np.prod(sizes**self.shift, axis=1)[:, None]
        if self.slope_break is not None and self.slope_change is not None:
            change = self.slope_break.size(sizes) ** self.slope_change.estimate
            lead = lead * change[:, None]
        return np.column_stack([*(c * term.column(sizes) for c, term in self.terms), lead])

    def posterior_predictions(self, sizes: Array, *, measured: bool = False) -> Array:
        """Evaluate laws drawn from the posterior at sizes (points, axes): (laws, points).

        If `measured`, the error of a measurement is added to each.

        Raises
        ------
        ValueError
            As `predict` does.
        """
        return self._posterior.predict(self._as_points(sizes), measured=measured)

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Return intervals of the exponents: a row for each axis, columns low and high.

        Raises
        ------
        ValueError
            If there were too few points for intervals.
        """
        ends = self._posterior_sample.quantiles(quantile_levels(level))[: len(self.axes)]
        degrees = np.array([self.leading.degree(axis) for axis in self.axes])
        return pd.DataFrame(
            ends + degrees[:, None], index=pd.Index(self.axes), columns=["low", "high"]
        )

    def log_likelihood_ratio(self, axis: str) -> float:
        """Compute the log likelihood ratio of the law to one with theory's exponent in an axis.

        The lower-order terms are free in both.
        """
        shifts = np.append(
            self.shift, [] if self.slope_change is None else self.slope_change.estimate
        )
        without = np.where(np.arange(len(shifts)) == self.axes.index(axis), 0.0, shifts)
        compared = np.array([shifts, without, np.zeros(len(shifts))])
        likelihoods = np.array([problem.log_likelihood(compared) for problem, _ in self.problems])
        best, *others = likelihoods.max(axis=0)
        return float(best - max(others))

    def _summary_lines(self) -> list[str]:
        *common, regimes = super()._summary_lines()
        return [*common, *description.fit_summary(self), regimes]

    @property
    def _posterior_sample(self) -> PosteriorSample:
        if self.sample is None:
            raise ValueError(f"{len(self.values)} points are too few for intervals of this law")
        return self.sample

    @cached_property
    def _posterior(self) -> PosteriorPredictive:
        return PosteriorPredictive(
            self.problems, self._posterior_sample, self.leading, self.slope_break
        )
