"""Functions of one size with whole values: the factors that formulas of counts are made of.

A stride, a pool or a chunk of q gives counts in ⌈n/q⌉ or ⌊n/q⌋, a transform in ⌈log₂ n⌉, blocks
of √n positions in ⌊√n⌋ and ⌈n/⌊√n⌋⌉. Counts with strides and chunks are quasi-polynomials (Ehrhart
1962): polynomials whose coefficients depend on the remainder of the size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement
from math import isqrt

import sympy
from sympy import Expr, Integer, Rational, Symbol


@dataclass(frozen=True)
class SizeFunction:
    """A function of one size.

    Parameters
    ----------
    expression
        The function, in the symbol of the size.
    of
        Evaluates it exactly at a whole number.

    Examples
    --------
    >>> from layerlaw.layers import n
    >>> half = step(n, 2, 1)
    >>> half.expression, half.of(15), (half * half).of(15)
    (ceiling(n/2), 8, 64)
    """

    expression: Expr
    of: Callable[[int], int]

    def __mul__(self, other: SizeFunction) -> SizeFunction:
        """Return the product of two functions."""
        return SizeFunction(
            self.expression * other.expression, lambda size: self.of(size) * other.of(size)
        )


#: A set of functions whose linear combinations are tried together, the constant first.
Family = Sequence[SizeFunction]

ONE = SizeFunction(Integer(1), lambda _: 1)


def identity(x: Symbol) -> SizeFunction:
    """Return the size itself."""
    return SizeFunction(x, lambda size: size)


def step(x: Symbol, q: int, offset: int) -> SizeFunction:
    """Return ⌊(x + offset)/q⌋, written as ⌈x/q⌉ for the offset q − 1; 0 ≤ offset < q."""
    if 2 * offset < q:
        expression = sympy.floor((x + offset) / q)
    else:
        expression = sympy.ceiling((x - (q - 1 - offset)) / q)
    return SizeFunction(expression, lambda size: (size + offset) // q)


def steps_in(expression: Expr, x: Symbol) -> list[tuple[int, int]]:
    """List the divisors and offsets of the steps of a size in a formula.

    Examples
    --------
    >>> from layerlaw.layers import d, n
    >>> steps_in(d * sympy.ceiling(n / 32) + sympy.floor((n + 1) / 2), n)
    [(2, 1), (32, 31)]
    """
    found = set()
    for rounded in expression.atoms(sympy.floor, sympy.ceiling):
        slope = rounded.args[0].coeff(x)
        rest = sympy.expand(rounded.args[0] - slope * x)
        if not (slope.is_Rational and slope.p == 1 and slope.q > 1 and rest.is_Rational):
            continue
        offset = rest * slope.q + (slope.q - 1 if isinstance(rounded, sympy.ceiling) else 0)
        if offset.is_Integer:
            found.add((int(slope.q), int(offset) % int(slope.q)))
    return sorted(found)


def remainder(x: Symbol, q: int) -> SizeFunction:
    """Return x mod q, written as x − q·⌊x/q⌋: the length of a last chunk."""
    return SizeFunction(x - q * sympy.floor(x / q), lambda size: size % q)


def logarithms(x: Symbol) -> tuple[SizeFunction, SizeFunction]:
    """Return ⌈log₂ x⌉ and ⌊log₂ x⌋."""
    return (
        SizeFunction(sympy.ceiling(sympy.log(x, 2)), lambda size: (size - 1).bit_length()),
        SizeFunction(sympy.floor(sympy.log(x, 2)), lambda size: size.bit_length() - 1),
    )


def next_power(x: Symbol) -> SizeFunction:
    """Return the least power of 2 that is not below x: the length of a padded transform."""
    return SizeFunction(
        2 ** sympy.ceiling(sympy.log(x, 2)), lambda size: 1 << (size - 1).bit_length()
    )


def roots(x: Symbol) -> Iterator[SizeFunction]:
    """Yield √x rounded down, up, and to the nearest whole number."""
    root = sympy.sqrt(x)
    yield SizeFunction(sympy.floor(root), isqrt)
    yield SizeFunction(sympy.ceiling(root), lambda size: isqrt(size - 1) + 1)
    yield SizeFunction(sympy.floor(root + Rational(1, 2)), lambda size: (isqrt(4 * size) + 1) // 2)


def quotients(x: Symbol, part: SizeFunction) -> Iterator[SizeFunction]:
    """Yield the number of parts of a size, rounded up and down."""
    ratio = x / part.expression
    yield SizeFunction(sympy.ceiling(ratio), lambda size: -(-size // part.of(size)))
    yield SizeFunction(sympy.floor(ratio), lambda size: size // part.of(size))


def products(functions: Sequence[SizeFunction], degree: int) -> list[SizeFunction]:
    """List the products of at most `degree` functions, the constant first."""
    made = []
    for count in range(degree + 1):
        for chosen in combinations_with_replacement(functions, count):
            product = ONE
            for one in chosen:
                product = one if product is ONE else product * one
            made.append(product)
    return made


def smooth_families(x: Symbol) -> Iterator[Family]:
    """Yield families without divisors: polynomials, logarithms, powers of 2."""
    size = identity(x)
    for degree in range(1, 5):
        yield products([size], degree)
    for log in logarithms(x):
        yield products([log], 2)
        yield products([log, size], 3)
    for log in logarithms(x):
        yield products([next_power(x), log], 2)
        yield products([next_power(x), log, size], 3)


def step_families(x: Symbol, steps: Sequence[tuple[int, int]]) -> Iterator[Family]:
    """Yield families with steps (divisor, offset), those of fewest functions first."""
    size = identity(x)
    made = [step(x, q, offset) for q, offset in steps]
    for one in made:
        yield products([one], 3)
    for one in made:
        yield [ONE, one, size]
    few = made[:_PAIRED]
    for pair in combinations(few, 2):
        yield [ONE, *pair]
    for pair in combinations(few, 2):
        yield [ONE, *pair, size]
    for q in dict.fromkeys(q for q, _ in steps if q >= _LEAST_CHUNK):
        whole, rest = step(x, q, 0), remainder(x, q)
        yield [ONE, whole, rest * rest, size]
        yield [ONE, whole, rest * rest, size, step(x, q, q - 1)]
    for one in made:
        yield products([one, size], 2)
    for pair in combinations(few, 2):
        yield products(pair, 2)
    for pair in combinations(few, 2):
        yield products([*pair, size], 2)


#: Steps of which every pair is tried.
_PAIRED = 24

#: Least length of chunks whose last one is looked for by the remainder: any function of a few
#: remainders is a polynomial in them, so that sums of steps are simpler there.
_LEAST_CHUNK = 5


def root_families(x: Symbol) -> Iterator[Family]:
    """Yield families with √x: blocks of about √x positions, and their number."""
    size = identity(x)
    for root in roots(x):
        yield products([root], 3)
        yield products([root, size], 3)
        for count in quotients(x, root):
            yield products([root, count], 3)
            yield products([root, count, size], 3)
