"""Regimes: sizes from which on a term costs more, as where a weight outgrows a cache.

A step is one more non-negative column of the law: a term, from a border on or up to it. Borders
are looked for along every monomial of low degree in the sizes, between any two points. That is
thousands of candidates, so each is first judged by how much of the residuals it could explain,
all at once, and only the best are fitted.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .arrays import Array
from .projection import Projection, Solution
from .terms import Leading, Monomial, columns

#: How likely it is beforehand that a layer's points lie in two regimes. It is shared out equally
#: among all candidates, so that their number is paid for.
CHANCE = 0.1

_DEGREES = (0, 1, 2)  # of a border in each size: n·d is a matrix, k·d² a weight
_FEWEST = 4  # points on either side
_SPARE = 12  # points beyond a law's free numbers, below which no border is looked for
_FITTED = 8  # candidates that are fitted, of each problem


@dataclass(frozen=True)
class Border:
    """Where one regime ends and the next begins.

    Attributes
    ----------
    along
        What crosses it, such as k·d².
    low, high
        Its values at the neighbouring points: the border lies between.
    """

    along: Monomial
    low: float
    high: float

    @property
    def place(self) -> float:
        """The middle between the neighbouring points, by ratio."""
        return float(np.sqrt(self.low * self.high))

    def past(self, sizes: Array) -> NDArray[np.bool_]:
        """Whether sizes (points, axes) lie beyond it, (points,)."""
        return np.asarray(self.along.column(sizes) >= self.place)


@dataclass(frozen=True)
class Stepped(Monomial):
    """A term of one regime alone.

    Attributes
    ----------
    border
        Where it begins, or ends.
    beyond
        Whether it holds beyond the border; else up to it.
    leads
        The leading term that it adds to; None where it is one of lower order.
    """

    border: Border
    beyond: bool
    leads: Monomial | None = None

    def following(self, exponents: Array) -> Stepped:
        """Move a step of the leading part to where the law's exponents are, (axes,)."""
        if self.leads is None:
            return self
        return replace(self, powers=self.leads.shifted(exponents).powers)

    def holds(self, sizes: Array) -> NDArray[np.bool_]:
        """Whether sizes (points, axes) lie in its regime, (points,)."""
        return np.asarray(self.border.past(sizes) == self.beyond)

    def column(self, sizes: Array) -> Array:
        """Evaluate at sizes of shape (points, axes); gives (points,)."""
        return np.asarray(super().column(sizes) * self.holds(sizes))

    def words(self, axes: Sequence[str]) -> str:
        """Say in a sentence what changes at the border."""
        border = self.border
        term = super().text(axes) if self.leads is None else self.leads.text(axes)
        return (
            f"{'from' if self.beyond else 'up to'} {border.along.text(axes)} = {border.place:.3g} "
            f"(between the points at {border.low:.3g} and {border.high:.3g}) each "
            f"{term or 'pass'} costs more"
        )

    def text(self, axes: Sequence[str], shift: Array | None = None) -> str:
        """Write it as SymPy reads it."""
        term = super().text(axes, shift)
        sign, place = ">=" if self.beyond else "<", f"{self.border.place:.12g}"
        where = f"Piecewise((1, {self.border.along.text(axes)} {sign} {place}), (0, True))"
        return f"{term}*{where}" if term else where


def steps(
    problem: Projection,
    best: Solution,
    sizes: Array,
    borders: Sequence[Border],
    leading: Leading,
    lower: Sequence[Monomial],
) -> tuple[list[Stepped], int]:
    """Find the steps that could explain most of what a law leaves.

    Parameters
    ----------
    problem, best
        The law without steps.
    sizes
        (points, axes).
    borders
        Where a term may step; `borders` finds them.
    leading, lower
        Its terms.

    Returns
    -------
    The most promising steps, and the number of all that were looked at.
    """
    if problem.points - best.active - problem.axes < _SPARE or not borders:
        return [], 1
    # A step of several leading terms at once would be no single term.
    tops = [term for _, term in leading.terms] if len(leading.terms) == 1 else []
    terms = [*lower, *(top.shifted(best.exponents) for top in tops)]
    past = np.array([border.past(sizes) for border in borders])
    sides = np.concatenate([past, ~past])
    gains = problem.gains(best, columns(terms, sizes), sides)
    found = []
    for at in np.argsort(-gains, axis=None)[:_FITTED]:
        side, which = np.unravel_index(at, gains.shape)
        border = borders[side % len(borders)]
        term, beyond = terms[which], bool(side < len(borders))
        leads = None if which < len(lower) else tops[which - len(lower)]
        found.append(Stepped(term.powers, term.logs, border, beyond, leads))
    return found, gains.size


def borders(sizes: Array) -> list[Border]:
    """Find the borders that part points (points, axes) differently.

    Of those that part them alike the one along the fewest sizes and lowest degrees stands for all.
    """
    axes = sizes.shape[1]
    degrees = sorted(
        itertools.product(_DEGREES, repeat=axes), key=lambda p: (np.count_nonzero(p), sum(p))
    )
    found: dict[bytes, Border] = {}
    for powers in degrees[1:]:
        along = Monomial(tuple(map(float, powers)), (0,) * axes)
        reached = along.column(sizes)
        levels = np.unique(reached)
        for low, high in itertools.pairwise(levels):
            past = reached >= high
            if _FEWEST <= past.sum() <= len(past) - _FEWEST:
                found.setdefault(past.tobytes(), Border(along, float(low), float(high)))
    return list(found.values())
