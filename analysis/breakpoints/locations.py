"""Borders: sizes at which what a term costs changes, and how far it has changed at each point.

They lie along every monomial of low degree in the sizes, between any two points: at once, in tenths
at a value between, or little by little from there on.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..expressions import Array, Leading, Monomial, monomials

_HIGHEST = 2  # degree of a border in each size: n·d is a matrix, k·d² a weight
_FEWEST = 4  # points on either side
_PARTS = np.arange(1, 10) / 10  # in which the next regime may have come at a value between
_PLACES = np.arange(4) / 4  # between two values, by ratio, at which it may begin little by little


@dataclass(frozen=True)
class Breakpoint:
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


def adjacent(breakpoint: Breakpoint, sizes: Array) -> list[Breakpoint]:
    """List borders next to one, at sizes (points, axes).

    Of those at once the ones before and after it, and where it lies across a value what has come by
    a tenth more or less there; and some that come little by little: from there, from a place
    between those that `candidate_breakpoints` lists, or along a power of the same sizes.
    """
    reached = breakpoint.along.column(sizes)
    sharp = list(_sharp(breakpoint.along, reached))
    if isinstance(breakpoint, CapacityBreakpoint):
        found = [one for one in sharp if one.low == breakpoint.low and one.middle is None]
        half = (breakpoint.high / breakpoint.low) ** (_PLACES[1] / 2)
        starts = [
            (breakpoint.along, breakpoint.start / half),
            (breakpoint.along, breakpoint.start * half),
        ]
        for power in (0.5, 2.0):
            along = replace(
                breakpoint.along, powers=tuple(power * np.array(breakpoint.along.powers))
            )
            if all(degree in range(_HIGHEST + 1) for degree in along.powers):
                starts.append((along, breakpoint.start**power))
    else:
        # What seems to have come by a tenth may be a step before or after it; seldom the reverse.
        tenth = 0.0 if breakpoint.middle is None else 1.5 * _PARTS[0]
        levels = np.unique(reached)
        away = {one: abs(one.rank(levels) - breakpoint.rank(levels)) for one in sharp}
        found = [
            one for one, ranks in away.items() if 0 < ranks <= (1 if one.middle is None else tenth)
        ]
        before = breakpoint.low**2 / breakpoint.place
        starts = [(breakpoint.along, start) for start in (before, breakpoint.low, breakpoint.place)]
    gradual = (_capacity_at(along, start, sizes) for along, start in starts)
    return [*found, *(one for one in gradual if one is not None)]


def _capacity_at(along: Monomial, start: float, sizes: Array) -> CapacityBreakpoint | None:
    """Make a border that begins between two points; None without enough on either side."""
    reached = along.column(sizes)
    levels = np.unique(reached)
    at = int(np.searchsorted(levels, start, side="right"))
    if not 0 < at < len(levels):
        return None
    rounded = float(f"{start:.9g}")  # so that a place is known again
    breakpoint = CapacityBreakpoint(along, float(levels[at - 1]), float(levels[at]), start=rounded)
    return breakpoint if _enough_either_side(breakpoint, reached) else None


def sides(sizes: Array) -> tuple[list[tuple[Breakpoint, bool]], Array]:
    """Find where a term may step, beyond a border or up to it.

    Returns
    -------
    Borders with whether it holds beyond, and (sides, points): how far it does at sizes (points,
    axes).
    """
    found = [
        (breakpoint, beyond)
        for breakpoint in candidate_breakpoints(sizes)
        for beyond in breakpoint.ways
    ]
    shares = [
        breakpoint.share(sizes) if beyond else 1 - breakpoint.share(sizes)
        for breakpoint, beyond in found
    ]
    return found, np.array(shares)


def candidate_breakpoints(sizes: Array) -> list[Breakpoint]:
    """Find the borders that part points (points, axes) differently.

    Of those that part them alike the one along the fewest sizes and lowest degrees stands for all.
    Along a size alone, a border may also lie across one of its values, in tenths.
    """
    axes = sizes.shape[1]
    ways = sorted(
        monomials(axes, _HIGHEST), key=lambda m: (np.count_nonzero(m.powers), sum(m.powers))
    )
    found: dict[bytes, Breakpoint] = {}
    for along in ways[1:]:
        reached = along.column(sizes)
        for breakpoint in (*_sharp(along, reached), *_gradual(along, reached)):
            found.setdefault(breakpoint.share(sizes).tobytes(), breakpoint)
    return list(found.values())


def _sharp(along: Monomial, reached: Array) -> Iterator[Breakpoint]:
    """Borders between values of a monomial, (points,); of a size alone, across one too."""
    levels = [float(level) for level in np.unique(reached)]
    found = [Breakpoint(along, low, high) for low, high in itertools.pairwise(levels)]
    if sum(along.powers) == 1:
        found += [
            Breakpoint(along, low, high, middle, part)
            for low, middle, high in zip(levels, levels[1:], levels[2:], strict=False)
            for part in _PARTS
        ]
    return (breakpoint for breakpoint in found if _enough_either_side(breakpoint, reached))


def _gradual(along: Monomial, reached: Array) -> Iterator[CapacityBreakpoint]:
    """Borders that begin at values of a monomial, (points,), or between."""
    levels = [float(level) for level in np.unique(reached)]
    for low, high in itertools.pairwise(levels):
        for part in _PLACES:
            breakpoint = CapacityBreakpoint(along, low, high, start=low * (high / low) ** part)
            if _enough_either_side(breakpoint, reached):
                yield breakpoint


def _enough_either_side(breakpoint: Breakpoint, reached: Array) -> bool:
    """Whether there are points enough on either side."""
    sides = (
        np.count_nonzero(reached <= breakpoint.low),
        np.count_nonzero(reached >= breakpoint.high),
    )
    return bool(min(sides) >= _FEWEST)
