"""Find the functions of one size that counts along it are made of.

Counts at consecutive sizes show each divisor: they follow one polynomial between two steps, and
another beyond. A combination of functions is accepted only if it gives every count exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sympy import QQ, Symbol
from sympy.polys.matrices import DomainMatrix

from ..analysis import Array
from .size_functions import (
    ONE,
    Family,
    SizeFunction,
    identity,
    root_families,
    smooth_families,
    step,
    step_families,
)

#: Largest divisor that is looked for.
_LARGEST_DIVISOR = 256

#: The same where counts may change their course at most of the sizes, as with strides of 2. A jump
#: shows in the differences at three sizes before and after it, so that 12 leaves 5 sizes of 12.
_LARGEST_DENSE, _DENSE = 12, 0.75

#: Steps that are tried, those of small divisors first.
_MOST_TRIED = 300

#: Counts that a family has to give beyond its number of functions: the last ones.
_SPARE = 3

#: Steps of which a sum may consist: strides of 2 on six levels.
_MOST_STEPS = 6

_ORDER = 4  # the fourth difference of a cubic is 0


def functions_along(
    x: Symbol,
    at: Sequence[int],
    values: Sequence[Sequence[int]],
    known: Sequence[tuple[int, int]] = (),
) -> Family | None:
    """Find the simplest functions whose linear combinations give all counts along a size.

    Parameters
    ----------
    x
        The symbol of the size.
    at
        Sizes, ascending; consecutive ones show steps best, and a few beyond them show what goes on.
    values
        Rows of counts, one count for each size: each row at other sizes of the other axes.
    known
        Steps, each a divisor and an offset, that other counts of the layer have: no others are
        then looked for.

    Returns
    -------
    The functions that some row needs; None if no family gives all counts.

    Examples
    --------
    >>> from layerlaw.layers import n
    >>> lengths = range(2, 20)
    >>> found = functions_along(n, lengths, [[5 * -(-length // 3) + 2 for length in lengths]])
    >>> [one.expression for one in found]
    [1, ceiling(n/3)]
    """
    right = np.array(values, dtype=float).T
    for family in _families(x, at, right, known):
        if len(family) + _SPARE > len(at):
            continue
        columns = _columns(family, at)
        if not _is_combination(columns, right) or (used := _used(columns, values)) is None:
            continue
        # Rounded sizes have few different values, which as many functions would interpolate: the
        # last sizes are not needed to determine the combination, so that they verify it.
        if used == _used(columns[:-_SPARE], [row[:-_SPARE] for row in values]):
            return [family[place] for place in used] or [ONE]
    return None


def independent_sizes(family: Family, at: Sequence[int], spare: int = 2) -> list[int]:
    """Return the smallest sizes that determine a combination of the functions, and some more."""
    rows = DomainMatrix(_exact(family, at), (len(at), len(family)), QQ)
    pivots = rows.transpose().rref()[1]
    others = [place for place in range(len(at)) if place not in pivots]
    return [at[place] for place in sorted([*pivots, *others[:: max(len(others) // spare, 1)]])]


def first_course(
    x: Symbol, at: Sequence[int], values: Sequence[Sequence[int]]
) -> tuple[Family, Sequence[int]] | None:
    """Find the functions that give all counts from some size on, where the first ones differ.

    Returns
    -------
    The functions, and the sizes that they hold for, at least half of those given; None if no
    family gives the counts from the first change of their course on.
    """
    right = np.array(values, dtype=float).T
    inner = [place for place, jumps in enumerate(_jumps(at, right).values()) if jumps][_ORDER:]
    first = [place for start, place in enumerate(inner) if place == inner[0] + start]
    if not first or 2 * (last := first[-1]) > len(at):
        return None
    family = functions_along(x, at[last:], [row[last:] for row in values])
    if family is None:
        return None
    while last and _is_combination(_columns(family, at[last - 1 :]), right[last - 1 :]):
        last -= 1
    return family, at[last:]


def _families(
    x: Symbol, at: Sequence[int], right: Array, known: Sequence[tuple[int, int]]
) -> Iterator[Family]:
    yield from smooth_families(x)
    steps = known or _possible_steps(at, right)
    yield from step_families(x, steps)
    yield from root_families(x)
    yield from _sums_of_steps(x, at, right, steps)


def _possible_steps(at: Sequence[int], right: Array) -> list[tuple[int, int]]:
    """List the divisors and offsets of steps that the counts may have, ⌈x/q⌉ and ⌊x/q⌋ first."""
    jumps = _jumps(at, right)
    consecutive = _consecutive(at)
    near = at[:consecutive] if consecutive > _ORDER else at
    dense = sum(jumps.values()) > _DENSE * len(jumps)
    largest = _LARGEST_DENSE if dense else _LARGEST_DIVISOR
    found = [
        (q, offset)
        for q in range(2, min(largest, (near[-1] - near[0]) // 2) + 1)
        for offset in dict.fromkeys((q - 1, 0, *range(1, q - 1)))
        if all(jumps[size] for size in at if (size + offset) % q == 0)
    ]
    return found[:_MOST_TRIED]


def _jumps(at: Sequence[int], right: Array) -> dict[int, bool]:
    """Return at which sizes the counts may leave the polynomial that they followed before.

    These are all where the sizes are not consecutive, and the ones beyond consecutive ones.
    """
    near = _consecutive(at)
    if near <= _ORDER:
        return dict.fromkeys(at, True)
    changes = np.abs(np.diff(right[:near], _ORDER, axis=0)) > 0.5
    # Whether the counts at place … place + 4 follow no cubic.
    bent: NDArray[np.bool_] = np.any(changes, axis=1)
    inner = range(_ORDER, len(bent))  # the places at which all stretches are known
    return {
        size: place not in inner or bool(bent[place - _ORDER : place].any())
        for place, size in enumerate(at)
    }


def _consecutive(at: Sequence[int]) -> int:
    """Return how many of the first sizes are consecutive."""
    gaps = np.flatnonzero(np.diff(at) != 1)
    return int(gaps[0]) + 1 if len(gaps) else len(at)


def _sums_of_steps(
    x: Symbol, at: Sequence[int], right: Array, steps: Sequence[tuple[int, int]]
) -> Iterator[Family]:
    """Yield sums of several steps, found one after another: the one that explains most first."""
    size = identity(x)
    for degree in (1, 2):
        family: list[SizeFunction] = [ONE, size] if degree == 1 else [ONE, size, size * size]
        left = list(steps)
        for _ in range(_MOST_STEPS):
            best, least = None, np.inf
            for q, offset in left:
                one = step(x, q, offset)
                added = [one] if degree == 1 else [one, one * one]
                residual = _residual(_columns([*family, *added], at), right)
                if residual < least * (1 - 1e-9):
                    best, least = (q, offset), residual
            if best is None:
                break
            left.remove(best)
            one = step(x, *best)
            family = [*family, one] if degree == 1 else [*family, one, one * one]
            yield list(family)


def _columns(family: Family, at: Sequence[int]) -> Array:
    return np.array([[float(one.of(size)) for one in family] for size in at])


def _exact(family: Family, at: Sequence[int]) -> list[list[object]]:
    return [[QQ(one.of(size)) for one in family] for size in at]


def _residual(columns: Array, right: Array) -> float:
    scaled = columns / np.maximum(np.abs(columns).max(axis=0), 1)
    solution = np.linalg.lstsq(scaled, right, rcond=None)[0]
    return float(np.linalg.norm(scaled @ solution - right))


def _is_combination(columns: Array, right: Array) -> bool:
    """Whether a combination of the columns gives the counts, to rounding errors."""
    return _residual(columns, right) <= 1e-9 * float(np.linalg.norm(right))


def _used(columns: Array, values: Sequence[Sequence[int]]) -> list[int] | None:
    """Return the places of the columns that an exact combination needs; None if there is none.

    A column that others give is not needed: earlier ones are simpler.
    """
    count = columns.shape[1]
    rows = [
        [*(QQ(int(number)) for number in row), *(QQ(int(line[place])) for line in values)]
        for place, row in enumerate(columns)
    ]
    reduced, pivots = DomainMatrix(rows, (len(rows), count + len(values)), QQ).rref()
    if pivots and pivots[-1] >= count:
        return None
    solution = reduced.to_list()
    return [column for row, column in enumerate(pivots) if any(solution[row][count:])]
