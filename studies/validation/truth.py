"""Laws whose truth is known: a leading term, lower-order terms, and where the law changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...analysis import Array, Leading, Monomial, power_mean


@dataclass(frozen=True)
class RegimeChange:
    """Where the leading term begins to cost more, or to grow otherwise.

    Attributes
    ----------
    along
        The monomial that decides where a point lies.
    location
        Its value at the breakpoint.
    factor
        How many times as much the leading term costs beyond.
    slope_change
        By how much its exponent along the monomial is larger beyond.
    gradual
        Whether only what lies beyond costs so many times as much.
    """

    along: Monomial
    location: float
    factor: float = 1.0
    slope_change: float = 0.0
    gradual: bool = False

    def __call__(self, sizes: Array) -> Array:
        """By how much the leading term is multiplied at sizes (points, axes): (points,)."""
        reached = np.maximum(self.along.column(sizes) / self.location, 1.0)
        share = 1 - 1 / reached if self.gradual else reached > 1
        return np.asarray((1 + (self.factor - 1) * share) * reached**self.slope_change)


@dataclass(frozen=True)
class Truth:
    """A law as it is: T^p = (c·lead·n^α·d^β·k^γ)^p + Σ (c_j·m_j)^p.

    Attributes
    ----------
    leading, coefficient, shift
        The leading part that theory gives, its coefficient, and (axes,): what the exponents are
        off by.
    terms
        Lower-order terms with their coefficients.
    overlap
        p.
    change
        The breakpoint of the leading term.
    switches
        By size of the first axis, how many times as much everything costs there: no law at all.
    """

    leading: Leading
    coefficient: float
    shift: Array
    terms: Sequence[tuple[float, Monomial]]
    overlap: float = 1.0
    change: RegimeChange | None = None
    switches: dict[float, float] = field(default_factory=dict)

    def __call__(self, sizes: Array) -> Array:
        """Seconds at sizes (points, axes): (points,)."""
        lead = self.coefficient * self.leading.column(sizes) * np.prod(sizes**self.shift, axis=1)
        if self.change is not None:
            lead = lead * self.change(sizes)
        lower = [c * term.column(sizes) for c, term in self.terms]
        cost = power_mean(np.column_stack([*lower, lead]), self.overlap)
        switched: Array = np.array([self.switches.get(n, 1.0) for n in sizes[:, 0]])
        return cost * switched

    @property
    def exponents(self) -> dict[str, float]:
        """The true exponent of each axis."""
        return {
            axis: self.leading.degree(axis) + float(off)
            for axis, off in zip(self.leading.axes, self.shift, strict=True)
        }
