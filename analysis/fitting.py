"""Fit a law to points: every overlap and error model tried, weighed, and the exponents sampled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .arrays import Array
from .intervals import Sample, sample
from .law import SUM, Exponent, Law
from .projection import FLOOR, Projection, Solution
from .regimes import Stepped, borders, steps
from .shared import independent, whitenings
from .structure import left_over
from .terms import Leading, Monomial, columns

#: Unless told otherwise, exponents are searched this far from the leading part's degrees.
BOUND = 1.5

#: How likely each overlap exponent p is beforehand. 1 is a sum, costs that follow one another;
#: from 5 on the law is nearly the largest of its terms. A sum is the rule on a processor.
OVERLAPS: Mapping[float, float] = {1: 0.6, 1.5: 0.1, 2: 0.1, 3: 0.1, 5: 0.1}

_LEVELS = (0.025, 0.975)
_NEGLIGIBLE = 9.0  # in log likelihood: what is e^9 times less likely moves no interval
_UNLIKELY = 4.0  # the same for a law with a border, of which there are many
_SURE = 0.95  # a border is said to be there when it is at least this likely
_ROBUST = 4.0  # residuals beyond this many standard deviations lose weight (Huber 1964)


def fit_law(
    sizes: Array,
    values: Array,
    leading: Leading,
    lower: Sequence[Monomial],
    *,
    bound: float = BOUND,
    overlaps: Mapping[float, float] = SUM,
    regimes: bool = False,
    intervals: bool = True,
) -> Law:
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
        Lower-order terms that it may use; non-negativity chooses among them.
    bound
        Exponents are searched within ± this of the leading part's degrees.
    overlaps
        Overlap exponents p to try, each with how likely it is beforehand.
    regimes
        Whether a term may cost more from some border on, or up to it.
    intervals
        Whether to sample the exponents; without, their intervals are the range searched.
    """
    models = _models(sizes, values, leading, lower, bound, overlaps, regimes)
    drawn = None
    if intervals and _spare(models[0]) >= 1 and models[0].best.leading > 0:
        chances = np.array([model.chance for model in models])
        problems = [model.problem for model in models]
        drawn = sample(problems, chances, models[0].best, bound)
    likely = _likely(models, drawn)
    stepped = min(float(sum(p for p, one in zip(likely, models, strict=True) if one.step)), 1.0)
    # What is shown has a border only if that is sure, and the overlap that is likeliest over all
    # exponents, not at one of them.
    shown = [one for one in models if bool(one.step) == (stepped >= _SURE)] or models
    shares: dict[float, float] = {}
    for share, one in zip(likely, models, strict=True):
        shares[one.problem.overlap] = shares.get(one.problem.overlap, 0.0) + float(share)
    likeliest = max({one.problem.overlap for one in shown}, key=lambda p: shares[p])
    model = next(one for one in shown if one.problem.overlap == likeliest)
    problem, best, spare = model.problem, model.best, _spare(model)
    residuals = problem.residuals(best)
    return Law(
        leading=leading,
        coefficient=best.leading,
        exponents=_exponents(leading, best, drawn, bound),
        terms=tuple(
            (float(c), term) for c, term in zip(best.lower, model.lower, strict=True) if c > 0
        ),
        sizes=sizes,
        values=values,
        residuals=residuals,
        left_over=left_over(leading.axes, sizes, residuals, spare),
        spare=spare,
        overlap=likeliest,
        overlaps=shares,
        stepped=stepped,
        sample=drawn,
        problems=[(each.problem, each.lower) for each in models],
        lower=lower,
    )


@dataclass(frozen=True)
class _Model:
    """An overlap and a size of what points share, with the best law they allow.

    Attributes
    ----------
    problem, best
        The problem and its solution.
    lower
        Its lower-order terms, the step last where there is one.
    step
        The term of one regime alone.
    chance
        How likely it is beforehand.
    likelihood
        Log likelihood of the solution, the chance included.
    """

    problem: Projection
    best: Solution
    lower: Sequence[Monomial]
    step: Stepped | None
    chance: float
    likelihood: float


def _models(
    sizes: Array,
    values: Array,
    leading: Leading,
    lower: Sequence[Monomial],
    bound: float,
    overlaps: Mapping[float, float],
    regimes: bool,
) -> list[_Model]:
    """Fit every overlap with every size of what points share; the likeliest first."""
    parts = leading.column(sizes), columns(lower, sizes)
    robust = [_robust(Projection(sizes, values, *parts, p), bound) for p in overlaps]
    # Weights and spread are those of the overlap that describes the points best: all are then
    # held against the same errors.
    closest, _, spread = min(robust, key=lambda found: found[2])
    whitened = whitenings(sizes, closest.whitening.roots**2, spread)
    models = [
        _model(problem.whitened(each), start, lower, None, prior / len(whitened), bound)
        for (problem, start, _), prior in zip(robust, overlaps.values(), strict=True)
        for each in whitened
    ]
    models = _likeliest(models, _NEGLIGIBLE)
    if not regimes:
        return models
    stepped: list[_Model] = []
    places = borders(sizes)
    for model in models:
        stepped += [
            _stepped(model, step, sizes, values, leading, lower, model.chance * chance, bound)
            for step, chance in steps(model.problem, model.best, sizes, places, leading, lower)
        ]
    kept = [each for each in _likeliest([*models, *stepped], _UNLIKELY) if each.step]
    return _likeliest([*models, *kept], _NEGLIGIBLE)


def _stepped(
    model: _Model,
    step: Stepped,
    sizes: Array,
    values: Array,
    leading: Leading,
    lower: Sequence[Monomial],
    chance: float,
    bound: float,
) -> _Model:
    """Fit a law with a step, from where the one without it was."""
    lead, terms = leading.column(sizes), columns(lower, sizes)
    if step.leads is None:
        terms = np.column_stack([terms, step.column(sizes)])
    else:  # a step of the leading part grows with the law's exponents, whatever they are
        lead = np.column_stack([lead, lead * step.share(sizes)])
    problem = Projection(sizes, values, lead, terms, model.problem.overlap)
    whitened = problem.whitened(model.problem.whitening)
    found = _model(whitened, model.best, [*lower, step], step, chance, bound)
    step = step.following(found.best.exponents)
    return replace(found, lower=[*lower, step], step=step)


def _model(
    problem: Projection,
    start: Solution,
    lower: Sequence[Monomial],
    step: Stepped | None,
    chance: float,
    bound: float,
) -> _Model:
    """Fit one model from where another was."""
    best = problem.search(bound, start.exponents[None, :])
    (likelihood,) = problem.log_likelihood(*problem.profile(best.exponents[None, :]))
    return _Model(problem, best, lower, step, chance, float(likelihood + np.log(chance)))


def _likeliest(models: list[_Model], within: float) -> list[_Model]:
    """Those that are not much less likely than the best, the likeliest first."""
    models = sorted(models, key=lambda model: -model.likelihood)
    return [one for one in models if one.likelihood > models[0].likelihood - within]


def _spare(model: _Model) -> int:
    """Points beyond the free numbers: coefficients in use and exponents."""
    return int(model.problem.points - model.best.active - model.problem.axes)


def _likely(models: Sequence[_Model], drawn: Sample | None) -> Array:
    """How likely each model is; where nothing was drawn, by their best exponents alone."""
    if drawn is not None:
        return drawn.shares
    likely = np.exp(np.array([model.likelihood for model in models]) - models[0].likelihood)
    return np.asarray(likely / likely.sum())


def _robust(problem: Projection, bound: float) -> tuple[Projection, Solution, float]:
    """Find the best exponents, points far off the law losing weight; and the points' spread."""
    starts = np.outer((0.0, -0.4, 0.4), np.ones(problem.axes))
    best = problem.search(bound, starts)
    for _ in range(2):
        residuals = problem.residuals(best)
        weights, spread = robust(residuals, problem.points - best.active - problem.axes)
        problem = problem.whitened(independent(weights))
        best = problem.search(bound, best.exponents[None, :])
    return problem, best, spread


def robust(residuals: Array, spare: int) -> tuple[Array, float]:
    """Weights of points, those far off a law losing theirs (Huber 1964), and the points' spread.

    Parameters
    ----------
    residuals
        (points,), relative.
    spare
        Points beyond the law's free numbers.
    """
    spread = 1.4826 * np.median(np.abs(residuals - np.median(residuals)))
    spread = float(spread * np.sqrt(len(residuals) / max(spare, 1)) + FLOOR)
    return np.asarray(1 / np.maximum(np.abs(residuals) / (_ROBUST * spread), 1)), spread


def _exponents(
    leading: Leading, best: Solution, drawn: Sample | None, bound: float
) -> tuple[Exponent, ...]:
    """Exponents with intervals; where nothing was drawn, the range that was searched."""
    if drawn is None:
        limits = np.tile((-bound, bound), (len(best.exponents), 1))
    else:
        limits = drawn.quantiles(_LEVELS)
    return tuple(
        Exponent(
            axis,
            estimate=leading.degree(axis) + float(shift),
            low=leading.degree(axis) + min(float(low), float(shift)),
            high=leading.degree(axis) + max(float(high), float(shift)),
        )
        for axis, shift, (low, high) in zip(leading.axes, best.exponents, limits, strict=True)
    )
