"""Breakpoints: where a term's cost changes, sharply, partly at one value, or beyond a capacity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..expressions import Array, Leading, Monomial

#: Shares in which the next regime may hold at a middle value.
PARTIAL_SHARES = np.arange(1, 10) / 10
#: Places between two values, as fractions of their log ratio, at which a capacity may lie.
PLACE_FRACTIONS = np.arange(4) / 4


@dataclass(frozen=True)
class Breakpoint:
    """Where one regime ends and the next begins.

    Attributes
    ----------
    along
        The monomial whose value crosses the breakpoint, such as k·d².
    low, high
        Its values at the last points of one regime and the first of the next; the breakpoint lies
        between them.
    middle, part
        A value between them at which the next regime holds in part, a share from 0 to 1, as where
        a weight exceeds a cache by a little; None where the breakpoint is sharp.
    """

    along: Monomial
    low: float
    high: float
    middle: float | None = None
    part: float = 1.0

    @property
    def weight(self) -> float:
        """Prior weight relative to a sharp breakpoint: the shares at a middle value have one."""
        return 1.0 if self.middle is None else 1 / len(PARTIAL_SHARES)

    @property
    def allowed_beyond(self) -> tuple[bool, ...]:
        """Allowed values of `StepTerm.beyond`: the step may hold beyond it, or up to it."""
        return True, False

    def allows_term(self, term: Monomial | Leading) -> bool:
        """Whether a term may step at this breakpoint."""
        return True

    @property
    def place(self) -> float:
        """Where the next regime begins: the geometric mean of the values on both sides."""
        return float(np.sqrt(self.low * (self.middle or self.high)))

    @property
    def end(self) -> float:
        """Where the next regime begins to hold in full."""
        return float(np.sqrt((self.middle or self.low) * self.high))

    def rank(self, levels: Array) -> float:
        """Return the number of distinct values below it, less the share at a middle value."""
        after = float(np.count_nonzero(levels < self.high))
        return after if self.middle is None else after - self.part

    def share(self, sizes: Array) -> Array:
        """Return the share, 0 to 1, of the next regime at sizes (points, axes): (points,)."""
        values = self.along.column(sizes)
        return np.where(values >= self.end, 1.0, np.where(values >= self.place, self.part, 0.0))


@dataclass(frozen=True)
class CapacityBreakpoint(Breakpoint):
    """Where a cache overflows gradually: only the part that does not fit costs more.

    When a working set of W bytes is read repeatedly, C bytes stay in a cache of that capacity if it
    does not evict strictly the oldest; W − C are fetched anew each time, a share of 1 − C/W.

    Attributes
    ----------
    start
        The capacity C as a value of `along`, between `low` and `high`.
    """

    start: float = 0.0

    @property
    def weight(self) -> float:
        """Prior weight: all places between two points have one prior together."""
        return 1 / len(PLACE_FRACTIONS)

    @property
    def allowed_beyond(self) -> tuple[bool, ...]:
        """Allowed values of `StepTerm.beyond`: the next regime is never complete."""
        return (True,)

    def allows_term(self, term: Monomial | Leading) -> bool:
        """Whether a term may be the cost of reading the working set: `along` divides it."""
        parts = [part for _, part in term.terms] if isinstance(term, Leading) else [term]
        return all(self.along.divides(part) for part in parts)

    @property
    def place(self) -> float:
        """Where the capacity is exceeded."""
        return self.start

    def share(self, sizes: Array) -> Array:
        """Return the share of the working set that does not fit at sizes (points, axes)."""
        return np.asarray(np.maximum(1 - self.start / self.along.column(sizes), 0.0))
