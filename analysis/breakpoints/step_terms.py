"""Step terms: terms that hold on one side of a breakpoint, as where a weight outgrows a cache.

A step term is one more non-negative column of the law: a term beyond a breakpoint or up to it, or
the share of it beyond a capacity.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..expressions import Array, Leading, Monomial
from ..formatting import number
from .breakpoint import Breakpoint, CapacityBreakpoint
from .candidates import adjacent_breakpoints
from .credible import credible_range_text


@dataclass(frozen=True)
class StepTerm:
    """A term that holds in one regime only.

    Attributes
    ----------
    term
        The term where it holds: a lower-order term, or the leading part with the law's exponents.
    breakpoint
        Where it begins or ends.
    beyond
        Whether it holds beyond the breakpoint, else up to it.
    leads
        The leading part, if the step is one of the leading part; else None.
    """

    term: Monomial | Leading
    breakpoint: Breakpoint
    beyond: bool
    leads: Leading | None = None

    def following(self, exponents: Array) -> StepTerm:
        """Give a step of the leading part the law's exponents, (axes,); others are unchanged."""
        if self.leads is None:
            return self
        return replace(self, term=self.leads.shifted(exponents))

    def cost_key(self, sizes: Array) -> Hashable:
        """Return a key that is equal for steps with the same cost at sizes (points, axes)."""
        return self.share(sizes).round(9).tobytes(), self.leads or self.term

    def share(self, sizes: Array) -> Array:
        """Return the share, 0 to 1, in which it holds at sizes (points, axes): (points,)."""
        share = self.breakpoint.share(sizes)
        return share if self.beyond else 1 - share

    def column(self, sizes: Array) -> Array:
        """Evaluate at sizes of shape (points, axes); gives (points,)."""
        return np.asarray(self.term.column(sizes) * self.share(sizes))

    def sentence(self, axes: Sequence[str], interval: tuple[float, float] | None = None) -> str:
        """Describe what changes at the breakpoint, and where it lies with its 95 % interval."""
        breakpoint = self.breakpoint
        what = "the leading term"
        if isinstance(self.term, Monomial):
            what = f"each {self.term.text(axes) or 'pass'}"
        between = f"between the points at {number(breakpoint.low)} and {number(breakpoint.high)}"
        if breakpoint.middle is not None:
            between += f", {self.part:.0%} of it at {number(breakpoint.middle)}"
        between += credible_range_text(interval, breakpoint.low, breakpoint.high)
        along = breakpoint.along.text(axes)
        growing = (
            ", the more the further beyond" if isinstance(breakpoint, CapacityBreakpoint) else ""
        )
        return (
            f"{'from' if self.beyond else 'up to'} {along} = {number(self.limit)} ({between}) "
            f"{what} costs more{growing}"
        )

    @property
    def part(self) -> float:
        """Share in which it holds at the breakpoint's middle value."""
        return self.breakpoint.part if self.beyond else 1 - self.breakpoint.part

    @property
    def limit(self) -> float:
        """Where it begins or ends to hold, even in part."""
        return self.breakpoint.place if self.beyond else self.breakpoint.end

    @property
    def full_limit(self) -> float:
        """Where it begins or ceases to hold in full."""
        return self.breakpoint.end if self.beyond else self.breakpoint.place

    def term_text(self, axes: Sequence[str]) -> str:
        """Write the term as SymPy reads it, without the range where it holds."""
        return self.term.text(axes) if isinstance(self.term, Monomial) else self.term.formula

    def text(self, axes: Sequence[str]) -> str:
        """Write the step as SymPy reads it: the term times a Piecewise factor."""
        term = self.term_text(axes)
        breakpoint, along = self.breakpoint, self.breakpoint.along.text(axes)
        sign = ">=" if self.beyond else "<"
        whole = "1"
        if isinstance(breakpoint, CapacityBreakpoint):
            whole = f"1 - {breakpoint.start:.12g}/({along})"
        pieces = [f"({whole}, {along} {sign} {self.full_limit:.12g})"]
        if breakpoint.middle is not None:
            pieces.append(f"({self.part:.12g}, {along} {sign} {self.limit:.12g})")
        where = f"Piecewise({', '.join(pieces)}, (0, True))"
        return f"{term}*{where}" if term else where


def neighbouring_steps(step: StepTerm, sizes: Array) -> list[StepTerm]:
    """List steps of the same term, on the same side, at the breakpoints next to a step's."""
    return [
        replace(step, breakpoint=breakpoint)
        for breakpoint in adjacent_breakpoints(step.breakpoint, sizes)
        if step.beyond in breakpoint.allowed_beyond
        and breakpoint.allows_term(step.leads or step.term)
    ]
