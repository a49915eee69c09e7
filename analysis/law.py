"""A law: the terms that describe how a cost grows, with intervals of its exponents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .arrays import Array
from .intervals import Sample, sample
from .prediction import Posterior, Prediction, Reach, ladder, within
from .projection import FLOOR, Projection, Solution
from .shared import independent, whitenings
from .structure import LeftOver, left_over
from .terms import Leading, Monomial

#: Unless told otherwise, exponents are searched this far from the leading part's degrees.
BOUND = 1.5

#: How likely each overlap exponent p is beforehand. 1 is a sum, costs that follow one another;
#: from 5 on the law is nearly the largest of its terms. A sum is the rule on a processor.
OVERLAPS: Mapping[float, float] = {1: 0.6, 1.5: 0.1, 2: 0.1, 3: 0.1, 5: 0.1}
SUM: Mapping[float, float] = {1: 1.0}

_LEVELS = (0.025, 0.975)
_NEGLIGIBLE = 9.0  # in log likelihood: what is e^9 times less likely moves no interval
_ROBUST = 4.0  # residuals beyond this many standard deviations lose weight (Huber 1964)


@dataclass(frozen=True)
class Exponent:
    """An exponent with its 95 % interval."""

    axis: str
    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.axis} {self.estimate:.2f} [{self.low:.2f}, {self.high:.2f}]"


@dataclass(frozen=True, repr=False)
class Law:
    """T^p = (c·lead·n^α·d^β·k^γ)^p + Σ (c_j·m_j)^p, fitted.

    Attributes
    ----------
    leading
        The leading part that theory gives, or that the search found.
    coefficient
        Its coefficient, in the metric's unit.
    exponents
        Exponent of each axis: the leading part's degree plus what was fitted.
    terms
        Lower-order terms in use, with their coefficients.
    sizes, values
        The points fitted: (points, axes) and (points,).
    residuals
        (points,): (measured − law) / measured.
    left_over
        What it leaves, and whether that follows the sizes.
    overlap
        p: 1 where the terms add up, larger where they overlap.
    overlaps
        How likely each p is that was tried, given the points.
    spare
        Points beyond the law's free numbers; below 1 there are no intervals.
    sample
        Weighted draws of the exponents' shift from the degrees.
    problems, lower
        What they were drawn from, and every lower-order term that was allowed.
    """

    leading: Leading
    coefficient: float
    exponents: tuple[Exponent, ...]
    terms: tuple[tuple[float, Monomial], ...]
    sizes: Array
    values: Array
    residuals: Array
    left_over: LeftOver
    spare: int
    overlap: float = 1.0
    overlaps: Mapping[float, float] = field(default_factory=lambda: SUM)
    sample: Sample | None = None
    problems: Sequence[Projection] = ()
    lower: Sequence[Monomial] = ()

    @property
    def axes(self) -> tuple[str, ...]:
        """The sizes it grows in."""
        return self.leading.axes

    @property
    def shift(self) -> Array:
        """What was fitted: each exponent less the leading part's degree, (axes,)."""
        return np.array([e.estimate - self.leading.degree(e.axis) for e in self.exponents])

    def parts(self, sizes: Array) -> Array:
        """Each term's value at sizes (points, axes): (points, terms + 1), the leading one last."""
        lead = self.coefficient * self.leading.column(sizes) * np.prod(sizes**self.shift, axis=1)
        return np.column_stack([*(c * term.column(sizes) for c, term in self.terms), lead])

    def predict(self, sizes: Array) -> Array:
        """Evaluate the law at sizes (points, axes), in the metric's unit: (points,)."""
        return np.asarray(np.sum(self.parts(sizes) ** self.overlap, axis=1) ** (1 / self.overlap))

    def prediction(self, sizes: Array, level: float = 0.95) -> Prediction:
        """Predict what would be measured at sizes (points, axes), with an interval.

        The interval holds the exponents, the overlap, the coefficients and a measurement's own
        error. It knows of no regime beyond the points: where a cache overflows it is wrong.

        Raises
        ------
        ValueError
            If there were too few points for intervals.
        """
        drawn = self._posterior.predict(sizes)
        low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
        return Prediction(self.predict(sizes), low, high)

    def reach(
        self, axis: str, budget: float, at: Mapping[str, float] | None = None, level: float = 0.95
    ) -> Reach:
        """Find how far a size can go within a budget.

        Parameters
        ----------
        axis
            The size.
        budget
            In the metric's unit, such as 1.0 for a second.
        at
            The other sizes.
        level
            Of the interval.

        Raises
        ------
        ValueError
            If another size is missing, or there were too few points for intervals.
        """
        given = {**(at or {}), axis: 1.0}
        if missing := [each for each in self.axes if each not in given]:
            raise ValueError(f"the law grows in {', '.join(missing)} too: say at which size")
        steps = ladder()
        sizes = np.column_stack(
            [steps if a == axis else np.full(len(steps), given[a]) for a in self.axes]
        )
        (value,) = within(self.predict(sizes)[None, :], steps, budget)
        found = within(self._posterior.predict(sizes, measured=False), steps, budget)
        low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2], method="nearest")
        return Reach(float(value), float(low), float(high))

    @cached_property
    def _posterior(self) -> Posterior:
        if self.sample is None:
            raise ValueError(f"{len(self.values)} points are too few for intervals of this law")
        return Posterior(self.problems, self.sample, self.leading, self.lower)

    def elasticity(self, sizes: Array) -> Array:
        """Local slopes ∂log T/∂log size at sizes (points, axes): (points, axes)."""
        step = 1e-4
        slopes = []
        for at in range(sizes.shape[1]):
            move = np.ones(sizes.shape[1])
            move[at] = np.exp(step)
            ratio = self.predict(sizes * move) / self.predict(sizes / move)
            slopes.append(np.log(ratio) / (2 * step))
        return np.column_stack(slopes)

    def overhead(self, sizes: Array | None = None) -> Array:
        """Share of the lower-order terms in the law at sizes (points, axes), or at its own points.

        Where terms overlap it is the share in T^p, which is also what each adds to the local
        slopes.
        """
        parts = self.parts(self.sizes if sizes is None else sizes) ** self.overlap
        return np.asarray(1 - parts[:, -1] / parts.sum(axis=1))

    @property
    def expression(self) -> str:
        """The law as SymPy reads it, in the size symbols and the metric's unit."""
        written = [_product(c, term.text(self.axes)) for c, term in self.terms]
        if self.coefficient:
            written += [
                _product(self.coefficient * weight, term.text(self.axes, self.shift))
                for weight, term in self.leading.terms
            ]
        if self.overlap == 1:
            return " + ".join(written)
        p = f"{self.overlap:g}"
        return f"({' + '.join(f'({term})**{p}' for term in written)})**(1/{p})"

    def __repr__(self) -> str:
        inside = ", ".join(map(str, self.exponents))
        return f"Law({inside}; {self.expression})"


def _product(coefficient: float, text: str) -> str:
    return f"{coefficient:.12g}*{text}" if text else f"{coefficient:.12g}"


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
        drawn = sample(problems, chances, problems[0], models[0].best, bound)
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
    columns = leading.column(sizes), _columns(sizes, lower)
    robust = [_robust(Projection(sizes, values, *columns, p), bound) for p in overlaps]
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


def _columns(sizes: Array, lower: Sequence[Monomial]) -> Array:
    """Lower-order terms at sizes (points, axes): (points, terms); a constant law has none."""
    return np.array([term.column(sizes) for term in lower]).reshape(len(lower), len(sizes)).T


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
