"""The overlap exponents p of the power mean that are fitted, and their priors.

p = 1 is a sum, costs that follow one another: the rule on a processor. The larger p, the nearer the
law is to the largest of its terms. A few values are fitted first, then more around the best: a grid
in steps of a third would miss the laws that fit well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..expressions import Array

#: Values that are fitted first.
FIRST_EXPONENTS = (1.0, 1.5, 2.0, 3.0, 5.0, 8.0)
#: How often the gaps between the best value and its neighbours are then halved.
HALVINGS = 2

_SUM = 0.6  # prior of p = 1; the rest is uniform over log p
_ENDS = (1.05, 10.0)  # range of the uniform prior


def halfway_exponents(fitted: Sequence[float], best: float) -> list[float]:
    """Return the geometric means of the best fitted value and its neighbours.

    >>> halfway_exponents([1.0, 2.0, 8.0], 2.0)
    [1.4142135623730951, 4.0]
    """
    ordered = sorted(fitted)
    at = ordered.index(best)
    return [math.sqrt(best * other) for other in (*ordered[:at][-1:], *ordered[at + 1 :][:1])]


def priors(fitted: Sequence[float]) -> Array:
    """Compute the prior probability of each value, of which 1 is one; they add up to 1."""
    values = np.array(fitted)
    if len(values) == 1:
        return np.ones(1)
    probabilities = np.full(len(values), _SUM)
    order = np.argsort(values)[1:]
    logs = np.log(values[order])
    edges = np.log([_ENDS[0], *np.exp((logs[1:] + logs[:-1]) / 2), _ENDS[1]])
    widths = np.maximum(np.diff(edges), 0.0)
    probabilities[order] = (1 - _SUM) * widths / widths.sum()
    return probabilities
