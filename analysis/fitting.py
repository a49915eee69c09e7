"""Fit a law to points: every overlap and error model tried, weighed, and the exponents sampled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from . import overlaps
from .arrays import FLOOR, Array
from .intervals import Sample, sample
from .law import Exponent, Law
from .projection import Projection, Solution
from .regimes import Bend, Border, Stepped, bends, borders, places, steps
from .shared import Whitening, independent, whitenings
from .structure import left_over
from .terms import Leading, Monomial, columns

#: Unless told otherwise, exponents are searched this far from the leading part's degrees.
BOUND = 1.5

_LEVELS = (0.025, 0.975)
_NEGLIGIBLE = 9.0  # in log likelihood: what is e^9 times less likely moves no interval
_UNLIKELY = 4.0  # the same for a law with a border, of which there are many
_SURE = 0.95  # a border is said to be there when it is at least this likely
_STRONG = 6.0  # in a criterion: strong evidence (Raftery 1995)
_ROBUST = 4.0  # residuals beyond this many standard deviations lose weight (Huber 1964)


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
    overlap
        Whether costs may overlap instead of adding up.
    regimes
        Whether a term may cost more from some border on, or up to it.
    processes
        (points, processes): which share of a point's repeats each measured, where that is known.
    intervals
        Whether to sample the exponents; without, their intervals are the range searched.
    """
    points = _Points(sizes, values, leading, lower)
    models = _models(points, bound, overlap, regimes, processes)
    drawn = None
    if intervals and _spare(models[0]) >= 1 and models[0].best.leading > 0:
        chances = np.array([model.chance for model in models])
        problems = [model.problem for model in models]
        drawn = sample(problems, chances, models[0].best, bound)
    likely = _likely(models, drawn)
    stepped = min(float(sum(p for p, one in zip(likely, models, strict=True) if one.step)), 1.0)
    stepped = max(stepped, models[0].sure)
    # What is shown has a border only if that is sure, and the overlap that is likeliest over all
    # exponents, not at one of them.
    shown = [one for one in models if bool(one.step or one.bend) == (stepped >= _SURE)] or models
    shares: dict[float, float] = {}
    for share, one in zip(likely, models, strict=True):
        shares[one.problem.overlap] = shares.get(one.problem.overlap, 0.0) + float(share)
    likeliest = max({one.problem.overlap for one in shown}, key=lambda p: shares[p])
    model = next(one for one in shown if one.problem.overlap == likeliest)
    model = _sparing(model, bound)
    problem, best, spare = model.problem, model.best, _spare(model)
    residuals = problem.residuals(best)
    exponents = _exponents(leading, best, drawn, bound)
    return Law(
        leading=leading,
        coefficient=best.leading,
        exponents=exponents[: len(leading.axes)],
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
        bend=model.bend,
        bent=exponents[-1] if model.bend else None,
        border=_place(model, models, likely),
        sample=drawn,
        problems=[(each.problem, each.lower) for each in models],
        lower=lower,
    )


def refit(law: Law, kept: NDArray[np.bool_], *, overlap: bool) -> Law:
    """Fit a law anew to those of its points that are kept, (points,), without intervals."""
    return fit_law(
        law.sizes[kept],
        law.values[kept],
        law.leading,
        law.lower,
        overlap=overlap,
        regimes=bool(law.regimes),
        intervals=False,
    )


@dataclass(frozen=True)
class _Points:
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
    def borders(self) -> Sequence[Border]:
        """Where a term may step."""
        return borders(self.sizes)

    @cached_property
    def places(self) -> Sequence[Bend]:
        """Where the leading part may bend."""
        return places(self.sizes)


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
    bend
        Where the leading part grows otherwise; the last of the exponents is by how much.
    sure, around
        How likely that is against all laws without a bend, and between which points it lies.
    """

    problem: Projection
    best: Solution
    lower: Sequence[Monomial | Stepped]
    step: Stepped | None
    chance: float
    likelihood: float
    bend: Bend | None = None
    sure: float = 0.0
    around: tuple[float, float] | None = None


def _models(
    points: _Points,
    bound: float,
    overlap: bool,
    regimes: bool,
    processes: Array | None,
) -> list[_Model]:
    """Fit every overlap with every size of what points share; the likeliest first."""
    closest, problems = _overlapping(points, bound, overlap)

    def around(problem: Projection, best: Solution, spread: float) -> list[_Model]:
        # Weights and spread are those of the law that describes the points best: all others are
        # then held against the same errors.
        shared = whitenings(
            points.sizes, problem.whitening.roots**2, problem.residuals(best), spread, processes
        )
        return _weighed(points, problems, shared, bound, regimes)

    models = around(*closest)
    # Beyond a border points lay far off every law that had none.
    if models[0].step or models[0].bend:
        problem, best = models[0].problem, models[0].best
        weights, spread = robust(problem.residuals(best), _spare(models[0]))
        models = around(problem.whitened(independent(weights)), best, spread)
    return models


def _overlapping(
    points: _Points, bound: float, overlap: bool
) -> tuple[tuple[Projection, Solution, float], list[tuple[Projection, Solution, float]]]:
    """Fit each overlap exponent as if points shared nothing.

    Returns
    -------
    The problem that describes the points best, its solution and its points' spread; and every
    problem with its solution and how likely it is beforehand.
    """

    def problem(p: float) -> Projection:
        return Projection(points.sizes, points.values, points.lead, points.terms, p)

    starts = np.outer((0.0, -0.4, 0.4), np.ones(len(points.leading.axes)))
    found = []
    for p in overlaps.FIRST if overlap else overlaps.FIRST[:1]:
        found.append(_robust(problem(p), bound, starts))
        starts = np.array([found[-1][1].exponents, np.zeros(len(points.leading.axes))])
    closest = min(found, key=lambda each: each[2])
    weights = closest[0].whitening
    solved = {each.overlap: (each, best) for each, best, _ in found}

    @cache
    def likelihood(p: float) -> float:
        each, best = solved[p]
        return float(each.whitened(weights).log_likelihood(best.exponents[None, :])[0])

    for _ in range(overlaps.HALVINGS if overlap else 0):
        best = max((p for p in solved if p > 1), key=likelihood)
        if likelihood(best) < likelihood(1) - _NEGLIGIBLE:
            break
        for p in overlaps.halved(list(solved), best):
            start = solved[best][1].exponents[None, :]
            new = problem(p).whitened(weights)
            solved[p] = new, new.search(bound, start)
    chances = overlaps.chances(list(solved))
    return closest, [
        (*each, float(chance)) for each, chance in zip(solved.values(), chances, strict=True)
    ]


def _weighed(
    points: _Points,
    problems: Sequence[tuple[Projection, Solution, float]],
    shared: Sequence[Whitening],
    bound: float,
    regimes: bool,
) -> list[_Model]:
    """Fit each problem with each whitening, and with borders."""
    models = [
        _model(problem.whitened(each), start, points.lower, None, prior / len(shared), bound)
        for problem, start, prior in problems
        for each in shared
    ]
    models = _likeliest(models, _NEGLIGIBLE)
    if not regimes:
        return models
    stepped: list[_Model] = []
    for model in models:
        stepped += [
            _stepped(model, step, points, model.chance * chance, bound)
            for step, chance in steps(
                model.problem,
                model.best,
                points.sizes,
                points.borders,
                points.leading,
                points.lower,
            )
        ]
    kept = [each for each in _likeliest([*models, *stepped], _UNLIKELY) if each.step]
    found = _likeliest([*models, *kept], _NEGLIGIBLE)
    return _bent(models, points, bound, found[0].likelihood) or found


def _bent(models: Sequence[_Model], points: _Points, bound: float, other: float) -> list[_Model]:
    """Fit laws whose leading part bends; those with the likeliest bend, where that is sure.

    Their exponents are one more than those of other laws, so that they cannot be averaged with
    them: `other` is the log likelihood of the best of these.
    """
    found = [
        _with_bend(model, bend, points, model.chance * chance, bound)
        for model in models
        for bend, chance in bends(model.problem, model.best, points.sizes, points.places)
    ]
    if not found:
        return []
    found = _likeliest(found, _UNLIKELY)
    if found[0].likelihood < other + np.log(_SURE / (1 - _SURE)):
        return []
    sure = 1 / (1 + float(np.exp(other - found[0].likelihood)))
    best = found[0].bend
    around = _around(
        (each.bend.low, each.bend.high, float(np.exp(each.likelihood - found[0].likelihood)))
        for each in found
        if each.bend and best and each.bend.axis == best.axis
    )
    return [replace(each, sure=sure, around=around) for each in found if each.bend == best]


def _with_bend(model: _Model, bend: Bend, points: _Points, chance: float, bound: float) -> _Model:
    """Fit a law whose leading part bends, from where the one without it was."""
    sizes = np.column_stack([points.sizes, bend.size(points.sizes)])
    problem = Projection(sizes, points.values, points.lead, points.terms, model.problem.overlap)
    start = replace(model.best, exponents=np.append(model.best.exponents, 0.0))
    found = _model(
        problem.whitened(model.problem.whitening), start, points.lower, None, chance, bound
    )
    # Against laws without it: the exponent of the bend is integrated out (Laplace), within ±bound.
    curvature = found.problem.curvature(found.best)
    freedom = max(_spare(found), 1)
    variance = np.linalg.pinv(curvature, hermitian=True)[-1, -1] * found.best.sse / freedom
    width = min(float(np.sqrt(2 * np.pi * max(variance, 0.0))), 2 * bound)
    share = np.log(max(width, FLOOR) / (2 * bound))
    return replace(found, likelihood=found.likelihood + float(share), bend=bend)


def _stepped(model: _Model, step: Stepped, points: _Points, chance: float, bound: float) -> _Model:
    """Fit a law with a step, from where the one without it was."""
    sizes, values, lower = points.sizes, points.values, points.lower
    lead, terms = points.lead, points.terms
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
    lower: Sequence[Monomial | Stepped],
    step: Stepped | None,
    chance: float,
    bound: float,
) -> _Model:
    """Fit one model from where another was."""
    best = problem.search(bound, start.exponents[None, :])
    (likelihood,) = problem.log_likelihood(best.exponents[None, :])
    return _Model(problem, best, lower, step, chance, float(likelihood + np.log(chance)))


def _sparing(model: _Model, bound: float) -> _Model:
    """Leave out lower-order terms, or put them in, as long as that betters the criterion.

    What non-negativity leaves in use is more than is there: terms of no account share the noise,
    and move the exponents. Told nothing, exponents err by 1.3 to 1.6 times as much as told the
    terms; the criterion (Schwarz 1978) leaves 1.0 to 1.2. Real layers have many small terms, and
    the best choice of some has lost others: the exponents are those of all choices on the way,
    weighted by how likely each is (Raftery 1995).
    """
    if not model.best.leading:
        return model
    plain = [at for at, term in enumerate(model.lower) if isinstance(term, Monomial)]
    steps = tuple(range(len(plain), model.problem.terms))  # columns that stay
    tried: dict[frozenset[int], tuple[float, Projection, Solution]] = {}

    def criterion(kept: frozenset[int]) -> float:
        if kept not in tried:
            problem = model.problem.only((*sorted(kept), *steps))
            best = problem.search(bound, model.best.exponents[None, :])
            tried[kept] = problem.criterion(best), problem, best
        return tried[kept][0]

    kept = frozenset(at for at in plain if model.best.lower[at] > 0)
    while (better := min((kept, *(kept ^ {at} for at in plain)), key=criterion)) != kept:
        kept = better
    scores = np.array([score for score, *_ in tried.values()])
    weights = np.exp((scores.min() - scores) / 2)
    every = np.array([best.exponents for *_, best in tried.values()])
    score, problem, best = tried[kept]
    mean = problem.solve(weights @ every / weights.sum())
    if problem.criterion(mean) - score < _STRONG:  # else they lie too far apart for a mean
        best = mean
    step = model.step and model.step.following(best.exponents)
    lower = [*(model.lower[at] for at in sorted(kept)), *([step] if step else [])]
    return replace(model, problem=problem, best=best, lower=lower, step=step)


def _likeliest(models: list[_Model], within: float) -> list[_Model]:
    """Those that are not much less likely than the best, the likeliest first."""
    models = sorted(models, key=lambda model: -model.likelihood)
    return [one for one in models if one.likelihood > models[0].likelihood - within]


def _place(shown: _Model, models: Sequence[_Model], likely: Array) -> tuple[float, float] | None:
    """Between which points the border of the law that is shown lies, at 95 %; None without one.

    Borders of other likely laws count as far as they lie along the same size or product of sizes.
    """
    if shown.step is None:
        return shown.around
    along = shown.step.border.along
    return _around(
        (one.step.border.low, one.step.border.high, float(share))
        for one, share in zip(models, likely, strict=True)
        if one.step and one.step.border.along == along
    )


def _around(borders: Iterable[tuple[float, float, float]]) -> tuple[float, float]:
    """Find between which points the likeliest borders, (low, high, share) each, make up 95 %."""
    found = sorted(borders, key=lambda each: -each[2])
    shares = np.cumsum([share for *_, share in found])
    enough = found[: int(np.searchsorted(shares, _SURE * shares[-1])) + 1]
    return min(low for low, *_ in enough), max(high for _, high, _ in enough)


def _spare(model: _Model) -> int:
    """Points beyond the free numbers: coefficients in use and exponents."""
    return int(model.problem.points - model.best.active - model.problem.axes)


def _likely(models: Sequence[_Model], drawn: Sample | None) -> Array:
    """How likely each model is; where nothing was drawn, by their best exponents alone."""
    if drawn is not None:
        return drawn.shares
    likely = np.exp(np.array([model.likelihood for model in models]) - models[0].likelihood)
    return np.asarray(likely / likely.sum())


def _robust(problem: Projection, bound: float, starts: Array) -> tuple[Projection, Solution, float]:
    """Find the best exponents, points far off the law losing weight; and the points' spread."""
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
    """Exponents with intervals; where nothing was drawn, the range that was searched.

    Where the leading part bends, the last is by how much an exponent differs on the other side.
    """
    if drawn is None:
        limits = np.tile((-bound, bound), (len(best.exponents), 1))
    else:
        limits = drawn.quantiles(_LEVELS)
    degrees = {**{axis: leading.degree(axis) for axis in leading.axes}, "bend": 0.0}
    return tuple(
        Exponent(
            axis,
            estimate=degree + float(shift),
            low=degree + min(float(low), float(shift)),
            high=degree + max(float(high), float(shift)),
        )
        for (axis, degree), shift, (low, high) in zip(
            degrees.items(), best.exponents, limits, strict=False
        )
    )
