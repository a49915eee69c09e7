"""Regimes: sizes from which on a term costs more, as where a weight outgrows a cache.

A step is one more non-negative column of the law: a term, from a border on or up to it, or as far
as it lies beyond. Borders are looked for along every monomial of low degree in the sizes, between
any two points. That is thousands of candidates, so each is first judged by how much of the
residuals it could explain, all at once, and only the best are fitted.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .arrays import FLOOR, Array
from .numbers import number
from .projection import Projection, Solution
from .terms import Leading, Monomial, columns, monomials

#: How likely it is beforehand that a layer's points lie in two regimes. It is shared out equally
#: among all candidates, so that their number is paid for.
CHANCE = 0.3

_HIGHEST = 2  # degree of a border in each size: n·d is a matrix, k·d² a weight
_FEWEST = 4  # points on either side
_PARTS = np.arange(1, 10) / 10  # in which the next regime may have come at a value between
_PLACES = np.arange(4) / 4  # between two values, by ratio, at which it may begin little by little
_SPARE = 12  # points beyond a law's free numbers, below which no border is looked for
_FITTED = 8  # candidates that are fitted, of each problem, unless one promises
_BENT = 3  # the same of bends
_LEVEL = 0.95  # of the interval of a border's place
_HOPELESS = 6.0  # in log likelihood, so much less than the best of them or than no border


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

    def share(self, sizes: Array) -> Array:
        """How far the next regime has come at sizes (points, axes): (points,), from 0 to 1."""
        reached = self.along.column(sizes)
        return np.where(reached >= self.end, 1.0, np.where(reached >= self.place, self.part, 0.0))


@dataclass(frozen=True)
class Gradual(Border):
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
        """All places between two points share one chance."""
        return 1 / len(_PLACES)

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


@dataclass(frozen=True)
class Bend:
    """A size from which on the leading part grows otherwise, without a step.

    Attributes
    ----------
    axis
        Which size.
    place
        Where.
    low, high
        The sizes between which it lies.
    beyond
        Whether the law's own exponents are those up to it; else those beyond. They are those of
        the side that has more points.
    """

    axis: int
    place: float
    low: float
    high: float
    beyond: bool

    def size(self, sizes: Array) -> Array:
        """Give what the leading part grows with on the other side alone, (points,): 1 on this one.

        As one more size beside `sizes` (points, axes), its exponent is by how much that of the
        axis differs there.
        """
        reached = sizes[:, self.axis] / self.place
        return np.asarray(np.maximum(reached, 1) if self.beyond else np.minimum(reached, 1))


def bends(
    problem: Projection, best: Solution, sizes: Array, places: Sequence[Bend]
) -> list[tuple[Bend, float]]:
    """Find the bends that could explain most of what a law without regimes leaves.

    Returns
    -------
    The most promising, each with how likely it is beforehand against none.
    """
    if _freedom(problem, best) < _SPARE or not places:
        return []
    hinges = np.log(np.column_stack([bend.size(sizes) for bend in places]))
    chance = CHANCE / (1 - CHANCE) / len(places)
    promises = np.log(chance) + _gained(problem, best, problem.bends(best, hinges))
    order = np.argsort(-promises)[:_BENT]
    return [(places[at], chance) for at in order if promises[at] > -_HOPELESS]


def places(sizes: Array) -> list[Bend]:
    """List where the leading part may bend: at a size, or halfway between two.

    Two sizes and four points or more lie on either side.
    """
    found = []
    for axis, column in enumerate(sizes.T):
        levels = np.unique(column)
        between = np.sqrt(levels[1:] * levels[:-1])
        for place in sorted([*levels[2:-2], *between[1:-1]]):
            below, above = levels[levels < place], levels[levels > place]
            points = np.count_nonzero(column < place), np.count_nonzero(column > place)
            if min(points) >= _FEWEST:
                beyond = bool(points[0] >= points[1])
                found.append(Bend(axis, float(place), float(below[-1]), float(above[0]), beyond))
    return found


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
    if _freedom(problem, best) < _SPARE or not sides:
        return []
    terms: list[Monomial | Leading] = [*lower, leading.shifted(best.exponents)]
    weights = np.array([border.weight for border, _ in sides])
    chances = CHANCE / (1 - CHANCE) * weights / weights.sum() / len(terms)
    gains = problem.gains(best, columns(terms, sizes), shares)
    every: list[Monomial | Leading] = [*lower, leading]
    alike = {(type(border), border.along): border for border, _ in sides}  # few of thousands
    concerned = {key: [one.concerns(term) for term in every] for key, one in alike.items()}
    gains *= [concerned[type(border), border.along] for border, _ in sides]
    promises = np.log(chances)[:, None] + _gained(problem, best, gains)
    found = []
    for at in np.argsort(-promises, axis=None)[:_FITTED]:
        if promises.flat[at] < max(promises.max(), 0.0) - _HOPELESS:
            break
        side, which = np.unravel_index(at, gains.shape)
        (border, beyond), leads = sides[side], leading if which == len(lower) else None
        found.append((Stepped(terms[which], border, beyond, leads), float(chances[side])))
    return found


def _freedom(problem: Projection, best: Solution) -> int:
    return int(problem.points - best.active - problem.axes)


def _gained(problem: Projection, best: Solution, gains: Array) -> Array:
    """Log likelihood that squared errors taken away are worth."""
    left = np.maximum(1 - gains / (best.sse + problem.points * FLOOR**2), FLOOR**2)
    return np.asarray(-_freedom(problem, best) / 2 * np.log(left))


def nearby(step: Stepped, sizes: Array) -> list[Stepped]:
    """List steps that come little by little, beside one that does or that is sharp.

    One begins between the places that `borders` lists, or along a power of the same sizes; one that
    may be taken for a sharp step begins there or before.
    """
    if not step.beyond:
        return []
    border, found = step.border, list[tuple[Monomial, float]]()
    if isinstance(border, Gradual):
        half = (border.high / border.low) ** (_PLACES[1] / 2)
        found = [(border.along, border.start / half), (border.along, border.start * half)]
        for power in (0.5, 2.0):
            along = replace(border.along, powers=tuple(power * np.array(border.along.powers)))
            if all(degree in range(_HIGHEST + 1) for degree in along.powers):
                found.append((along, border.start**power))
    else:
        before = border.low**2 / border.place
        found = [(border.along, start) for start in (before, border.low, border.place)]
    return [
        replace(step, border=moved)
        for along, start in found
        if (moved := _beginning(along, start, sizes)) and moved.concerns(step.leads or step.term)
    ]


def _beginning(along: Monomial, start: float, sizes: Array) -> Gradual | None:
    """Make a border that begins between two points; None without enough on either side."""
    reached = along.column(sizes)
    levels = np.unique(reached)
    at = int(np.searchsorted(levels, start, side="right"))
    if not 0 < at < len(levels):
        return None
    rounded = float(f"{start:.9g}")  # so that a place is known again
    border = Gradual(along, float(levels[at - 1]), float(levels[at]), start=rounded)
    return border if _apart(border, reached) else None


def sides(sizes: Array) -> tuple[list[tuple[Border, bool]], Array]:
    """Find where a term may step, beyond a border or up to it.

    Returns
    -------
    Borders with whether it holds beyond, and (sides, points): how far it does at sizes (points,
    axes).
    """
    found = [(border, beyond) for border in borders(sizes) for beyond in border.ways]
    shares = [
        border.share(sizes) if beyond else 1 - border.share(sizes) for border, beyond in found
    ]
    return found, np.array(shares)


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
        for part in _PLACES:
            yield Gradual(along, low, high, start=low * (high / low) ** part)
    for low, middle, high in zip(levels, levels[1:], levels[2:], strict=False) if across else ():
        for part in _PARTS:
            yield Border(along, low, high, middle, part)


def _apart(border: Border, reached: Array) -> bool:
    """Whether there are points enough on either side."""
    sides = np.count_nonzero(reached <= border.low), np.count_nonzero(reached >= border.high)
    return bool(min(sides) >= _FEWEST)
