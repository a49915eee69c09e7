"""Which points of a large table are fitted: the work grows with the square of their number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..expressions import Array

#: Most points of one law, and most sizes on an axis, at each of which a regime may begin. A fit to
#: 1,000 points takes minutes and 3 GB, and says no more of exponents.
MOST_POINTS, MOST_SIZES = 600, 100

_FEWEST = 4  # sizes of an axis
_STEP = 0.9  # by which the number of sizes is lowered
_SPARSE = 0.25  # share of the most points below which a grid is not one


def evenly_spread(
    sizes: Array, most: int = MOST_POINTS, most_sizes: int = MOST_SIZES
) -> NDArray[np.intp]:
    """Select points that are spread evenly over the logarithms of the sizes.

    On a grid those are kept whose sizes are evenly spaced along each axis, so that points remain
    that differ in one size only. Of scattered points, each next one is the farthest from those
    that were selected (Gonzalez 1985).

    Parameters
    ----------
    sizes
        (points, axes), positive.
    most
        Largest number of points.
    most_sizes
        Largest number of sizes on an axis.

    Returns
    -------
    Their indices, in order: all, if they are no more.

    Examples
    --------
    >>> evenly_spread(np.array([[1.0], [2.0], [3.0], [4.0], [8.0], [15.0], [16.0]]), 5)
    array([0, 1, 3, 4, 6])
    """
    counts = [len(np.unique(axis)) for axis in sizes.T]
    if len(sizes) <= most and max(counts) <= most_sizes:
        return np.arange(len(sizes))
    logs = np.log2(sizes)
    few = min(most, most_sizes)
    count = float(few)
    while count >= _FEWEST:
        kept = np.flatnonzero(np.all([_on_grid(axis, int(count)) for axis in logs.T], axis=0))
        if len(kept) <= most:
            return kept if len(kept) >= _SPARSE * few else _farthest(logs, few)
        count *= _STEP
    return _farthest(logs, few)


def _on_grid(logs: Array, count: int) -> NDArray[np.bool_]:
    """Whether each value is the nearest to one of `count` evenly spaced ones."""
    values = np.unique(logs)
    wanted = np.linspace(values[0], values[-1], count)
    after = np.searchsorted(values, wanted).clip(1, max(len(values) - 1, 1))
    before = after - 1
    after = after.clip(max=len(values) - 1)
    nearer = np.where(wanted - values[before] <= values[after] - wanted, before, after)
    return np.isin(logs, values[nearer])


def _farthest(logs: Array, most: int) -> NDArray[np.intp]:
    selected = [int(logs.sum(axis=1).argmin())]
    distance = np.full(len(logs), np.inf)
    for _ in range(min(most, len(logs)) - 1):
        distance = np.minimum(distance, ((logs - logs[selected[-1]]) ** 2).sum(axis=1))
        selected.append(int(distance.argmax()))
    return np.unique(selected)
