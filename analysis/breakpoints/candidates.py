"""Candidate breakpoints: between any two points, along every monomial of low degree."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..expressions import Array, Monomial, monomials
from .breakpoint import PARTIAL_SHARES, PLACE_FRACTIONS, Breakpoint, CapacityBreakpoint

_HIGHEST = 2  # degree of a breakpoint in each size: n·d is a matrix, k·d² a weight
_FEWEST = 4  # points on either side


def adjacent_breakpoints(breakpoint: Breakpoint, sizes: Array) -> list[Breakpoint]:
    """List the breakpoints next to one, at sizes (points, axes).

    These are the sharp ones before and after it; for a middle value, those whose share there
    differs by a tenth; and capacities: at the same place, halfway between those that
    `candidate_breakpoints` lists, or along a power of the same sizes.
    """
    values = breakpoint.along.column(sizes)
    sharp = list(_sharp(breakpoint.along, values))
    if isinstance(breakpoint, CapacityBreakpoint):
        found = [one for one in sharp if one.low == breakpoint.low and one.middle is None]
        half = (breakpoint.high / breakpoint.low) ** (PLACE_FRACTIONS[1] / 2)
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
        # A share of a tenth may really be a sharp step before or after; the reverse is rare.
        tenth = 0.0 if breakpoint.middle is None else 1.5 * PARTIAL_SHARES[0]
        levels = np.unique(values)
        away = {one: abs(one.rank(levels) - breakpoint.rank(levels)) for one in sharp}
        found = [
            one for one, ranks in away.items() if 0 < ranks <= (1 if one.middle is None else tenth)
        ]
        before = breakpoint.low**2 / breakpoint.place
        starts = [(breakpoint.along, start) for start in (before, breakpoint.low, breakpoint.place)]
    capacities = (_capacity_at(along, start, sizes) for along, start in starts)
    return [*found, *(one for one in capacities if one is not None)]


def _capacity_at(along: Monomial, start: float, sizes: Array) -> CapacityBreakpoint | None:
    """Make a capacity breakpoint at `start`; None without enough points on either side."""
    values = along.column(sizes)
    levels = np.unique(values)
    at = int(np.searchsorted(levels, start, side="right"))
    if not 0 < at < len(levels):
        return None
    rounded = float(f"{start:.9g}")  # so that the same place compares equal
    breakpoint = CapacityBreakpoint(along, float(levels[at - 1]), float(levels[at]), start=rounded)
    return breakpoint if _enough_either_side(breakpoint, values) else None


def candidate_sides(sizes: Array) -> tuple[list[tuple[Breakpoint, bool]], Array]:
    """List where a term may step, beyond a breakpoint or up to it.

    Returns
    -------
    Breakpoints with whether the term holds beyond them, and the share in which it holds at sizes
    (points, axes): (sides, points).
    """
    found = [
        (breakpoint, beyond)
        for breakpoint in candidate_breakpoints(sizes)
        for beyond in breakpoint.allowed_beyond
    ]
    shares = [
        breakpoint.share(sizes) if beyond else 1 - breakpoint.share(sizes)
        for breakpoint, beyond in found
    ]
    return found, np.array(shares)


def candidate_breakpoints(sizes: Array) -> list[Breakpoint]:
    """List the breakpoints that divide points (points, axes) in different ways.

    Of those that divide them alike, the one along the fewest sizes and of lowest degree is taken.
    Along a single size, the next regime may hold in part at one value, in tenths.
    """
    axes = sizes.shape[1]
    directions = sorted(
        monomials(axes, _HIGHEST), key=lambda m: (np.count_nonzero(m.powers), sum(m.powers))
    )
    found: dict[bytes, Breakpoint] = {}
    for along in directions[1:]:
        values = along.column(sizes)
        for breakpoint in (*_sharp(along, values), *_capacities(along, values)):
            found.setdefault(breakpoint.share(sizes).tobytes(), breakpoint)
    return list(found.values())


def _sharp(along: Monomial, values: Array) -> Iterator[Breakpoint]:
    """Yield breakpoints between values, (points,), of a monomial; of a single size, also at one."""
    levels = [float(level) for level in np.unique(values)]
    found = [Breakpoint(along, low, high) for low, high in itertools.pairwise(levels)]
    if sum(along.powers) == 1:
        found += [
            Breakpoint(along, low, high, middle, part)
            for low, middle, high in zip(levels, levels[1:], levels[2:], strict=False)
            for part in PARTIAL_SHARES
        ]
    return (breakpoint for breakpoint in found if _enough_either_side(breakpoint, values))


def _capacities(along: Monomial, values: Array) -> Iterator[CapacityBreakpoint]:
    """Yield capacities at values of a monomial, (points,), and between them."""
    levels = [float(level) for level in np.unique(values)]
    for low, high in itertools.pairwise(levels):
        for part in PLACE_FRACTIONS:
            breakpoint = CapacityBreakpoint(along, low, high, start=low * (high / low) ** part)
            if _enough_either_side(breakpoint, values):
                yield breakpoint


def _enough_either_side(breakpoint: Breakpoint, values: Array) -> bool:
    """Whether there are enough points on either side."""
    sides = (
        np.count_nonzero(values <= breakpoint.low),
        np.count_nonzero(values >= breakpoint.high),
    )
    return bool(min(sides) >= _FEWEST)
