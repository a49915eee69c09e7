"""Exact laws of peaks: the largest of several polynomials.

What a pass holds at one of its moments is a polynomial in the sizes, and its peak is the largest
of these. Which moment that is depends on the sizes: attention's gradients hold most while those
of the n × n weights are made where n is large, and at the end where d is. And where a kernel
chooses its blocks by the size, the law is another one below some size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..expressions import Array, Leading, Monomial, columns
from .exact import ExactLaw, Polynomial, Since
from .interpolation import own_terms, solve, values_of

#: Points that each polynomial has to give beyond those that its coefficients take.
_SPARE = 2

#: Points for each coefficient that are left where others are given up. Along a single size none
#: are: a straight line through some of the rounded values in a row, picked to fit, proves little.
_MANY = 3

Chosen = NDArray[np.bool_]


def peak_law(axes: Sequence[str], sizes: Array, values: Array, theory: Leading) -> ExactLaw | None:
    """Find the polynomials of which the largest gives every value, from some size on.

    Parameters
    ----------
    axes
        The sizes that vary.
    sizes, values
        (points, axes) and (points,), positive.
    theory
        Leading part, whose terms and divisors are those of the polynomials.

    Returns
    -------
    The law, with the polynomial of most points first; of as many points as possible, where small
    sizes of one axis have to be left out. None where a value is not whole or there is no such law.
    """
    if (values != np.round(values)).any():
        return None
    terms = own_terms(theory)
    for kept, since in _cuts(axes, sizes):
        if since is not None and (len(axes) < 2 or kept.sum() < _MANY * len(terms)):
            break
        if phases := _phases(terms, sizes[kept], values[kept]):
            return ExactLaw.of(tuple(axes), phases, sizes[kept], values[kept], since)
    return None


def _cuts(axes: Sequence[str], sizes: Array) -> Iterator[tuple[Chosen, Since | None]]:
    """All points, then those from a size of an axis on, with most points first."""
    yield np.ones(len(sizes), dtype=bool), None
    cuts = [
        (sizes[:, at] >= size, axis, float(size))
        for at, axis in enumerate(axes)
        for size in np.unique(sizes[:, at])[1:]
    ]
    for kept, axis, size in sorted(cuts, key=lambda cut: -int(cut[0].sum())):
        yield kept, Since(axis, size, int((~kept).sum()))


def _phases(terms: Sequence[Monomial], sizes: Array, values: Array) -> list[Polynomial] | None:
    """Polynomials of which the largest is each value, that of most points first."""
    found: list[Polynomial] = []
    left = np.ones(len(values), dtype=bool)
    while left.any():
        known: dict[Polynomial, Chosen] = {}
        for each in _candidates(terms, sizes[left], values[left]):
            if each not in known:
                given = np.array(values_of(each, sizes))
                if (given <= values).all():
                    known[each] = (given == values) & left
        best = max(known, key=lambda each: int(known[each].sum()), default=None)
        if best is None or known[best].sum() < len(terms) + _SPARE:
            return None
        found.append(best)
        left &= ~known[best]
    return found


def _candidates(terms: Sequence[Monomial], sizes: Array, values: Array) -> Iterator[Polynomial]:
    """Polynomials that give a point and its neighbours, of which there are just enough to tell."""
    logs, table = np.log(sizes), columns(terms, sizes)
    table = table / table.max(axis=0)
    for point in logs:
        near = np.argsort(((logs - point) ** 2).sum(axis=1), kind="stable")
        for count in range(len(terms) + 1, min(2 * len(terms), len(near)) + 1):
            here = near[:count]
            # In floating point first: most points near a change follow no single polynomial.
            guess, _, rank, _ = np.linalg.lstsq(table[here], values[here], rcond=None)
            if rank < len(terms):
                continue
            single = np.allclose(table[here] @ guess, values[here], rtol=1e-9)
            exact = solve(terms, sizes[here], values[here]) if single else None
            # Tensors take whole numbers of bytes for each size and each product of sizes.
            if exact is not None and all(c.denominator == 1 for c, _ in exact):
                yield exact
            break
