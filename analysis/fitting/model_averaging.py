"""Fit the models that are averaged: each overlap with each error covariance and breakpoint.

Their weights are likelihood times prior probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from ..expressions import FLOOR, Array
from ..regression import Solution, VariableProjection, Whitening, independent_errors, whitenings
from . import overlap_exponents
from .breakpoint_models import slope_break_models, step_models
from .models import NEGLIGIBLE, FitData, Model, fit_model, likeliest_models

_ROBUST = 4.0  # residuals beyond this many standard deviations lose weight (Huber 1964)


def fit_models(
    points: FitData,
    bound: float,
    overlap: bool,
    regimes: bool,
    processes: Array | None,
) -> list[Model]:
    """Fit every overlap with every error covariance; return the likely models, likeliest first."""
    closest, problems = _fit_overlaps(points, bound, overlap)

    def models_around(problem: VariableProjection, best: Solution, scale: float) -> list[Model]:
        # Weights and scale are those of the law that describes the points best, so that all
        # models are compared under the same errors.
        candidates = whitenings(
            points.sizes, problem.whitening.roots**2, problem.residuals(best), scale, processes
        )
        return _fit_whitenings(points, problems, candidates, bound, regimes)

    models = models_around(*closest)
    # Points beyond a breakpoint were outliers of every law without one: compute weights again.
    if models[0].step or models[0].slope_break:
        problem, best = models[0].problem, models[0].best
        weights, scale = robust_weights(problem.residuals(best), models[0].residual_df)
        models = models_around(problem.with_whitening(independent_errors(weights)), best, scale)
    return models


def _fit_overlaps(
    points: FitData, bound: float, overlap: bool
) -> tuple[
    tuple[VariableProjection, Solution, float], list[tuple[VariableProjection, Solution, float]]
]:
    """Fit each overlap exponent with independent errors.

    Returns
    -------
    The problem that describes the points best, with its solution and its scale; and every problem
    with its solution and its prior.
    """

    def problem(p: float) -> VariableProjection:
        own = points.leading.coefficients
        return VariableProjection(points.sizes, points.values, points.lead, points.terms, p, own)

    starts = np.outer((0.0, -0.4, 0.4), np.ones(len(points.leading.axes)))
    found = []
    for p in (
        overlap_exponents.FIRST_EXPONENTS if overlap else overlap_exponents.FIRST_EXPONENTS[:1]
    ):
        found.append(_fit_robustly(problem(p), bound, starts))
        starts = np.array([found[-1][1].exponents, np.zeros(len(points.leading.axes))])
    closest = min(found, key=lambda each: each[2])
    weights = closest[0].whitening
    solved = {each.overlap: (each, best) for each, best, _ in found}

    @cache
    def likelihood(p: float) -> float:
        each, best = solved[p]
        return float(each.with_whitening(weights).log_likelihood(best.exponents[None, :])[0])

    for _ in range(overlap_exponents.HALVINGS if overlap else 0):
        best = max((p for p in solved if p > 1), key=likelihood)
        if likelihood(best) < likelihood(1) - NEGLIGIBLE:
            break
        for p in overlap_exponents.halfway_exponents(list(solved), best):
            start = solved[best][1].exponents[None, :]
            new = problem(p).with_whitening(weights)
            solved[p] = new, new.search(bound, start)
    priors = overlap_exponents.priors(list(solved))
    return closest, [
        (*each, float(prior)) for each, prior in zip(solved.values(), priors, strict=True)
    ]


def _fit_whitenings(
    points: FitData,
    problems: Sequence[tuple[VariableProjection, Solution, float]],
    whitenings: Sequence[Whitening],
    bound: float,
    regimes: bool,
) -> list[Model]:
    """Fit each problem with each whitening, and with breakpoints if `regimes` allows them."""
    models = [
        fit_model(
            problem.with_whitening(each), start, points.lower, None, prior / len(whitenings), bound
        )
        for problem, start, prior in problems
        for each in whitenings
    ]
    models = likeliest_models(models, NEGLIGIBLE)
    if not regimes:
        return models
    likely = likeliest_models([*models, *step_models(models, points, bound)], NEGLIGIBLE)
    if not bound:  # exponents are fixed, on either side of a break
        return likely
    return slope_break_models(models, points, bound, likely[0].log_weight) or likely


def _fit_robustly(
    problem: VariableProjection, bound: float, starts: Array
) -> tuple[VariableProjection, Solution, float]:
    """Find the best exponents with robust weights, and the robust scale."""
    best = problem.search(bound, starts)
    for _ in range(2):
        residuals = problem.residuals(best)
        weights, scale = robust_weights(
            residuals, problem.points - best.terms_in_use - problem.axes
        )
        problem = problem.with_whitening(independent_errors(weights))
        best = problem.search(bound, best.exponents[None, :])
    return problem, best, scale


def robust_weights(residuals: Array, residual_df: int) -> tuple[Array, float]:
    """Compute the points' robust weights (Huber 1964) and the robust scale.

    Parameters
    ----------
    residuals
        (points,), relative.
    residual_df
        Points less the law's free parameters.
    """
    scale = 1.4826 * np.median(np.abs(residuals - np.median(residuals)))
    scale = float(scale * np.sqrt(len(residuals) / max(residual_df, 1)) + FLOOR)
    return np.asarray(1 / np.maximum(np.abs(residuals) / (_ROBUST * scale), 1)), scale
