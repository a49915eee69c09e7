"""Regimes: sizes from which on a term costs more, as where a weight outgrows a cache.

A step is one more non-negative column of the law: a term, from a border on or up to it. Borders
are looked for along every monomial of low degree in the sizes, between any two points. That is
thousands of candidates, so each is first judged by how much of the residuals it could explain,
all at once, and only the best are fitted.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .arrays import Array
from .numbers import number
from .projection import FLOOR, Projection, Solution
from .terms import Leading, Monomial, columns, monomials

#: How likely it is beforehand that a layer's points lie in two regimes. It is shared out equally
#: among all candidates, so that their number is paid for.
CHANCE = 0.1

_HIGHEST = 2  # degree of a border in each size: n·d is a matrix, k·d² a weight
_FEWEST = 4  # points on either side
_PARTS = np.arange(1, 10) / 10  # in which the next regime may have come at a value between
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
        Its values at the last points of one regime and the first of the next: the border lies
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
        """How likely it is beforehand, beside a sharp one: all parts share one chance."""
        return 1.0 if self.middle is None else 1 / len(_PARTS)

    @property
    def place(self) -> float:
        """Where the next regime begins: the middle between the points there, by ratio."""
        return float(np.sqrt(self.low * (self.middle or self.high)))

    @property
    def end(self) -> float:
        """Where it has come in full."""
        return float(np.sqrt((self.middle or self.low) * self.high))

    def share(self, sizes: Array) -> Array:
        """How far the next regime has come at sizes (points, axes): (points,), from 0 to 1."""
        reached = self.along.column(sizes)
        return np.where(reached >= self.end, 1.0, np.where(reached >= self.place, self.part, 0.0))


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

    def share(self, sizes: Array) -> Array:
        """How far its regime has come at sizes (points, axes): (points,), from 0 to 1."""
        share = self.border.share(sizes)
        return share if self.beyond else 1 - share

    def column(self, sizes: Array) -> Array:
        """Evaluate at sizes of shape (points, axes); gives (points,)."""
        return np.asarray(super().column(sizes) * self.share(sizes))

    def words(self, axes: Sequence[str]) -> str:
        """Say in a sentence what changes at the border."""
        border = self.border
        what = f"each {super().text(axes) or 'pass'}" if self.leads is None else "the leading term"
        between = f"between the points at {number(border.low)} and {number(border.high)}"
        if border.middle is not None:
            between += f", {self.part:.0%} of it at {number(border.middle)}"
        return (
            f"{'from' if self.beyond else 'up to'} {border.along.text(axes)} = {number(self.ends)} "
            f"({between}) {what} costs more"
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

    def text(self, axes: Sequence[str], shift: Array | None = None) -> str:
        """Write it as SymPy reads it."""
        term = super().text(axes, shift)
        border, along = self.border, self.border.along.text(axes)
        sign = ">=" if self.beyond else "<"
        pieces = [f"(1, {along} {sign} {self.full:.12g})"]
        if border.middle is not None:
            pieces.append(f"({self.part:.12g}, {along} {sign} {self.ends:.12g})")
        where = f"Piecewise({', '.join(pieces)}, (0, True))"
        return f"{term}*{where}" if term else where


def steps(
    problem: Projection,
    best: Solution,
    sizes: Array,
    borders: Sequence[Border],
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
    borders
        Where a term may step; `borders` finds them.
    leading, lower
        Its terms.

    Returns
    -------
    The most promising steps, each with how likely it is beforehand against none.
    """
    freedom = problem.points - best.active - problem.axes
    if freedom < _SPARE or not borders:
        return []
    # A step of several leading terms at once would be no single term.
    tops = [term for _, term in leading.terms] if len(leading.terms) == 1 else []
    terms = [*lower, *(top.shifted(best.exponents) for top in tops)]
    shares = np.array([border.share(sizes) for border in borders])
    weights = np.array([border.weight for border in borders])
    chances = CHANCE / (1 - CHANCE) * np.tile(weights / weights.sum(), 2) / (2 * len(terms))
    gains = problem.gains(best, columns(terms, sizes), np.concatenate([shares, 1 - shares]))
    left = np.maximum(1 - gains / (best.sse + problem.points * FLOOR**2), FLOOR**2)
    promises = np.log(chances)[:, None] - freedom / 2 * np.log(left)
    found = []
    for at in np.argsort(-promises, axis=None)[:_FITTED]:
        side, which = np.unravel_index(at, gains.shape)
        border = borders[side % len(borders)]
        term, beyond = terms[which], bool(side < len(borders))
        leads = None if which < len(lower) else tops[which - len(lower)]
        step = Stepped(term.powers, term.logs, border, beyond, leads)
        found.append((step, float(chances[side])))
    return found


def borders(sizes: Array) -> list[Border]:
    """Find the borders that part points (points, axes) differently.

    Of those that part them alike the one along the fewest sizes and lowest degrees stands for all.
    Along a size alone, a border may also lie across one of its values, in tenths.
    """
    axes = sizes.shape[1]
    ways = sorted(
        monomials(axes, _HIGHEST), key=lambda m: (np.count_nonzero(m.powers), sum(m.powers))
    )
    found: dict[bytes, Border] = {}
    for along in ways[1:]:
        reached = along.column(sizes)
        levels = [float(level) for level in np.unique(reached)]
        for border in _along(along, levels, across=sum(along.powers) == 1):
            if _apart(border, reached):
                found.setdefault(border.share(sizes).tobytes(), border)
    return list(found.values())


def _along(along: Monomial, levels: Sequence[float], across: bool) -> Iterator[Border]:
    """Borders between the values of a monomial, and across one."""
    for low, high in itertools.pairwise(levels):
        yield Border(along, low, high)
    for low, middle, high in zip(levels, levels[1:], levels[2:], strict=False) if across else ():
        for part in _PARTS:
            yield Border(along, low, high, middle, part)


def _apart(border: Border, reached: Array) -> bool:
    """Whether there are points enough on either side."""
    sides = np.count_nonzero(reached <= border.low), np.count_nonzero(reached >= border.high)
    return bool(min(sides) >= _FEWEST)
