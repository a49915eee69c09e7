"""Exact formulas that are polynomials in the sizes, in ⌈log₂ n⌉, or in quotients of sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import sympy
from sympy import Expr, Symbol

from ..analysis import Array, Monomial, Polynomial, monomials_of, polynomials, solve_coefficients
from ..layers import LEVELS, SYMBOLS, subs
from .counting import NotExact, Sizes


def solve_formula(
    what: str, axes: Sequence[str], points: Sequence[Sizes], values: Sequence[Expr | int | None]
) -> Expr:
    """Find the first formula of `_bases` that gives all values."""
    if not any(values):
        return sympy.Integer(0)
    sizes = np.array([[point[axis] for axis in axes] for point in points], dtype=float)
    if all(value.is_finite for value in map(sympy.sympify, values)):
        numbers = np.array(values, dtype=float)
        for symbols, columns, terms in _bases(axes, sizes):
            if len(terms) < len(numbers) and (found := solve_coefficients(terms, columns, numbers)):
                return polynomial_expression(found, symbols)
    raise NotExact(f"{what}: no formula gives all values exactly; at {points[-1]}: {values[-1]}")


def _bases(
    axes: Sequence[str], sizes: Array
) -> Iterator[tuple[Sequence[Expr], Array, Sequence[Monomial]]]:
    """Yield the bases of formulas, simplest first: symbols, their values, and terms.

    They are polynomials in the sizes; in ⌈log₂ n⌉ in place of n; in both; and with quotients by
    sizes other than n and d, such as the number n/c of chunks.
    """
    symbols: list[Expr] = [SYMBOLS.get(axis, Symbol(axis, positive=True)) for axis in axes]
    for terms in polynomials(len(axes)):
        yield symbols, sizes, terms
    degrees = [range(2) if axis == "n" else range(3) for axis in axes]
    if "n" in axes:
        at = list(axes).index("n")
        stages, staged = np.ceil(np.log2(sizes[:, at])), sizes.copy()
        staged[:, at] = stages
        others = [LEVELS if axis == "n" else s for axis, s in zip(axes, symbols, strict=True)]
        for terms in polynomials(len(axes)):
            yield others, staged, terms
        yield (
            [*symbols, LEVELS],
            np.column_stack([sizes, stages]),
            monomials_of([*degrees, range(2)]),
        )
    quotients = [
        each if axis in ("n", "d") else range(-1, 3)
        for axis, each in zip(axes, degrees, strict=True)
    ]
    yield symbols, sizes, monomials_of(quotients)


def verify(
    what: str, expression: Expr, points: Sequence[Sizes], values: Sequence[Expr | int | None]
) -> None:
    """Verify a formula against values at points.

    Raises
    ------
    NotExact
        If there are no points, or the formula gives another value at one.
    """
    if not points:
        raise NotExact(f"{what}: there are no sizes to verify {expression} at")
    for sizes, value in zip(points, values, strict=True):
        if (predicted := subs(expression, sizes)) != value:
            raise NotExact(f"{what}: {expression} gives {predicted} at {dict(sizes)}, not {value}")


def polynomial_expression(polynomial: Polynomial, symbols: Sequence[Expr]) -> Expr:
    """Convert a polynomial to a SymPy expression in these symbols."""
    return sympy.Add(
        *(
            sympy.Rational(c.numerator, c.denominator)
            * sympy.Mul(*(s ** int(p) for s, p in zip(symbols, term.powers, strict=True)))
            for c, term in polynomial
        )
    )
