"""Exact laws: polynomials that reproduce whole-number values without error."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain

import numpy as np
import pandas as pd

from ..expressions import Array, Leading, Monomial, columns
from ..formatting import number
from .estimate import Exponent
from .law import Law

#: A sum of terms with their coefficients, exact.
Polynomial = tuple[tuple[Fraction, Monomial], ...]


@dataclass(frozen=True)
class ValidFrom:
    """Where an exact law begins to hold.

    Attributes
    ----------
    axis, size
        The law holds at and above this size of this axis.
    points_below
        Number of points below it.
    """

    axis: str
    size: float
    points_below: int


@dataclass(frozen=True, kw_only=True, repr=False)
class ExactLaw(Law):
    """The polynomial that gives every value exactly; for a peak, the largest of several.

    Attributes
    ----------
    polynomials
        The law is the largest of these; the first gives the lower-order terms.
    valid_from
        Where the law begins to hold; None where all points follow it.
    """

    polynomials: tuple[Polynomial, ...]
    valid_from: ValidFrom | None = None

    @classmethod
    def of(
        cls,
        axes: Sequence[str],
        polynomials: Sequence[Polynomial],
        sizes: Array,
        values: Array,
        valid_from: ValidFrom | None = None,
        leads: Collection[Monomial] = (),
    ) -> ExactLaw:
        """Make a law of polynomials; the terms of highest order lead, unless `leads` is given."""
        most: dict[Monomial, float] = {}
        for c, term in chain(*polynomials):
            most[term] = max(most.get(term, float(c)), float(c))
        lead = Leading.of(axes, {term: most[term] for term in leads or most})
        leads = {term for _, term in lead.terms}
        return cls(
            leading=lead,
            exponents=tuple(Exponent(*3 * (lead.degree(axis),), axis=axis) for axis in axes),
            terms=tuple((float(c), term) for c, term in polynomials[0] if term not in leads),
            sizes=sizes,
            values=values,
            residual_df=len(values) - sum(map(len, polynomials)),
            polynomials=tuple(polynomials),
            valid_from=valid_from,
        )

    @property
    def has_intervals(self) -> bool:
        """Always true: the law is known exactly."""
        return True

    @property
    def regimes(self) -> str:
        """Where the law begins to hold, in words; empty where all points follow it."""
        if self.valid_from is None:
            return ""
        return (
            f"the law holds from {self.valid_from.axis} = {number(self.valid_from.size)} on; "
            f"{self.valid_from.points_below} points below it follow other laws"
        )

    @property
    def expression(self) -> str:
        """The law as SymPy reads it, in the size symbols and the metric's unit."""
        sums = [
            " + ".join(_exactly(c, term.text(self.axes)) for c, term in each)
            for each in self.polynomials
        ]
        return sums[0] if len(sums) == 1 else f"Max({', '.join(sums)})"

    def parts(self, sizes: Array) -> Array:
        """Evaluate each term at sizes (points, axes): (points, terms + 1), the leading one last."""
        lower = columns([term for _, term in self.terms], sizes) * [c for c, _ in self.terms]
        exact = [
            columns([term for _, term in each], sizes) @ [float(c) for c, _ in each]
            for each in self.polynomials
        ]
        return np.column_stack([lower, np.max(exact, axis=0) - lower.sum(axis=1)])

    def posterior_predictions(self, sizes: Array, *, measured: bool = False) -> Array:
        """Evaluate the law, the only possible one, at sizes (points, axes): (1, points)."""
        return self.predict(sizes)[None, :]

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Return the exponents' intervals, of zero width: a row per axis, columns low and high."""
        degrees = np.array([self.leading.degree(axis) for axis in self.axes])
        return pd.DataFrame(
            np.tile(degrees[:, None], 2), index=pd.Index(self.axes), columns=["low", "high"]
        )


def _exactly(coefficient: Fraction, text: str) -> str:
    return "*".join(filter(None, [str(coefficient) if coefficient != 1 or not text else "", text]))
