"""Fit models with a breakpoint: a step term, or a slope break of the leading part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..breakpoints import (
    SlopeBreak,
    StepTerm,
    credible_range,
    neighbouring_steps,
    screen_slope_breaks,
    screen_steps,
)
from ..expressions import FLOOR
from ..regression import VariableProjection
from .models import CREDIBLE, FitData, Model, fit_model, likeliest_models

#: As `NEGLIGIBLE`, for models with a breakpoint, of which there are many.
_UNLIKELY = 4.0


def step_models(models: Sequence[Model], points: FitData, bound: float) -> list[Model]:
    """Fit models with a step, starting from those without; return the likely, likeliest first."""
    stepped: list[Model] = []
    for model in models:
        stepped += [
            _with_step(model, step, points, model.prior * prior, bound)
            for step, prior in screen_steps(
                model.problem,
                model.best,
                points.sizes,
                *points.sides,
                points.leading.weighted(model.best.weights),
                points.lower,
            )
        ]
    likely = [each for each in likeliest_models([*models, *stepped], _UNLIKELY) if each.step]
    return likeliest_models([*likely, *_adjacent_step_models(likely, points, bound)], _UNLIKELY)


def _adjacent_step_models(models: Sequence[Model], points: FitData, bound: float) -> list[Model]:
    """Fit steps next to the likely ones, then next to any that is likelier, until none is.

    The score test is not enough: it is made at the law without a step, whose exponents lie far
    from those of the law with it.
    """
    found: list[Model] = []
    problems: dict[tuple[float, int], list[Model]] = {}
    for model in models:
        problems.setdefault((model.problem.overlap, id(model.problem.whitening)), []).append(model)
    for likely in problems.values():
        fitted = {one.step.cost_key(points.sizes) for one in likely if one.step}
        better: Model | None = likely[0]
        while better and (step := better.step):
            best, near = better, []
            for other in neighbouring_steps(step, points.sizes):
                if (key := other.cost_key(points.sizes)) not in fitted:
                    fitted.add(key)
                    prior = best.prior * other.breakpoint.weight / step.breakpoint.weight
                    near.append(_with_step(best, other, points, prior, bound))
            found += near
            likelier = [one for one in near if one.log_weight > best.log_weight]
            better = max(likelier, key=lambda one: one.log_weight, default=None)
    return found


def slope_break_models(
    models: Sequence[Model], points: FitData, bound: float, other: float
) -> list[Model]:
    """Fit models with a slope break; return those with the likeliest break if it is credible.

    They have one exponent more than other models and cannot be averaged with them: `other` is the
    log likelihood of the best model without a slope break.
    """
    found = [
        _with_slope_break(model, slope_break, points, model.prior * prior, bound)
        for model in models
        for slope_break, prior in screen_slope_breaks(
            model.problem, model.best, points.sizes, points.slope_breaks
        )
    ]
    if not found:
        return []
    found = likeliest_models(found, _UNLIKELY)
    if found[0].log_weight < other + np.log(CREDIBLE / (1 - CREDIBLE)):
        return []
    slope_break_probability = 1 / (1 + float(np.exp(other - found[0].log_weight)))
    best = found[0].slope_break
    location_interval = credible_range(
        (
            each.slope_break.low,
            each.slope_break.high,
            float(np.exp(each.log_weight - found[0].log_weight)),
        )
        for each in found
        if each.slope_break and best and each.slope_break.axis == best.axis
    )
    return [
        replace(
            each,
            slope_break_probability=slope_break_probability,
            location_interval=location_interval,
        )
        for each in found
        if each.slope_break == best
    ]


def _with_slope_break(
    model: Model, slope_break: SlopeBreak, points: FitData, prior: float, bound: float
) -> Model:
    """Fit a model with a slope break, starting from the model without it."""
    sizes = np.column_stack([points.sizes, slope_break.size(points.sizes)])
    problem = VariableProjection(
        sizes,
        points.values,
        points.lead,
        points.terms,
        model.problem.overlap,
        points.leading.coefficients,
    )
    start = replace(model.best, exponents=np.append(model.best.exponents, 0.0))
    found = fit_model(
        problem.with_whitening(model.problem.whitening), start, points.lower, None, prior, bound
    )
    # To compare with laws without it, integrate the slope's change out (Laplace) within ±bound.
    curvature = found.problem.curvature(found.best)
    freedom = max(found.residual_df, 1)
    variance = np.linalg.pinv(curvature, hermitian=True)[-1, -1] * found.best.sse / freedom
    width = min(float(np.sqrt(2 * np.pi * max(variance, 0.0))), 2 * bound)
    evidence = np.log(max(width, FLOOR) / (2 * bound))
    return replace(found, log_weight=found.log_weight + float(evidence), slope_break=slope_break)


def _with_step(model: Model, step: StepTerm, points: FitData, prior: float, bound: float) -> Model:
    """Fit a model with a step, starting from the model without it."""
    sizes, values, lower = points.sizes, points.values, points.lower
    lead, terms = points.lead, points.terms
    if step.leads is None:
        terms = np.column_stack([terms, step.column(sizes)])
    else:  # a step of the leading part has the law's exponents
        lead = np.column_stack([lead, step.leads.column(sizes) * step.share(sizes)])
    problem = VariableProjection(
        sizes, values, lead, terms, model.problem.overlap, points.leading.coefficients
    )
    whitened = problem.with_whitening(model.problem.whitening)
    found = fit_model(whitened, model.best, [*lower, step], step, prior, bound)
    step = step.following(found.best.exponents)
    return replace(found, lower=[*lower, step], step=step)
