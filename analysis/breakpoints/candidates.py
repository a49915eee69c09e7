"""The breakpoints that are tried: between any two points, along every monomial of low degree."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..expressions import Array, Monomial, monomials
from .breakpoint import PARTS, PLACES, Breakpoint, CapacityBreakpoint

_HIGHEST = 2  # degree of a breakpoint in each size: n·d is a matrix, k·d² a weight
_FEWEST = 4  # points on either side


def adjacent(breakpoint: Breakpoint, sizes: Array) -> list[Breakpoint]:
    """List breakpoints next to one, at sizes (points, axes).

    Of sharp ones those before and after it, and where it lies across a value those whose part there
    is a tenth more or less; and some capacities: from there, from a place between those that
    `candidate_breakpoints` lists, or along a power of the same sizes.
    """
    reached = breakpoint.along.column(sizes)
    sharp = list(_sharp(breakpoint.along, reached))
    if isinstance(breakpoint, CapacityBreakpoint):
        found = [one for one in sharp if one.low == breakpoint.low and one.middle is None]
        half = (breakpoint.high / breakpoint.low) ** (PLACES[1] / 2)
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
        tenth = 0.0 if breakpoint.middle is None else 1.5 * PARTS[0]
        levels = np.unique(reached)
        away = {one: abs(one.rank(levels) - breakpoint.rank(levels)) for one in sharp}
        found = [
            one for one, ranks in away.items() if 0 < ranks <= (1 if one.middle is None else tenth)
        ]
        before = breakpoint.low**2 / breakpoint.place
        starts = [(breakpoint.along, start) for start in (before, breakpoint.low, breakpoint.place)]
    capacities = (_capacity_at(along, start, sizes) for along, start in starts)
    return [*found, *(one for one in capacities if one is not None)]


def _capacity_at(along: Monomial, start: float, sizes: Array) -> CapacityBreakpoint | None:
    """Make a breakpoint that begins between two points; None without enough on either side."""
    reached = along.column(sizes)
    levels = np.unique(reached)
    at = int(np.searchsorted(levels, start, side="right"))
    if not 0 < at < len(levels):
        return None
    rounded = float(f"{start:.9g}")  # so that the same place compares equal
    breakpoint = CapacityBreakpoint(along, float(levels[at - 1]), float(levels[at]), start=rounded)
    return breakpoint if _enough_either_side(breakpoint, reached) else None


def sides(sizes: Array) -> tuple[list[tuple[Breakpoint, bool]], Array]:
    """Find where a term may step, beyond a breakpoint or up to it.

    Returns
    -------
    Breakpoints with whether it holds beyond, and (sides, points): how far it does at sizes (points,
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
    """Find the breakpoints that divide points (points, axes) differently.

    Of those that divide them alike the one along the fewest sizes, of lowest degree, is taken.
    Along a size alone, a breakpoint may also lie across one of its values, in tenths.
    """
    axes = sizes.shape[1]
    ways = sorted(
        monomials(axes, _HIGHEST), key=lambda m: (np.count_nonzero(m.powers), sum(m.powers))
    )
    found: dict[bytes, Breakpoint] = {}
    for along in ways[1:]:
        reached = along.column(sizes)
        for breakpoint in (*_sharp(along, reached), *_capacities(along, reached)):
            found.setdefault(breakpoint.share(sizes).tobytes(), breakpoint)
    return list(found.values())


def _sharp(along: Monomial, reached: Array) -> Iterator[Breakpoint]:
    """Breakpoints between values of a monomial, (points,); of a size alone, across one too."""
    levels = [float(level) for level in np.unique(reached)]
    found = [Breakpoint(along, low, high) for low, high in itertools.pairwise(levels)]
    if sum(along.powers) == 1:
        found += [
            Breakpoint(along, low, high, middle, part)
            for low, middle, high in zip(levels, levels[1:], levels[2:], strict=False)
            for part in PARTS
        ]
    return (breakpoint for breakpoint in found if _enough_either_side(breakpoint, reached))


def _capacities(along: Monomial, reached: Array) -> Iterator[CapacityBreakpoint]:
    """Capacities at values of a monomial, (points,), or between."""
    levels = [float(level) for level in np.unique(reached)]
    for low, high in itertools.pairwise(levels):
        for part in PLACES:
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
