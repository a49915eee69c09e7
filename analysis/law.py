"""A law: the sum of terms that describes how a cost grows, with intervals of its exponents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .arrays import Array
from .intervals import Sample, sample
from .projection import FLOOR, Projection, Solution
from .shared import independent, whitenings
from .structure import LeftOver, left_over
from .terms import Leading, Monomial

#: Unless told otherwise, exponents are searched this far from the leading part's degrees.
BOUND = 1.5

_LEVELS = (0.025, 0.975)
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
    """T = c·lead·n^α·d^β·k^γ + Σ c_j·m_j, fitted.

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
    spare
        Points beyond the law's free numbers; below 1 there are no intervals.
    sample
        Weighted draws of the exponents' shift from the degrees.
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
    sample: Sample | None = field(default=None)

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
        return np.asarray(self.parts(sizes).sum(axis=1))

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

    def overhead(self) -> Array:
        """Share of the lower-order terms in the law at each of its points, (points,)."""
        parts = self.parts(self.sizes)
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
        return " + ".join(written)

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
    intervals
        Whether to sample the exponents; without, their intervals are the range searched.
    """
    problem = Projection(
        sizes, values, leading.column(sizes), np.column_stack([m.column(sizes) for m in lower])
    )
    problem, best, spread = _robust(problem, bound)
    problems = [
        problem.whitened(each) for each in whitenings(sizes, problem.whitening.roots**2, spread)
    ]
    solutions = [one.search(bound, best.exponents[None, :]) for one in problems]
    likelihoods = [
        float(one.log_likelihood(np.array(s.sse), np.array(s.active)))
        for one, s in zip(problems, solutions, strict=True)
    ]
    likeliest = int(np.argmax(likelihoods))
    best = solutions[likeliest]
    free = best.active + problem.axes
    spare = problem.points - free
    drawn = None
    if intervals and spare >= 1 and best.leading > 0:
        drawn = sample(problems, likeliest, best, bound)
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
        sample=drawn,
    )


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
