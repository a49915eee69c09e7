"""Step terms: terms that cost more on one side of a breakpoint, as where a weight outgrows a cache.

A step is one more non-negative column of the law: a term, from a breakpoint on or up to it, or as
far as it lies beyond a capacity.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..expressions import Array, Leading, Monomial
from ..formatting import number
from .breakpoint import Breakpoint, CapacityBreakpoint
from .candidates import adjacent
from .credible import credible_range_text


@dataclass(frozen=True)
class StepTerm:
    """A term of one regime alone.

    Attributes
    ----------
    term
        What it is elsewhere: a term of lower order, or the leading part where the law's exponents
        are.
    breakpoint
        Where it begins, or ends.
    beyond
        Whether it holds beyond the breakpoint; else up to it.
    leads
        The leading part that it adds to; None where it is a term of lower order.
    """

    term: Monomial | Leading
    breakpoint: Breakpoint
    beyond: bool
    leads: Leading | None = None

    def following(self, exponents: Array) -> StepTerm:
        """Move a step of the leading part to where the law's exponents are, (axes,)."""
        if self.leads is None:
            return self
        return replace(self, term=self.leads.shifted(exponents))

    def alike(self, sizes: Array) -> Hashable:
        """Give what it has in common with steps that cost the same at sizes (points, axes)."""
        return self.share(sizes).round(9).tobytes(), self.leads or self.term

    def share(self, sizes: Array) -> Array:
        """How far its regime has come at sizes (points, axes): (points,), from 0 to 1."""
        share = self.breakpoint.share(sizes)
        return share if self.beyond else 1 - share

    def column(self, sizes: Array) -> Array:
        """Evaluate at sizes of shape (points, axes); gives (points,)."""
        return np.asarray(self.term.column(sizes) * self.share(sizes))

    def words(self, axes: Sequence[str], around: tuple[float, float] | None = None) -> str:
        """Say in a sentence what changes at the breakpoint, and between what it lies at 95 %."""
        breakpoint = self.breakpoint
        what = "the leading term"
        if isinstance(self.term, Monomial):
            what = f"each {self.term.text(axes) or 'pass'}"
        between = f"between the points at {number(breakpoint.low)} and {number(breakpoint.high)}"
        if breakpoint.middle is not None:
            between += f", {self.part:.0%} of it at {number(breakpoint.middle)}"
        between += credible_range_text(around, breakpoint.low, breakpoint.high)
        along = breakpoint.along.text(axes)
        share = (
            ", the more the further beyond" if isinstance(breakpoint, CapacityBreakpoint) else ""
        )
        return (
            f"{'from' if self.beyond else 'up to'} {along} = {number(self.ends)} ({between}) "
            f"{what} costs more{share}"
        )

    @property
    def part(self) -> float:
        """How much of it holds at the breakpoint's middle value."""
        return self.breakpoint.part if self.beyond else 1 - self.breakpoint.part

    @property
    def ends(self) -> float:
        """Where it begins or ends: beyond, nothing of it is left."""
        return self.breakpoint.place if self.beyond else self.breakpoint.end

    @property
    def full(self) -> float:
        """Where it begins, or ceases, to hold in full."""
        return self.breakpoint.end if self.beyond else self.breakpoint.place

    def plain(self, axes: Sequence[str]) -> str:
        """Write the term as SymPy reads it, without where it holds."""
        return self.term.text(axes) if isinstance(self.term, Monomial) else self.term.formula

    def text(self, axes: Sequence[str]) -> str:
        """Write it as SymPy reads it."""
        term = self.plain(axes)
        breakpoint, along = self.breakpoint, self.breakpoint.along.text(axes)
        sign = ">=" if self.beyond else "<"
        whole = "1"
        if isinstance(breakpoint, CapacityBreakpoint):
            whole = f"1 - {breakpoint.start:.12g}/({along})"
        pieces = [f"({whole}, {along} {sign} {self.full:.12g})"]
        if breakpoint.middle is not None:
            pieces.append(f"({self.part:.12g}, {along} {sign} {self.ends:.12g})")
        where = f"Piecewise({', '.join(pieces)}, (0, True))"
        return f"{term}*{where}" if term else where


def neighbouring_steps(step: StepTerm, sizes: Array) -> list[StepTerm]:
    """List steps at the breakpoints next to that of one: the same term, on the same side."""
    return [
        replace(step, breakpoint=breakpoint)
        for breakpoint in adjacent(step.breakpoint, sizes)
        if step.beyond in breakpoint.ways and breakpoint.concerns(step.leads or step.term)
    ]
