"""Exact interpolation: find the polynomial in the sizes that gives every count without error.

FLOPs, parameters, bytes and sequential operations are counted, not timed. Where a polynomial
gives every value exactly, nothing needs estimating: its coefficients solve linear equations in
rational numbers, and its degrees are whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
from sympy import QQ
from sympy.polys.matrices import DomainMatrix

from ..expressions import Array, Leading, Monomial, monomials
from .exact import ExactLaw, Polynomial

_HIGHEST = 4  # degree in each size, where theory's own terms do not suffice
_LARGEST = 2.0**53  # a float represents every whole number up to here


def exact_law(
    axes: Sequence[str], sizes: Array, values: Array, theory: Leading | None = None
) -> ExactLaw | None:
    """Find the polynomial that the values follow exactly.

    Parameters
    ----------
    axes
        The sizes that vary.
    sizes, values
        (points, axes) and (points,), positive.
    theory
        Leading part whose terms and divisors are tried first.

    Returns
    -------
    The law; None where a value or a size is not whole, where no polynomial of degrees up to 4
    gives all values, or where the points are too few to rule out mere interpolation.

    Examples
    --------
    >>> import numpy as np
    >>> sizes = np.array([[n, d] for n in (2, 3, 5, 8) for d in (2, 4, 6)])
    >>> exact_law(["n", "d"], sizes, 4 * sizes[:, 0] * sizes[:, 1] ** 2 + sizes[:, 0]).expression
    'n + 4*n*d**2'
    """
    if not _are_whole(sizes, values):
        return None
    for terms in _candidates(len(axes), theory):
        if len(terms) < len(values) and (found := solve_coefficients(terms, sizes, values)):
            if not _is_determined(found, sizes):
                return None
            return ExactLaw.of(tuple(axes), [found], sizes, values)
    return None


def law_with_terms(
    axes: Sequence[str],
    sizes: Array,
    values: Array,
    terms: Sequence[Monomial],
    theory: Leading,
) -> ExactLaw | None:
    """Find the exact law that consists of given terms, such as n/c; None where none fits.

    Theory says which terms lead: where a size is a divisor, degrees cannot decide it.
    """
    if not _are_whole(sizes, values) or len(terms) >= len(values):
        return None
    leads = {term for _, term in theory.terms}
    found = solve_coefficients(terms, sizes, values)
    if not found or not leads <= {term for _, term in found}:
        return None
    return ExactLaw.of(tuple(axes), [found], sizes, values, leads=leads)


def _are_whole(sizes: Array, values: Array) -> bool:
    """Whether all sizes and values are whole numbers that a float represents exactly."""
    numbers = np.column_stack([sizes, values])
    return bool((numbers == np.round(numbers)).all() and numbers.max() <= _LARGEST)


def _is_determined(polynomial: Polynomial, sizes: Array) -> bool:
    """Whether the points determine a polynomial, rather than being merely interpolated by it.

    A polynomial of degree q in a size passes through any q + 1 values of it; its coefficients are
    then fractions, unless it is the true law. `sizes` are (points, axes).
    """
    if all(c.denominator == 1 for c, _ in polynomial):
        return True
    values = [len(np.unique(column)) for column in sizes.T]
    return all(
        power <= count - 2
        for _, term in polynomial
        for power, count in zip(term.powers, values, strict=True)
    )


def _candidates(axes: int, theory: Leading | None) -> Iterator[Sequence[Monomial]]:
    """Yield theory's terms with their divisors, then all terms up to each degree, lowest first."""
    if theory is not None:
        yield theory_terms(theory)
    yield from polynomials(axes)


def polynomials(axes: int) -> Iterator[Sequence[Monomial]]:
    """Yield the terms of polynomials up to each degree in every size, lowest first."""
    for highest in range(1, _HIGHEST + 1):
        yield monomials(axes, highest)


def theory_terms(theory: Leading) -> list[Monomial]:
    """Return theory's terms and their divisors that a polynomial can have."""
    own = (*theory.divisors(), *(term for _, term in theory.terms))
    return [term for term in own if is_rational(term)]


def is_rational(term: Monomial) -> bool:
    """Whether a term is rational at whole sizes: it has whole degrees and no logarithms."""
    return not any(term.logs) and not np.mod(term.powers, 1).any()


def solve_coefficients(terms: Sequence[Monomial], sizes: Array, values: Array) -> Polynomial | None:
    """Solve for the terms' coefficients; None where none, or more than one set, gives all values.

    Terms with a coefficient of 0 are left out.
    """
    rows = [
        [QQ(_power(point, term)) for term in terms] + [QQ(int(value))]
        for point, value in zip(sizes, values, strict=True)
    ]
    reduced, pivots = DomainMatrix(rows, (len(rows), len(terms) + 1), QQ).rref()
    if pivots != tuple(range(len(terms))):
        return None
    solution = reduced.to_list()
    coefficients = [Fraction(str(solution[at][-1])) for at in range(len(terms))]
    return tuple((c, term) for c, term in zip(coefficients, terms, strict=True) if c)


def values_of(polynomial: Polynomial, sizes: Array) -> list[Fraction]:
    """Evaluate a polynomial at sizes (points, axes) in rational numbers."""
    return [
        sum((c * _power(point, term) for c, term in polynomial), Fraction(0)) for point in sizes
    ]


def _power(point: Array, term: Monomial) -> Fraction:
    """Evaluate a monomial at a point as a rational number."""
    above = below = 1
    for size, power in zip(point, term.powers, strict=True):
        if power >= 0:
            above *= int(size) ** int(power)
        else:
            below *= int(size) ** int(-power)
    return Fraction(above, below)
