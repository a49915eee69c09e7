"""Regimes: sizes from which on a term costs more, as where a weight outgrows a cache.

A step is one more non-negative column of the law: a term, from a border on or up to it, or as far
as it lies beyond. There are thousands of candidates, so each is first judged by how much of the
residuals it could explain, all at once, and only the best are fitted.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..fitting import Projection, Solution
from ..formatting import number
from ..laws import Array, Leading, Monomial, columns
from .locations import Border, Gradual, beside
from .screening import HOPELESS, ODDS, enough, gained

_FITTED = 8  # candidates that are fitted, of each problem, unless one promises
_LEVEL = 0.95  # of the interval of a border's place


@dataclass(frozen=True)
class Stepped:
    """A term of one regime alone.

    Attributes
    ----------
    term
        What it is elsewhere: a term of lower order, or the leading part where the law's exponents
        are.
    border
        Where it begins, or ends.
    beyond
        Whether it holds beyond the border; else up to it.
    leads
        The leading part that it adds to; None where it is a term of lower order.
    """

    term: Monomial | Leading
    border: Border
    beyond: bool
    leads: Leading | None = None

    def following(self, exponents: Array) -> Stepped:
        """Move a step of the leading part to where the law's exponents are, (axes,)."""
        if self.leads is None:
            return self
        return replace(self, term=self.leads.shifted(exponents))

    def alike(self, sizes: Array) -> Hashable:
        """Give what it has in common with steps that cost the same at sizes (points, axes)."""
        return self.share(sizes).round(9).tobytes(), self.leads or self.term

    def share(self, sizes: Array) -> Array:
        """How far its regime has come at sizes (points, axes): (points,), from 0 to 1."""
        share = self.border.share(sizes)
        return share if self.beyond else 1 - share

    def column(self, sizes: Array) -> Array:
        """Evaluate at sizes of shape (points, axes); gives (points,)."""
        return np.asarray(self.term.column(sizes) * self.share(sizes))

    def words(self, axes: Sequence[str], around: tuple[float, float] | None = None) -> str:
        """Say in a sentence what changes at the border, and between what it lies at 95 %."""
        border = self.border
        what = "the leading term"
        if isinstance(self.term, Monomial):
            what = f"each {self.term.text(axes) or 'pass'}"
        between = f"between the points at {number(border.low)} and {number(border.high)}"
        if border.middle is not None:
            between += f", {self.part:.0%} of it at {number(border.middle)}"
        between += surely(around, border.low, border.high)
        along = border.along.text(axes)
        share = ", the more the further beyond" if isinstance(border, Gradual) else ""
        return (
            f"{'from' if self.beyond else 'up to'} {along} = {number(self.ends)} ({between}) "
            f"{what} costs more{share}"
        )

    @property
    def part(self) -> float:
        """How much of it holds at the border's middle value."""
        return self.border.part if self.beyond else 1 - self.border.part

    @property
    def ends(self) -> float:
        """Where it begins or ends: beyond, nothing of it is left."""
        return self.border.place if self.beyond else self.border.end

    @property
    def full(self) -> float:
        """Where it begins, or ceases, to hold in full."""
        return self.border.end if self.beyond else self.border.place

    def plain(self, axes: Sequence[str]) -> str:
        """Write the term as SymPy reads it, without where it holds."""
        return self.term.text(axes) if isinstance(self.term, Monomial) else self.term.formula

    def text(self, axes: Sequence[str]) -> str:
        """Write it as SymPy reads it."""
        term = self.plain(axes)
        border, along = self.border, self.border.along.text(axes)
        sign = ">=" if self.beyond else "<"
        whole = "1"
        if isinstance(border, Gradual):
            whole = f"1 - {border.start:.12g}/({along})"
        pieces = [f"({whole}, {along} {sign} {self.full:.12g})"]
        if border.middle is not None:
            pieces.append(f"({self.part:.12g}, {along} {sign} {self.ends:.12g})")
        where = f"Piecewise({', '.join(pieces)}, (0, True))"
        return f"{term}*{where}" if term else where


def enclosing(borders: Iterable[tuple[float, float, float]]) -> tuple[float, float]:
    """Find between which points the likeliest borders, (low, high, share) each, make up 95 %."""
    found = sorted(borders, key=lambda each: -each[2])
    shares = np.cumsum([share for *_, share in found])
    enough = found[: int(np.searchsorted(shares, _LEVEL * shares[-1])) + 1]
    return min(low for low, *_ in enough), max(high for _, high, _ in enough)


def surely(around: tuple[float, float] | None, low: float, high: float) -> str:
    """Say the interval of a border where it is wider than the points that it lies between."""
    if around is None or (low <= around[0] and around[1] <= high):
        return ""
    return f"; at 95 % between {number(around[0])} and {number(around[1])}"


def steps(
    problem: Projection,
    best: Solution,
    sizes: Array,
    sides: Sequence[tuple[Border, bool]],
    shares: Array,
    leading: Leading,
    lower: Sequence[Monomial],
) -> list[tuple[Stepped, float]]:
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
    if not (enough(problem, best) and sides):
        return []
    terms: list[Monomial | Leading] = [*lower, leading.shifted(best.exponents)]
    weights = np.array([border.weight for border, _ in sides])
    chances = ODDS * weights / weights.sum() / len(terms)
    gains = problem.gains(best, columns(terms, sizes), shares)
    every: list[Monomial | Leading] = [*lower, leading]
    alike = {(type(border), border.along): border for border, _ in sides}  # few of thousands
    concerned = {key: [one.concerns(term) for term in every] for key, one in alike.items()}
    gains *= [concerned[type(border), border.along] for border, _ in sides]
    promises = np.log(chances)[:, None] + gained(problem, best, gains)
    found = []
    for at in np.argsort(-promises, axis=None)[:_FITTED]:
        if promises.flat[at] < max(promises.max(), 0.0) - HOPELESS:
            break
        side, which = np.unravel_index(at, gains.shape)
        (border, beyond), leads = sides[side], leading if which == len(lower) else None
        found.append((Stepped(terms[which], border, beyond, leads), float(chances[side])))
    return found


def nearby(step: Stepped, sizes: Array) -> list[Stepped]:
    """List steps whose borders lie next to that of one: the same term, on the same side of them."""
    return [
        replace(step, border=border)
        for border in beside(step.border, sizes)
        if step.beyond in border.ways and border.concerns(step.leads or step.term)
    ]
