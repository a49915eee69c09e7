"""The true law of a synthetic case: leading term, lower-order terms and breakpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...analysis import Array, Leading, Monomial, power_mean


@dataclass(frozen=True)
class RegimeChange:
    """A breakpoint beyond which the leading term costs more or has another exponent.

    Attributes
    ----------
    along
        The monomial along which the breakpoint lies.
    location
        Its value at the breakpoint.
    factor
        Factor of the leading term's cost beyond the breakpoint.
    slope_change
        Change of its exponent along the monomial beyond the breakpoint.
    gradual
        Whether the factor applies only to the share 1 − location/value of the work.
    """

    along: Monomial
    location: float
    factor: float = 1.0
    slope_change: float = 0.0
    gradual: bool = False

    def __call__(self, sizes: Array) -> Array:
        """Compute the factor of the leading term at sizes (points, axes): (points,)."""
        reached = np.maximum(self.along.column(sizes) / self.location, 1.0)
        share = 1 - 1 / reached if self.gradual else reached > 1
        return np.asarray((1 + (self.factor - 1) * share) * reached**self.slope_change)


@dataclass(frozen=True)
class Truth:
    """A true law: T^p = (c·lead·n^α·d^β·k^γ)^p + Σ (c_j·m_j)^p.

    Attributes
    ----------
    leading, coefficient, shift
        Theory's leading part, its coefficient c, and the differences α, β, γ of the exponents from
        theory, (axes,).
    terms
        Lower-order terms m_j with their coefficients.
    overlap
        p.
    change
        The breakpoint of the leading term.
    switches
        Factors of the whole cost by size of the first axis, with which there is no law.
    """

    leading: Leading
    coefficient: float
    shift: Array
    terms: Sequence[tuple[float, Monomial]]
    overlap: float = 1.0
    change: RegimeChange | None = None
    switches: dict[float, float] = field(default_factory=dict)

    def __call__(self, sizes: Array) -> Array:
        """Compute the seconds at sizes (points, axes): (points,)."""
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
