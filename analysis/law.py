"""A law: the terms that describe how a cost grows, with intervals of its exponents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import numpy as np
import pandas as pd

from .arrays import Array, overlapped
from .intervals import Sample
from .prediction import Posterior, Prediction, Reach, ladder, within
from .projection import Projection
from .regimes import Stepped
from .structure import LeftOver
from .terms import Leading, Monomial

#: A leading term below this share of every value says nothing of its exponent.
BARELY = 0.2

#: A sum: what costs are that do not overlap.
SUM: Mapping[float, float] = {1: 1.0}


@dataclass(frozen=True)
class Exponent:
    """An exponent with its 95 % interval."""

    axis: str
    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.axis} {self.estimate:g}"
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
    stepped
        How likely the points lie in two regimes, so that one term holds on one side of a border
        alone. The law has such a term only where that is sure.
    spare
        Points beyond the law's free numbers; below 1 there are no intervals.
    sample
        Weighted draws of the exponents' shift from the degrees.
    problems
        What they were drawn from, each with its lower-order terms.
    lower
        Every lower-order term that was allowed in all regimes.
    polynomial
        Of a law that gives every value exactly, its terms with their coefficients, all of them;
        empty where it was fitted.
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
    stepped: float = 0.0
    sample: Sample | None = None
    problems: Sequence[tuple[Projection, Sequence[Monomial]]] = ()
    lower: Sequence[Monomial] = ()
    polynomial: tuple[tuple[Fraction, Monomial], ...] = ()

    @property
    def axes(self) -> tuple[str, ...]:
        """The sizes it grows in."""
        return self.leading.axes

    @property
    def step(self) -> Stepped | None:
        """The term of one regime alone; None where all points lie in one."""
        return next((term for _, term in self.terms if isinstance(term, Stepped)), None)

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
        return overlapped(self.parts(sizes), self.overlap)

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Intervals of the exponents: a row for each axis, columns low and high.

        Raises
        ------
        ValueError
            If there were too few points for intervals.
        """
        if self.polynomial:
            ends = np.zeros((len(self.axes), 2))
        else:
            ends = self._drawn.quantiles(_ends(level))
        degrees = np.array([self.leading.degree(axis) for axis in self.axes])
        return pd.DataFrame(
            ends + degrees[:, None], index=pd.Index(self.axes), columns=["low", "high"]
        )

    def summary(self) -> str:
        """Describe the law in a few lines of text."""
        left, overhead = self.left_over, self.overhead()
        lines = [
            f"law        {self.expression}",
            f"exponents  {'; '.join(map(str, self.exponents))}",
            f"points     {len(self.values)}, which scatter by {left.scatter:.1%} around it",
            f"overhead   {overhead.min():.0%} to {overhead.max():.0%} of it, by point",
        ]
        if left.structured:
            lines.append(f"left over  {left.structured:.1%} that follows the sizes")
        if len(self.overlaps) > 1:
            likely = (f"p = {p:g}: {share:.0%}" for p, share in self.overlaps.items())
            lines.append(f"overlap    {', '.join(likely)}")
        if self.step is not None:
            lines.append(f"regimes    {self.step.words(self.axes)}")
        return "\n".join(lines)

    def prediction(self, sizes: Array, level: float = 0.95) -> Prediction:
        """Predict what would be measured at sizes (points, axes), or at one, with an interval.

        The interval holds the exponents, the overlap, the coefficients and a measurement's own
        error. It knows of no regime beyond the points: where a cache overflows it is wrong.

        Raises
        ------
        ValueError
            If a size is missing or not positive, or there were too few points for intervals.
        """
        sizes = self._checked(sizes)
        low, high = np.quantile(self.likely(sizes, measured=True), _ends(level), axis=0)
        return Prediction(self.predict(sizes), low, high)

    def likely(self, sizes: Array, *, measured: bool = False) -> Array:
        """Values at sizes (points, axes) by laws that the points leave possible, (laws, points).

        Where `measured`, what a measurement errs by is added. An exact law is the only one.

        Raises
        ------
        ValueError
            As `prediction` does.
        """
        sizes = self._checked(sizes)
        if self.polynomial:
            return self.predict(sizes)[None, :]
        return self._posterior.predict(sizes, measured=measured)

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
            If the law does not grow in the size, another size is missing, or there were too few
            points for intervals.
        """
        if axis not in self.axes:
            raise ValueError(f"the law grows in {', '.join(self.axes)}, not in {axis!r}")
        given = {**(at or {}), axis: 1.0}
        if missing := [each for each in self.axes if each not in given]:
            raise ValueError(f"the law grows in {', '.join(missing)} too: say at which size")
        steps = ladder()
        sizes = np.column_stack(
            [steps if a == axis else np.full(len(steps), given[a]) for a in self.axes]
        )
        (value,) = within(self.predict(sizes)[None, :], steps, budget)
        found = within(self.likely(sizes), steps, budget)
        low, high = np.quantile(found, _ends(level), method="nearest")
        return Reach(float(value), float(low), float(high))

    def _checked(self, sizes: Array) -> Array:
        sizes = np.atleast_2d(np.asarray(sizes, dtype=float))
        if sizes.ndim != 2 or sizes.shape[1] != len(self.axes):
            raise ValueError(f"a point has {len(self.axes)} sizes here: {', '.join(self.axes)}")
        if not (np.isfinite(sizes) & (sizes > 0)).all():
            raise ValueError("sizes are positive numbers")
        return sizes

    @property
    def _drawn(self) -> Sample:
        if self.sample is None:
            raise ValueError(f"{len(self.values)} points are too few for intervals of this law")
        return self.sample

    @cached_property
    def _posterior(self) -> Posterior:
        return Posterior(self.problems, self._drawn, self.leading)

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
        leads = [isinstance(term, Stepped) and term.leads is not None for _, term in self.terms]
        return np.asarray(1 - parts[:, [*leads, True]].sum(axis=1) / parts.sum(axis=1))

    @property
    def expression(self) -> str:
        """The law as SymPy reads it, in the size symbols and the metric's unit."""
        if self.polynomial:
            products = (_exactly(c, term.text(self.axes)) for c, term in self.polynomial)
            return " + ".join(products)
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


def _ends(level: float) -> tuple[float, float]:
    """Quantiles between which an interval of this level lies."""
    return (1 - level) / 2, (1 + level) / 2


def _exactly(coefficient: Fraction, text: str) -> str:
    return "*".join(filter(None, [str(coefficient) if coefficient != 1 or not text else "", text]))


def _product(coefficient: float, text: str) -> str:
    return f"{coefficient:.12g}*{text}" if text else f"{coefficient:.12g}"
