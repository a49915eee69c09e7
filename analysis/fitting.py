"""Fit a law to points: every overlap and error model tried, weighed, and the exponents sampled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .arrays import Array
from .intervals import Sample, sample
from .law import SUM, Exponent, Law
from .projection import FLOOR, Projection, Solution
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
_ROBUST = 4.0  # residuals beyond this many standard deviations lose weight (Huber 1964)


def fit_law(
    sizes: Array,
    values: Array,
    leading: Leading,
    lower: Sequence[Monomial],
    *,
    bound: float = BOUND,
    overlaps: Mapping[float, float] = SUM,
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
    intervals
        Whether to sample the exponents; without, their intervals are the range searched.
    """
    models = _models(sizes, values, leading, lower, bound, overlaps)
    drawn = None
    if intervals and _spare(models[0]) >= 1 and models[0].best.leading > 0:
        chances = np.array([model.chance for model in models])
        problems = [model.problem for model in models]
        drawn = sample(problems, chances, models[0].best, bound)
    shares = _shares(models, drawn)
    # What is shown has the overlap that is likeliest over all exponents, not at one of them.
    likeliest = max(shares, key=lambda p: shares[p])
    model = next(each for each in models if each.problem.overlap == likeliest)
    problem, best, spare = model.problem, model.best, _spare(model)
    residuals = problem.residuals(best)
    return Law(
        leading=leading,
        coefficient=best.leading,
        exponents=_exponents(leading, best, drawn, bound),
        terms=tuple((float(c), term) for c, term in zip(best.lower, lower, strict=True) if c > 0),
        sizes=sizes,
        values=values,
        residuals=residuals,
        left_over=left_over(leading.axes, sizes, residuals, spare),
        spare=spare,
        overlap=likeliest,
        overlaps=shares,
        sample=drawn,
        problems=[each.problem for each in models],
        lower=lower,
    )


@dataclass(frozen=True)
class _Model:
    """An overlap and a size of what points share, with the best law they allow.

    Attributes
    ----------
    problem, best
        The problem and its solution.
    chance
        How likely it is beforehand.
    likelihood
        Log likelihood of the solution, the chance included.
    """

    problem: Projection
    best: Solution
    chance: float
    likelihood: float


def _models(
    sizes: Array,
    values: Array,
    leading: Leading,
    lower: Sequence[Monomial],
    bound: float,
    overlaps: Mapping[float, float],
) -> list[_Model]:
    """Fit every overlap with every size of what points share; the likeliest first."""
    parts = leading.column(sizes), columns(lower, sizes)
    robust = [_robust(Projection(sizes, values, *parts, p), bound) for p in overlaps]
    # Weights and spread are those of the overlap that describes the points best: all are then
    # held against the same errors.
    closest, _, spread = min(robust, key=lambda found: found[2])
    whitened = whitenings(sizes, closest.whitening.roots**2, spread)
    models = []
    for (problem, start, _), prior in zip(robust, overlaps.values(), strict=True):
        for each in whitened:
            one = problem.whitened(each)
            best = one.search(bound, start.exponents[None, :])
            chance = prior / len(whitened)
            (likelihood,) = one.log_likelihood(*one.profile(best.exponents[None, :]))
            models.append(_Model(one, best, chance, float(likelihood + np.log(chance))))
    models.sort(key=lambda model: -model.likelihood)
    return [one for one in models if one.likelihood > models[0].likelihood - _NEGLIGIBLE]


def _spare(model: _Model) -> int:
    """Points beyond the free numbers: coefficients in use and exponents."""
    return int(model.problem.points - model.best.active - model.problem.axes)


def _shares(models: Sequence[_Model], drawn: Sample | None) -> Mapping[float, float]:
    """How likely each overlap is; where nothing was drawn, that of the best fit is taken."""
    if drawn is None:
        return {models[0].problem.overlap: 1.0}
    shares: dict[float, float] = {}
    for model, share in zip(models, drawn.shares, strict=True):
        shares[model.problem.overlap] = shares.get(model.problem.overlap, 0.0) + float(share)
    return shares


def _robust(problem: Projection, bound: float) -> tuple[Projection, Solution, float]:
    """Find the best exponents, points far off the law losing weight; and the points' spread."""
    starts = np.outer((0.0, -0.4, 0.4), np.ones(problem.axes))
    best = problem.search(bound, starts)
    for _ in range(2):
        residuals = problem.residuals(best)
        freedom = max(problem.points - best.active - problem.axes, 1)
        spread = 1.4826 * np.median(np.abs(residuals - np.median(residuals)))
        spread = float(spread * np.sqrt(problem.points / freedom) + FLOOR)
        weights = 1 / np.maximum(np.abs(residuals) / (_ROBUST * spread), 1)
        problem = problem.whitened(independent(weights))
        best = problem.search(bound, best.exponents[None, :])
    return problem, best, spread


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
