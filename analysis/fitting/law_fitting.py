"""Fit a law to points: fit all models, weigh them, and sample the exponents."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..breakpoints import credible_range
from ..expressions import Array, Leading, Monomial
from ..laws import Exponent, FittedLaw
from ..regression import PosteriorSample, Solution, diagnose_residuals, one_thread, sample_posterior
from .model_averaging import fit_models
from .models import CREDIBLE, FitData, Model
from .term_selection import select_terms

#: Default half-width of the search around the leading part's degrees.
BOUND = 1.5

_LEVELS = (0.025, 0.975)
_EQUAL = 2.0  # difference in log likelihood that hardly distinguishes two laws


@one_thread()
def fit_law(
    sizes: Array,
    values: Array,
    leading: Leading,
    lower: Sequence[Monomial],
    *,
    bound: float = BOUND,
    overlap: bool = False,
    regimes: bool = False,
    processes: Array | None = None,
    intervals: bool = True,
) -> FittedLaw:
    """Fit a law to points.

    Parameters
    ----------
    sizes
        (points, axes), positive; every axis varies.
    values
        (points,), positive, in the metric's unit.
    leading
        The leading part.
    lower
        Candidate lower-order terms; non-negativity selects among them.
    bound
        Exponents are searched within ± this around the leading part's degrees.
    overlap
        Whether costs may overlap instead of adding up.
    regimes
        Whether the law may have a breakpoint.
    processes
        (points, processes): the share of a point's repeats that each measured, where known.
    intervals
        Whether to sample the exponents; if not, their intervals are the whole range searched.
    """
    points = FitData(sizes, values, leading, lower)
    models = fit_models(points, bound, overlap, regimes, processes)
    drawn = None
    if intervals and models[0].residual_df >= 1 and models[0].best.leading > 0:
        priors = np.array([model.prior for model in models])
        problems = [model.problem for model in models]
        drawn = sample_posterior(problems, priors, models[0].best, bound)
    probabilities = _posterior_probabilities(models, drawn)
    breakpoint_probability = min(
        float(sum(p for p, one in zip(probabilities, models, strict=True) if one.step)), 1.0
    )
    breakpoint_probability = max(breakpoint_probability, models[0].slope_break_probability)
    # The law has a breakpoint only if that is credible. Its overlap is the likeliest over all
    # exponents, not at the best ones.
    eligible = [
        one
        for one in models
        if bool(one.step or one.slope_break) == (breakpoint_probability >= CREDIBLE)
    ] or models
    overlaps: dict[float, float] = {}
    for p, one in zip(probabilities, models, strict=True):
        overlaps[one.problem.overlap] = overlaps.get(one.problem.overlap, 0.0) + float(p)
    overlap_exponent = max({one.problem.overlap for one in eligible}, key=lambda p: overlaps[p])
    model = _central_model(
        [one for one in eligible if one.problem.overlap == overlap_exponent], drawn
    )
    model = select_terms(model, bound)
    problem, best, residual_df = model.problem, model.best, model.residual_df
    residuals = problem.residuals(best)
    exponents = _exponents(leading, best, drawn, bound)
    return FittedLaw(
        leading=leading.weighted(best.weights),
        coefficient=best.leading,
        exponents=exponents[: len(leading.axes)],
        terms=tuple(
            (float(c), term) for c, term in zip(best.lower, model.lower, strict=True) if c > 0
        ),
        sizes=sizes,
        values=values,
        residuals=residuals,
        diagnostics=diagnose_residuals(leading.axes, sizes, residuals, residual_df),
        residual_df=residual_df,
        overlap=overlap_exponent,
        overlaps=overlaps,
        breakpoint_probability=breakpoint_probability,
        slope_break=model.slope_break,
        slope_change=exponents[-1] if model.slope_break else None,
        breakpoint_interval=_breakpoint_interval(model, models, probabilities),
        sample=drawn,
        problems=[(each.problem, each.lower) for each in models],
        lower=lower,
        processes=processes,
        log_weight=max(one.log_weight for one in eligible),
    )


def _central_model(models: Sequence[Model], drawn: PosteriorSample | None) -> Model:
    """Choose the model to show from models with the likeliest first.

    Several breakpoints may be about equally likely, each with different exponents: the model
    nearest to the posterior mean is chosen.
    """
    if drawn is None or models[0].step is None:
        return models[0]
    equal = [one for one in models if one.step and one.log_weight > models[0].log_weight - _EQUAL]
    mean, scale = drawn.moments()
    return min(equal, key=lambda one: np.linalg.norm((one.best.exponents - mean) / scale))


def refit(law: FittedLaw, subset: NDArray[np.bool_], *, overlap: bool) -> FittedLaw:
    """Fit a law again to a subset of its points, (points,), without intervals."""
    return fit_law(
        law.sizes[subset],
        law.values[subset],
        law.leading,
        law.lower,
        overlap=overlap,
        regimes=bool(law.regimes),
        processes=None if law.processes is None else law.processes[subset],
        intervals=False,
    )


def _breakpoint_interval(
    chosen: Model, models: Sequence[Model], probabilities: Array
) -> tuple[float, float] | None:
    """Find the 95 % interval of a breakpoint's location; None without one.

    Other likely models count if their breakpoint lies along the same size or product of sizes.
    """
    if chosen.step is None:
        return chosen.location_interval
    along = chosen.step.breakpoint.along
    return credible_range(
        (one.step.breakpoint.low, one.step.breakpoint.high, float(p))
        for one, p in zip(models, probabilities, strict=True)
        if one.step and one.step.breakpoint.along == along
    )


def _posterior_probabilities(models: Sequence[Model], drawn: PosteriorSample | None) -> Array:
    """Return the models' posterior probabilities; without a sample, those at the best exponents."""
    if drawn is not None:
        return drawn.problem_probabilities
    ratios = np.exp(np.array([model.log_weight for model in models]) - models[0].log_weight)
    return np.asarray(ratios / ratios.sum())


def _exponents(
    leading: Leading, best: Solution, drawn: PosteriorSample | None, bound: float
) -> tuple[Exponent, ...]:
    """Return the exponents with intervals; without a sample, these are the range searched.

    With a slope break, the last is the change of the exponent.
    """
    if drawn is None:
        limits = np.tile((-bound, bound), (len(best.exponents), 1))
    else:
        limits = drawn.quantiles(_LEVELS)
    degrees = {**{axis: leading.degree(axis) for axis in leading.axes}, "slope change": 0.0}
    return tuple(
        Exponent(
            axis=axis,
            estimate=degree + float(shift),
            low=degree + min(float(low), float(shift)),
            high=degree + max(float(high), float(shift)),
        )
        for (axis, degree), shift, (low, high) in zip(
            degrees.items(), best.exponents, limits, strict=False
        )
    )
