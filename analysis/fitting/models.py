"""A model of points: overlap, error covariance and breakpoint, with the best law they allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..breakpoints import Breakpoint, SlopeBreak, StepTerm, candidate_slope_breaks, sides
from ..expressions import Array, Leading, Monomial, columns
from ..regression import Solution, VariableProjection

#: A breakpoint is in the law that is shown where it has at least this posterior probability.
CREDIBLE = 0.95

#: In log likelihood: what is e^9 times less likely moves no interval.
NEGLIGIBLE = 9.0


@dataclass(frozen=True)
class FitData:
    """What a law is fitted to, and its terms; what follows from these alone is worked out once."""

    sizes: Array
    values: Array
    leading: Leading
    lower: Sequence[Monomial]

    @cached_property
    def lead(self) -> Array:
        """The leading part at the sizes, (points,)."""
        return self.leading.column(self.sizes)

    @cached_property
    def terms(self) -> Array:
        """The lower-order terms there, (points, terms)."""
        return columns(self.lower, self.sizes)

    @cached_property
    def sides(self) -> tuple[Sequence[tuple[Breakpoint, bool]], Array]:
        """Where a term may step, and how far it then holds, (sides, points)."""
        return sides(self.sizes)

    @cached_property
    def places(self) -> Sequence[SlopeBreak]:
        """Where the slope of the leading part may break."""
        return candidate_slope_breaks(self.sizes)


@dataclass(frozen=True)
class Model:
    """An overlap and a size of what points share, with the best law they allow.

    Attributes
    ----------
    problem, best
        The problem and its solution.
    lower
        Its lower-order terms, the step last where there is one.
    step
        The term of one regime alone.
    prior
        Its prior probability.
    likelihood
        Log likelihood of the solution, the logarithm of the prior included.
    slope_break
        Where the leading part grows otherwise; the last of the exponents is by how much.
    posterior_probability, location_interval
        Posterior probability of the slope break, and between which points it lies.
    """

    problem: VariableProjection
    best: Solution
    lower: Sequence[Monomial | StepTerm]
    step: StepTerm | None
    prior: float
    likelihood: float
    slope_break: SlopeBreak | None = None
    posterior_probability: float = 0.0
    location_interval: tuple[float, float] | None = None

    @property
    def residual_df(self) -> int:
        """Points beyond the free numbers: coefficients in use and exponents."""
        return int(self.problem.points - self.best.active - self.problem.axes)


def fit_model(
    problem: VariableProjection,
    start: Solution,
    lower: Sequence[Monomial | StepTerm],
    step: StepTerm | None,
    prior: float,
    bound: float,
) -> Model:
    """Fit one model from where another was."""
    best = problem.search(bound, start.exponents[None, :])
    (likelihood,) = problem.log_likelihood(best.exponents[None, :])
    return Model(problem, best, lower, step, prior, float(likelihood + np.log(prior)))


def likeliest(models: list[Model], within: float) -> list[Model]:
    """Those that are not much less likely than the best, the likeliest first."""
    models = sorted(models, key=lambda model: -model.likelihood)
    return [one for one in models if one.likelihood > models[0].likelihood - within]
