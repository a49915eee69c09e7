"""Regimes: sizes from which on a term costs more, as where a weight outgrows a cache.

A step is one more non-negative column of the law: a term, from a border on or up to it, or as far
as it lies beyond. There are thousands of candidates, so each is first judged by how much of the
residuals it could explain, all at once, and only the best are fitted.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..expressions import Array, Leading, Monomial, columns
from ..formatting import number
from ..regression import Solution, VariableProjection, step_gains
from .locations import Breakpoint, CapacityBreakpoint, adjacent
from .screening import BREAKPOINT_ODDS, NEGLIGIBLE_GAIN, enough_points, likelihood_gain

_FITTED = 8  # candidates that are fitted, of each problem, unless one promises
_LEVEL = 0.95  # of the interval of a border's place


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
        Whether it holds beyond the border; else up to it.
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
        """Say in a sentence what changes at the border, and between what it lies at 95 %."""
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
        """How much of it holds at the border's middle value."""
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


def credible_range(breakpoints: Iterable[tuple[float, float, float]]) -> tuple[float, float]:
    """Find between which points the likeliest borders, (low, high, share) each, make up 95 %."""
    found = sorted(breakpoints, key=lambda each: -each[2])
    shares = np.cumsum([share for *_, share in found])
    enough_points = found[: int(np.searchsorted(shares, _LEVEL * shares[-1])) + 1]
    return min(low for low, *_ in enough_points), max(high for _, high, _ in enough_points)


def credible_range_text(around: tuple[float, float] | None, low: float, high: float) -> str:
    """Say the interval of a border where it is wider than the points that it lies between."""
    if around is None or (low <= around[0] and around[1] <= high):
        return ""
    return f"; at 95 % between {number(around[0])} and {number(around[1])}"


def screen_steps(
    problem: VariableProjection,
    best: Solution,
    sizes: Array,
    sides: Sequence[tuple[Breakpoint, bool]],
    shares: Array,
    leading: Leading,
    lower: Sequence[Monomial],
) -> list[tuple[StepTerm, float]]:
    """Find the steps that could explain most of what a law leaves.

    Parameters
    ----------
    problem, best
        The law without steps.
    sizes
        (points, axes).
    sides, shares
        Borders and whether a term may hold beyond them, and (sides, points): how far it does.
    leading, lower
        Its terms.

    Returns
    -------
    The most promising steps, each with how likely it is beforehand against none.
    """
    if not (enough_points(problem, best) and sides):
        return []
    terms: list[Monomial | Leading] = [*lower, leading.shifted(best.exponents)]
    weights = np.array([breakpoint.weight for breakpoint, _ in sides])
    priors = BREAKPOINT_ODDS * weights / weights.sum() / len(terms)
    gains = step_gains(problem, best, columns(terms, sizes), shares)
    every: list[Monomial | Leading] = [*lower, leading]
    alike = {
        (type(breakpoint), breakpoint.along): breakpoint for breakpoint, _ in sides
    }  # few of thousands
    concerned = {key: [one.concerns(term) for term in every] for key, one in alike.items()}
    gains *= [concerned[type(breakpoint), breakpoint.along] for breakpoint, _ in sides]
    promises = np.log(priors)[:, None] + likelihood_gain(problem, best, gains)
    found = []
    for at in np.argsort(-promises, axis=None)[:_FITTED]:
        if promises.flat[at] < max(promises.max(), 0.0) - NEGLIGIBLE_GAIN:
            break
        side, which = np.unravel_index(at, gains.shape)
        (breakpoint, beyond), leads = sides[side], leading if which == len(lower) else None
        found.append((StepTerm(terms[which], breakpoint, beyond, leads), float(priors[side])))
    return found


def neighbouring_steps(step: StepTerm, sizes: Array) -> list[StepTerm]:
    """List steps whose borders lie next to that of one: the same term, on the same side of them."""
    return [
        replace(step, breakpoint=breakpoint)
        for breakpoint in adjacent(step.breakpoint, sizes)
        if step.beyond in breakpoint.ways and breakpoint.concerns(step.leads or step.term)
    ]
