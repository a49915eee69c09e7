"""A model: overlap, error covariance and breakpoint, with the best law under them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..breakpoints import Breakpoint, SlopeBreak, StepTerm, candidate_sides, candidate_slope_breaks
from ..expressions import Array, Leading, Monomial, columns
from ..regression import Solution, VariableProjection

#: The law shown has a breakpoint if its posterior probability is at least this.
CREDIBLE = 0.95

#: Difference in log likelihood beyond which a model is dropped: it would change no interval.
NEGLIGIBLE = 9.0


@dataclass(frozen=True)
class FitData:
    """The points and the candidate terms of a law; what follows from them is computed once."""

    sizes: Array
    values: Array
    leading: Leading
    lower: Sequence[Monomial]

    @cached_property
    def lead(self) -> Array:
        """What of the leading part has a coefficient, at the sizes: (points, coefficients)."""
        return self.leading.columns(self.sizes)

    @cached_property
    def terms(self) -> Array:
        """The lower-order terms at the sizes, (points, terms)."""
        return columns(self.lower, self.sizes)

    @cached_property
    def sides(self) -> tuple[Sequence[tuple[Breakpoint, bool]], Array]:
        """Where a term may step, and the share in which it then holds, (sides, points)."""
        return candidate_sides(self.sizes)

    @cached_property
    def slope_breaks(self) -> Sequence[SlopeBreak]:
        """Where the slope of the leading part may break."""
        return candidate_slope_breaks(self.sizes)


@dataclass(frozen=True)
class Model:
    """An overlap, an error covariance and perhaps a breakpoint, with the best law under them.

    Attributes
    ----------
    problem, best
        The least-squares problem and its solution.
    lower
        Its lower-order terms, the step term last if there is one.
    step
        The step term; None without one.
    prior
        Its prior probability.
    log_weight
        Log likelihood of the solution plus the logarithm of the prior.
    slope_break
        Where the leading part's exponent changes; the change is the last of the exponents.
    slope_break_probability, location_interval
        Posterior probability of the slope break, and the interval of its location.
    """

    problem: VariableProjection
    best: Solution
    lower: Sequence[Monomial | StepTerm]
    step: StepTerm | None
    prior: float
    log_weight: float
    slope_break: SlopeBreak | None = None
    slope_break_probability: float = 0.0
    location_interval: tuple[float, float] | None = None

    @property
    def residual_df(self) -> int:
        """Points less the free parameters: coefficients in use and exponents."""
        return int(self.problem.points - self.best.terms_in_use - self.problem.axes)


def fit_model(
    problem: VariableProjection,
    start: Solution,
    lower: Sequence[Monomial | StepTerm],
    step: StepTerm | None,
    prior: float,
    bound: float,
) -> Model:
    """Fit a model, starting from another's solution."""
    best = problem.search(bound, start.exponents[None, :])
    (likelihood,) = problem.log_likelihood(best.exponents[None, :])
    return Model(problem, best, lower, step, prior, float(likelihood + np.log(prior)))


def likeliest_models(models: list[Model], within: float) -> list[Model]:
    """Return the models within a log likelihood of the best, the likeliest first."""
    models = sorted(models, key=lambda model: -model.log_weight)
    return [one for one in models if one.log_weight > models[0].log_weight - within]
