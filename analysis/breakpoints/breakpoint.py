"""Breakpoints: sizes at which what a term costs changes, at once, in part, or with a capacity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..expressions import Array, Leading, Monomial

#: Shares in which the next regime may have come at a value between.
PARTS = np.arange(1, 10) / 10
#: Places between two values, by ratio, at which a capacity may be exceeded.
PLACES = np.arange(4) / 4


@dataclass(frozen=True)
class Breakpoint:
    """Where one regime ends and the next begins.

    Attributes
    ----------
    along
        What crosses it, such as k·d².
    low, high
        Its values at the last points of one regime and the first of the next: the breakpoint lies
        between.
    middle, part
        A value between them at whose points the next regime has come in part, from 0 to 1, as
        where a weight has outgrown a cache by a little; None where there is no such value.
    """

    along: Monomial
    low: float
    high: float
    middle: float | None = None
    part: float = 1.0

    @property
    def weight(self) -> float:
        """Prior weight, against a sharp one: all parts share one prior."""
        return 1.0 if self.middle is None else 1 / len(PARTS)

    @property
    def ways(self) -> tuple[bool, ...]:
        """Whether the term that steps holds beyond it: it may, or up to it."""
        return True, False

    def concerns(self, term: Monomial | Leading) -> bool:
        """Whether a term may step there."""
        return True

    @property
    def place(self) -> float:
        """Where the next regime begins: the middle between the points there, by ratio."""
        return float(np.sqrt(self.low * (self.middle or self.high)))

    @property
    def end(self) -> float:
        """Where it has come in full."""
        return float(np.sqrt((self.middle or self.low) * self.high))

    def rank(self, levels: Array) -> float:
        """After how many of the values, each once, it lies, less the part that has come there."""
        after = float(np.count_nonzero(levels < self.high))
        return after if self.middle is None else after - self.part

    def share(self, sizes: Array) -> Array:
        """How far the next regime has come at sizes (points, axes): (points,), from 0 to 1."""
        reached = self.along.column(sizes)
        return np.where(reached >= self.end, 1.0, np.where(reached >= self.place, self.part, 0.0))


@dataclass(frozen=True)
class CapacityBreakpoint(Breakpoint):
    """Where a cache is left little by little: what does not fit any more costs more, alone.

    Of a working set of W bytes, gone through over and over, C stay in a cache of that size which
    does not put out the oldest of all; W − C are fetched anew each time, a share of 1 − C/W.

    Attributes
    ----------
    start
        Where it begins, between `low` and `high`: C, as a value of `along`.
    """

    start: float = 0.0

    @property
    def weight(self) -> float:
        """All places between two points share one prior."""
        return 1 / len(PLACES)

    @property
    def ways(self) -> tuple[bool, ...]:
        """It has come in full nowhere, so that nothing ends there."""
        return (True,)

    def concerns(self, term: Monomial | Leading) -> bool:
        """Whether a term may be what going through all of it costs: so many times itself."""
        parts = [part for _, part in term.terms] if isinstance(term, Leading) else [term]
        return all(self.along.divides(part) for part in parts)

    @property
    def place(self) -> float:
        """Where it begins."""
        return self.start

    def share(self, sizes: Array) -> Array:
        """How much of what is gone through at sizes (points, axes) does not fit: (points,)."""
        return np.asarray(np.maximum(1 - self.start / self.along.column(sizes), 0.0))
