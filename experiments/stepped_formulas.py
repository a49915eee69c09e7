"""Exact formulas with floors and ceilings: ⌈n/2⌉·(14·d² + 3·d) of strided convolutions.

Along each size the functions that the counts are made of are found from counts at consecutive
sizes (`size_search`); the coefficients of their products are then solved from counts over all
sizes. What no such formula gives may still follow a polynomial at some sizes, such as even ones.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from math import prod

import numpy as np
import sympy
from sympy import Expr

from ..analysis import Monomial, Polynomial, solve_coefficients
from ..layers import SYMBOLS, Layer, subs
from ..measure import PATH_LENGTH
from .counting import Counts, NotExact, Sizes
from .polynomial_formulas import verify
from .size_functions import Family, steps_in
from .size_search import first_course, functions_along, independent_sizes

#: Consecutive sizes up to which counts are taken along an axis, one after another until a formula
#: is found: enough for strides and pools; for blocks of 64; for chunks of 256.
_STRETCHES: Mapping[str, tuple[int, ...]] = {"n": (40, 136, 520), "d": (24, 72)}

#: Sizes of other axes, such as kernels.
_FEW = (12,)

#: The levels of the stretches of n and d that are tried, one after another.
_LEVELS: Sequence[Mapping[str, int]] = (
    {"n": 0, "d": 0},
    {"n": 1, "d": 0},
    {"n": 1, "d": 1},
    {"n": 2, "d": 0},
)

#: Divisors of sizes at whose multiples alone a formula may hold.
_DIVISORS = (1, 2, 4, 8, 16, 32, 64)

#: The smallest size of stretches that are to hold from the beginning on, in units of the axis.
_STARTS = 4

#: Further sizes beyond each stretch, in halves of its end: they refuse what it alone follows.
_FAR = (3, 4, 6)

#: Share of the seconds in which functions are looked for.
_LOOKING = 0.9

#: Sizes along an axis whose steps are known from other counts: the first ones, and some beside the
#: multiples of each divisor.
_FIRST, _MULTIPLES, _BESIDE = 14, (1, 2, 3, 5), (-1, 0, 1, 2)

#: The divisors and offsets of the steps of each axis that other counts have.
Steps = Mapping[str, Sequence[tuple[int, int]]]

#: The functions along an axis at a level, and the sizes that they were found from.
_Along = Callable[[str, int], tuple[Family, Sequence[int]]]

#: An expression, the sizes that it was solved from and verified at, and where it holds.
Found = tuple[Expr, tuple[Sizes, ...], tuple[Sizes, ...], str]


def stepped_formula(counts: Counts, others: Sequence[Sizes], known: Sequence[Expr] = ()) -> Found:
    """Derive a formula in functions such as ⌈n/q⌉ and ⌊√n⌋.

    Parameters
    ----------
    counts
        The counts of a metric.
    others
        Sizes at which it is verified, as far as it is not solved from them.
    known
        Formulas of other counts of the layer, whose steps are tried first.

    Raises
    ------
    NotExact
        If there is none.
    """
    plain = NotExact(f"{counts.what}: no formula gives all counts exactly")
    steps = {
        axis: [pair for one in known for pair in steps_in(one, SYMBOLS[axis])]
        for axis in counts.layer.axes
    }
    if any(steps.values()):
        try:
            return _from_stretches(counts, others, partial(_known_functions, counts, steps), {})
        except NotExact as error:
            plain = error
    along = cache(partial(_functions, counts))
    # A layer that works in long chunks has their steps in its FLOPs too. Paths take long to trace.
    chunked = any(steps.values()) or not known or counts.metric != PATH_LENGTH.name
    for levels in _LEVELS if chunked else _LEVELS[:-1]:
        try:
            return _from_stretches(counts, others, along, levels)
        except NotExact as error:
            plain = error
    raise plain


def _from_stretches(
    counts: Counts, others: Sequence[Sizes], along: _Along, levels: Mapping[str, int]
) -> Found:
    """Derive a formula from stretches of consecutive sizes, the shortest at level 0."""
    axes = counts.layer.axes
    families, sizes, least = {}, {}, {}
    for axis in axes:
        families[axis], at = along(axis, levels.get(axis, 0))
        sizes[axis] = independent_sizes(families[axis], at)
        if at[0] > _STARTS * counts.layer.units.get(axis, 1):
            least[axis] = at[0]
    grid = itertools.product(*(sizes[axis] for axis in axes))
    named = [dict(zip(axes, each, strict=True)) for each in grid]
    solved = counts.accepted(each for each in named if _takes(counts.layer, each))
    expression = _solve(axes, families, solved, [counts.at(each) for each in solved])
    if expression is None:
        raise NotExact(f"{counts.what}: no formula gives all counts exactly")
    verified = [
        each
        for each in others
        if each not in solved and all(each[axis] >= size for axis, size in least.items())
    ]
    if not verified:
        raise NotExact(f"{counts.what}: no size is left to verify a formula at")
    verify(counts.what, expression, verified, [counts.at(each) for each in verified])
    where = " and ".join(f"{axis} ≥ {size}" for axis, size in least.items())
    return expression, tuple(solved), tuple(verified), where


def restricted_formula(
    counts: Counts, expression: Expr, solved: Sequence[Sizes], others: Sequence[Sizes]
) -> Found | None:
    """Find the divisors of n and d at whose multiples alone a formula holds; None if at none.

    It is verified at the multiples next to all other sizes, the largest too: a formula that ends
    at some size holds at no divisor's multiples.
    """
    axes = [axis for axis in counts.layer.axes if axis in _STRETCHES]
    tried = sorted(itertools.product(_DIVISORS, repeat=len(axes)), key=prod)
    for each in tried:
        divisors: dict[str, int] = dict(zip(axes, each, strict=True))
        there = _multiples(solved, divisors)
        near = [
            {axis: _rounded_up(size, divisors.get(axis, 1)) for axis, size in sizes.items()}
            for sizes in others
        ]
        points = [one for one in near if one not in solved and _takes(counts.layer, one)]
        if there and points and _holds(counts, expression, [*there, *points]):
            verified = counts.accepted(points)
            if len(verified) == len(points):
                return expression, tuple(there), tuple(verified), _divisible(divisors)
    return None


def _functions(counts: Counts, axis: str, level: int) -> tuple[Family, Sequence[int]]:
    """Return the functions of one size that counts along it need, and these sizes."""
    unit = counts.layer.units.get(axis, 1)
    longest = _STRETCHES.get(axis, _FEW)[level]
    near = range(2 * unit, longest * unit, unit)
    at, values = _along(counts, axis, [*near, *(longest * unit * far // 2 + unit for far in _FAR)])
    if at and (found := functions_along(SYMBOLS[axis], at, [values])) is not None:
        return found, at
    # The path within a first chunk is another one than that through all chunks.
    if at and level and counts.metric == PATH_LENGTH.name:
        later = first_course(SYMBOLS[axis], at, [values])
        if later is not None:
            return later
    raise NotExact(f"{counts.what}: no formula in {axis} gives all counts exactly")


def _known_functions(
    counts: Counts, steps: Steps, axis: str, _: int
) -> tuple[Family, Sequence[int]]:
    """Return the functions of one size with steps that are known, from few sizes."""
    unit = counts.layer.units.get(axis, 1)
    beside = {q * m + e for q, _ in steps[axis] for m in _MULTIPLES for e in _BESIDE}
    wanted = sorted(size for size in {*range(2, _FIRST), *beside} if size > 1)
    at, values = _along(counts, axis, [size * unit for size in wanted])
    found = functions_along(SYMBOLS[axis], at, [values], steps[axis]) if at else None
    if found is None:
        raise NotExact(f"{counts.what}: no formula in {axis} gives all counts exactly")
    return found, at


def _along(counts: Counts, axis: str, sizes: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    """Count along an axis; return the sizes that the layer takes, and the counts there."""
    base = _base(counts)
    line = ({**base, axis: size} for size in sizes)
    taken = counts.accepted((one for one in line if _takes(counts.layer, one)), share=_LOOKING)
    values = [counts.at(one) for one in taken]
    if sympy.oo in values:
        raise NotExact(f"{counts.what}: it is infinite at some sizes along {axis}")
    return [one[axis] for one in taken], [int(value or 0) for value in values]


def _base(counts: Counts) -> Sizes:
    """Return sizes that the layer takes, the largest of which no coefficient is likely to be 0."""
    from ..measure import COUNTED_SIZES, counting_grid

    for length in (13, 12, 16):
        for sizes in reversed(counting_grid(counts.layer, {**COUNTED_SIZES, "n": (length,)})):
            if counts.at(sizes) is not None:
                return sizes
    raise NotExact(f"{counts.what}: it takes no sizes near n = 13")


def _takes(layer: Layer, sizes: Sizes) -> bool:
    from ..measure import counting_grid

    return bool(counting_grid(layer, {axis: (size,) for axis, size in sizes.items()}))


def _solve(
    axes: Sequence[str],
    families: Mapping[str, Family],
    points: Sequence[Sizes],
    values: Sequence[Expr | int | None],
) -> Expr | None:
    """Solve for the coefficients of all products of one function of each size."""
    functions = [(axis, one) for axis in axes for one in families[axis]]
    table = np.array([[one.of(point[axis]) for axis, one in functions] for point in points], float)
    starts = np.cumsum([0, *(len(families[axis]) for axis in axes)])
    terms = []
    for places in itertools.product(*(range(len(families[axis])) for axis in axes)):
        powers = np.zeros(len(functions))
        powers[[start + place for start, place in zip(starts, places, strict=False)]] = 1
        terms.append(Monomial(tuple(powers.tolist()), (0,) * len(functions)))
    found = solve_coefficients(terms, table, np.array([int(value or 0) for value in values], float))
    if found is None:
        return None
    return _grouped(found, [one.expression for _, one in functions])


def _grouped(polynomial: Polynomial, expressions: Sequence[Expr]) -> Expr:
    """Write a sum with its floors and ceilings as common factors."""
    groups: dict[Expr, Expr] = {}
    for c, term in polynomial:
        factors = [one for one, power in zip(expressions, term.powers, strict=True) if power]
        stepped = [one for one in factors if one.has(sympy.floor, sympy.ceiling)]
        smooth = [one for one in factors if one not in stepped]
        common = sympy.Mul(*stepped)
        rest = sympy.Rational(c.numerator, c.denominator) * sympy.Mul(*smooth)
        groups[common] = groups.get(common, sympy.Integer(0)) + rest
    return sympy.Add(*(common * rest for common, rest in groups.items()))


def _holds(counts: Counts, expression: Expr, points: Sequence[Sizes]) -> bool:
    return all(subs(expression, sizes) == counts.at(sizes) for sizes in points)


def _multiples(points: Sequence[Sizes], divisors: Mapping[str, int]) -> list[Sizes]:
    return [
        sizes
        for sizes in points
        if all(sizes[axis] % divisor == 0 for axis, divisor in divisors.items())
    ]


def _rounded_up(size: int, unit: int) -> int:
    return -(-size // unit) * unit


def _divisible(divisors: Mapping[str, int]) -> str:
    """Write which sizes the divisors leave: ``even n``, ``n divisible by 8``."""
    told = [
        f"even {axis}" if divisor == 2 else f"{axis} divisible by {divisor}"
        for axis, divisor in divisors.items()
        if divisor > 1
    ]
    return " and ".join(told)
