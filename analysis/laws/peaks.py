"""Exact laws of peaks: the largest of several polynomials.

The memory that a pass holds at one moment is a polynomial in the sizes, and its peak is the largest
of these. Which moment that is depends on the sizes: attention's backward pass holds most while it
computes the gradients of the n × n weights if n is large, and at its end if d is. Where a kernel
chooses its blocks by the size, another law holds below some size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..expressions import Array, Leading, Monomial, columns
from .exact import ExactLaw, Polynomial, ValidFrom
from .interpolation import solve_coefficients, theory_terms, values_of

#: Points that each polynomial has to give exactly beyond its number of coefficients.
_SPARE = 2

#: Points per coefficient that must remain where small sizes are left out. Along a single size none
#: are left out: a straight line through a run of rounded values, picked to fit, proves little.
_MANY = 3

Mask = NDArray[np.bool_]


def peak_law(axes: Sequence[str], sizes: Array, values: Array, theory: Leading) -> ExactLaw | None:
    """Find polynomials whose largest gives every value at and above some size.

    Parameters
    ----------
    axes
        The sizes that vary.
    sizes, values
        (points, axes) and (points,), positive.
    theory
        Leading part; the polynomials consist of its terms and their divisors.

    Returns
    -------
    The law, the polynomial that gives most points first. Where small sizes of one axis have to be
    left out, as few points as possible are. None where a value is not whole or no law is found.
    """
    if (values != np.round(values)).any():
        return None
    terms = theory_terms(theory)
    for above, valid_from in _cuts(axes, sizes):
        if valid_from is not None and (len(axes) < 2 or above.sum() < _MANY * len(terms)):
            break
        if phases := _phases(terms, sizes[above], values[above]):
            return ExactLaw.of(tuple(axes), phases, sizes[above], values[above], valid_from)
    return None


def _cuts(axes: Sequence[str], sizes: Array) -> Iterator[tuple[Mask, ValidFrom | None]]:
    """Yield all points, then the points at and above each size of an axis, most points first."""
    yield np.ones(len(sizes), dtype=bool), None
    cuts = [
        (sizes[:, at] >= size, axis, float(size))
        for at, axis in enumerate(axes)
        for size in np.unique(sizes[:, at])[1:]
    ]
    for above, axis, size in sorted(cuts, key=lambda cut: -int(cut[0].sum())):
        yield above, ValidFrom(axis, size, int((~above).sum()))


def _phases(terms: Sequence[Monomial], sizes: Array, values: Array) -> list[Polynomial] | None:
    """Find polynomials whose largest is each value, the one that gives most points first."""
    found: list[Polynomial] = []
    left = np.ones(len(values), dtype=bool)
    while left.any():
        hits: dict[Polynomial, Mask] = {}  # which remaining points each gives
        for each in _candidates(terms, sizes[left], values[left]):
            if each not in hits:
                exact = np.array(values_of(each, sizes))
                if (exact <= values).all():
                    hits[each] = (exact == values) & left
        best = max(hits, key=lambda each: int(hits[each].sum()), default=None)
        if best is None or hits[best].sum() < len(terms) + _SPARE:
            return None
        found.append(best)
        left &= ~hits[best]
    return found


def _candidates(terms: Sequence[Monomial], sizes: Array, values: Array) -> Iterator[Polynomial]:
    """Yield polynomials that give a point and just enough of its neighbours to determine them."""
    logs, table = np.log(sizes), columns(terms, sizes)
    table = table / table.max(axis=0)
    for point in logs:
        near = np.argsort(((logs - point) ** 2).sum(axis=1), kind="stable")
        for count in range(len(terms) + 1, min(2 * len(terms), len(near)) + 1):
            here = near[:count]
            # In floating point first: near a change of phase most points follow no one polynomial.
            guess, _, rank, _ = np.linalg.lstsq(table[here], values[here], rcond=None)
            if rank < len(terms):
                continue
            single = np.allclose(table[here] @ guess, values[here], rtol=1e-9)
            exact = solve_coefficients(terms, sizes[here], values[here]) if single else None
            # Tensors take whole numbers of bytes for each size and each product of sizes.
            if exact is not None and all(c.denominator == 1 for c, _ in exact):
                yield exact
            break
