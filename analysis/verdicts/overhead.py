"""Overhead: up to which size lower-order terms take most of the time, and what to measure then."""

from __future__ import annotations

import numpy as np

from ..expressions import Array
from ..laws import FittedLaw

#: Overhead above this share of the time hides the leading term.
MOSTLY = 0.5


def overhead_by_size(law: FittedLaw, axis: str) -> Array:
    """Compute the mean share of the lower-order terms at each size of an axis."""
    column, overhead = law.sizes[:, law.axes.index(axis)], law.overhead()
    return np.array([overhead[column == size].mean() for size in levels(law, axis)])


def overhead_in_words(law: FittedLaw, axis: str) -> str:
    """Say up to which size the lower-order terms take most of the time, and what to measure."""
    axis = _remedy(law, axis)
    sizes, by_size = levels(law, axis), overhead_by_size(law, axis)
    hidden = np.flatnonzero(by_size > MOSTLY)
    last = sizes[hidden[-1]] if len(hidden) else sizes[-1]
    share = law.overhead()[law.sizes[:, law.axes.index(axis)] <= last].mean()
    return (
        f"the overhead takes {share:.0%} of the time up to {axis} = {last:g}: measure larger {axis}"
    )


def _remedy(law: FittedLaw, axis: str) -> str:
    """Choose the axis along which overhead falls: the exponent's, or one where it falls far more.

    A recurrent layer has overhead in each step, so a longer sequence does not reduce its share.
    """
    now = law.overhead().mean()
    falls = {}
    for at, each in enumerate(law.axes):
        doubled = law.sizes.copy()
        doubled[:, at] *= 2
        falls[each] = now - law.overhead(doubled).mean()
    best = max(falls, key=lambda each: falls[each])
    return axis if falls[axis] >= falls[best] / 2 else best


def levels(law: FittedLaw, axis: str) -> Array:
    """List the sizes of an axis."""
    return np.unique(law.sizes[:, law.axes.index(axis)])
