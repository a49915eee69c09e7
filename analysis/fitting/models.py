"""Models of points: every overlap, size of what points share, and breakpoint that is likely.

Each is a problem whose best law is found; they are weighed against one another by how likely the
points are with each, and how likely each is beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np

from ..breakpoints import (
    Breakpoint,
    SlopeBreak,
    StepTerm,
    candidate_slope_breaks,
    credible_range,
    neighbouring_steps,
    screen_slope_breaks,
    screen_steps,
    sides,
)
from ..laws import FLOOR, Array, Leading, Monomial, columns
from . import power_mean
from .error_covariance import Whitening, independent, whitenings
from .variable_projection import Solution, VariableProjection

#: A breakpoint is said to be there when it is at least this likely.
CREDIBLE = 0.95

_NEGLIGIBLE = 9.0  # in log likelihood: what is e^9 times less likely moves no interval
_UNLIKELY = 4.0  # the same for a law with a breakpoint, of which there are many
_ROBUST = 4.0  # residuals beyond this many standard deviations lose weight (Huber 1964)


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
        """Where the leading part may bend."""
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
        How likely it is beforehand.
    likelihood
        Log likelihood of the solution, the chance included.
    slope_break
        Where the leading part grows otherwise; the last of the exponents is by how much.
    posterior_probability, location_interval
        How likely that is against all laws without a bend, and between which points it lies.
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


def models_of(
    points: FitData,
    bound: float,
    overlap: bool,
    regimes: bool,
    processes: Array | None,
) -> list[Model]:
    """Fit every overlap with every size of what points share; the likeliest first."""
    closest, problems = _overlapping(points, bound, overlap)

    def models_around(problem: VariableProjection, best: Solution, scale: float) -> list[Model]:
        # Weights and spread are those of the law that describes the points best: all others are
        # then held against the same errors.
        shared = whitenings(
            points.sizes, problem.whitening.roots**2, problem.residuals(best), scale, processes
        )
        return _weighed(points, problems, shared, bound, regimes)

    models = models_around(*closest)
    # Beyond a breakpoint points lay far off every law that had none.
    if models[0].step or models[0].slope_break:
        problem, best = models[0].problem, models[0].best
        weights, scale = robust(problem.residuals(best), models[0].residual_df)
        models = models_around(problem.whitened(independent(weights)), best, scale)
    return models


def _overlapping(
    points: FitData, bound: float, overlap: bool
) -> tuple[
    tuple[VariableProjection, Solution, float], list[tuple[VariableProjection, Solution, float]]
]:
    """Fit each overlap exponent as if points shared nothing.

    Returns
    -------
    The problem that describes the points best, its solution and its points' spread; and every
    problem with its solution and how likely it is beforehand.
    """

    def problem(p: float) -> VariableProjection:
        return VariableProjection(points.sizes, points.values, points.lead, points.terms, p)

    starts = np.outer((0.0, -0.4, 0.4), np.ones(len(points.leading.axes)))
    found = []
    for p in power_mean.FIRST if overlap else power_mean.FIRST[:1]:
        found.append(_robust(problem(p), bound, starts))
        starts = np.array([found[-1][1].exponents, np.zeros(len(points.leading.axes))])
    closest = min(found, key=lambda each: each[2])
    weights = closest[0].whitening
    solved = {each.overlap: (each, best) for each, best, _ in found}

    @cache
    def likelihood(p: float) -> float:
        each, best = solved[p]
        return float(each.whitened(weights).log_likelihood(best.exponents[None, :])[0])

    for _ in range(power_mean.HALVINGS if overlap else 0):
        best = max((p for p in solved if p > 1), key=likelihood)
        if likelihood(best) < likelihood(1) - _NEGLIGIBLE:
            break
        for p in power_mean.halved(list(solved), best):
            start = solved[best][1].exponents[None, :]
            new = problem(p).whitened(weights)
            solved[p] = new, new.search(bound, start)
    priors = power_mean.priors(list(solved))
    return closest, [
        (*each, float(prior)) for each, prior in zip(solved.values(), priors, strict=True)
    ]


def _weighed(
    points: FitData,
    problems: Sequence[tuple[VariableProjection, Solution, float]],
    shared: Sequence[Whitening],
    bound: float,
    regimes: bool,
) -> list[Model]:
    """Fit each problem with each whitening, and with breakpoints."""
    models = [
        _model(problem.whitened(each), start, points.lower, None, prior / len(shared), bound)
        for problem, start, prior in problems
        for each in shared
    ]
    models = _likeliest(models, _NEGLIGIBLE)
    if not regimes:
        return models
    stepped: list[Model] = []
    for model in models:
        stepped += [
            _stepped(model, step, points, model.prior * prior, bound)
            for step, prior in screen_steps(
                model.problem,
                model.best,
                points.sizes,
                *points.sides,
                points.leading,
                points.lower,
            )
        ]
    kept = [each for each in _likeliest([*models, *stepped], _UNLIKELY) if each.step]
    kept = _likeliest([*kept, *_climbed(kept, points, bound)], _UNLIKELY)
    found = _likeliest([*models, *kept], _NEGLIGIBLE)
    return _bent(models, points, bound, found[0].likelihood) or found


def _climbed(models: Sequence[Model], points: FitData, bound: float) -> list[Model]:
    """Fit steps next to likely ones, and to those that are likelier, until none is.

    The score test knows the law without a step, whose exponents lie far from those with it.
    """
    found: list[Model] = []
    problems: dict[tuple[float, int], list[Model]] = {}
    for model in models:
        problems.setdefault((model.problem.overlap, id(model.problem.whitening)), []).append(model)
    for likely in problems.values():
        tried = {one.step.alike(points.sizes) for one in likely if one.step}
        higher: Model | None = likely[0]
        while higher and (step := higher.step):
            best, near = higher, []
            for other in neighbouring_steps(step, points.sizes):
                if (key := other.alike(points.sizes)) not in tried:
                    tried.add(key)
                    prior = best.prior * other.breakpoint.weight / step.breakpoint.weight
                    near.append(_stepped(best, other, points, prior, bound))
            found += near
            better = [one for one in near if one.likelihood > best.likelihood]
            higher = max(better, key=lambda one: one.likelihood, default=None)
    return found


def _bent(models: Sequence[Model], points: FitData, bound: float, other: float) -> list[Model]:
    """Fit laws whose leading part bends; those with the likeliest bend, where that is sure.

    Their exponents are one more than those of other laws, so that they cannot be averaged with
    them: `other` is the log likelihood of the best of these.
    """
    found = [
        _with_bend(model, slope_break, points, model.prior * prior, bound)
        for model in models
        for slope_break, prior in screen_slope_breaks(
            model.problem, model.best, points.sizes, points.places
        )
    ]
    if not found:
        return []
    found = _likeliest(found, _UNLIKELY)
    if found[0].likelihood < other + np.log(CREDIBLE / (1 - CREDIBLE)):
        return []
    posterior_probability = 1 / (1 + float(np.exp(other - found[0].likelihood)))
    best = found[0].slope_break
    location_interval = credible_range(
        (
            each.slope_break.low,
            each.slope_break.high,
            float(np.exp(each.likelihood - found[0].likelihood)),
        )
        for each in found
        if each.slope_break and best and each.slope_break.axis == best.axis
    )
    return [
        replace(
            each, posterior_probability=posterior_probability, location_interval=location_interval
        )
        for each in found
        if each.slope_break == best
    ]


def _with_bend(
    model: Model, slope_break: SlopeBreak, points: FitData, prior: float, bound: float
) -> Model:
    """Fit a law whose leading part bends, from where the one without it was."""
    sizes = np.column_stack([points.sizes, slope_break.size(points.sizes)])
    problem = VariableProjection(
        sizes, points.values, points.lead, points.terms, model.problem.overlap
    )
    start = replace(model.best, exponents=np.append(model.best.exponents, 0.0))
    found = _model(
        problem.whitened(model.problem.whitening), start, points.lower, None, prior, bound
    )
    # Against laws without it: the exponent of the bend is integrated out (Laplace), within ±bound.
    curvature = found.problem.curvature(found.best)
    freedom = max(found.residual_df, 1)
    variance = np.linalg.pinv(curvature, hermitian=True)[-1, -1] * found.best.sse / freedom
    width = min(float(np.sqrt(2 * np.pi * max(variance, 0.0))), 2 * bound)
    share = np.log(max(width, FLOOR) / (2 * bound))
    return replace(found, likelihood=found.likelihood + float(share), slope_break=slope_break)


def _stepped(model: Model, step: StepTerm, points: FitData, prior: float, bound: float) -> Model:
    """Fit a law with a step, from where the one without it was."""
    sizes, values, lower = points.sizes, points.values, points.lower
    lead, terms = points.lead, points.terms
    if step.leads is None:
        terms = np.column_stack([terms, step.column(sizes)])
    else:  # a step of the leading part grows with the law's exponents, whatever they are
        lead = np.column_stack([lead, lead * step.share(sizes)])
    problem = VariableProjection(sizes, values, lead, terms, model.problem.overlap)
    whitened = problem.whitened(model.problem.whitening)
    found = _model(whitened, model.best, [*lower, step], step, prior, bound)
    step = step.following(found.best.exponents)
    return replace(found, lower=[*lower, step], step=step)


def _model(
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


def _likeliest(models: list[Model], within: float) -> list[Model]:
    """Those that are not much less likely than the best, the likeliest first."""
    models = sorted(models, key=lambda model: -model.likelihood)
    return [one for one in models if one.likelihood > models[0].likelihood - within]


def _robust(
    problem: VariableProjection, bound: float, starts: Array
) -> tuple[VariableProjection, Solution, float]:
    """Find the best exponents, points far off the law losing weight; and the points' spread."""
    best = problem.search(bound, starts)
    for _ in range(2):
        residuals = problem.residuals(best)
        weights, scale = robust(residuals, problem.points - best.active - problem.axes)
        problem = problem.whitened(independent(weights))
        best = problem.search(bound, best.exponents[None, :])
    return problem, best, scale


def robust(residuals: Array, residual_df: int) -> tuple[Array, float]:
    """Weights of points, those far off a law losing theirs (Huber 1964), and the points' spread.

    Parameters
    ----------
    residuals
        (points,), relative.
    residual_df
        Points beyond the law's free numbers.
    """
    scale = 1.4826 * np.median(np.abs(residuals - np.median(residuals)))
    scale = float(scale * np.sqrt(len(residuals) / max(residual_df, 1)) + FLOOR)
    return np.asarray(1 / np.maximum(np.abs(residuals) / (_ROBUST * scale), 1)), scale
