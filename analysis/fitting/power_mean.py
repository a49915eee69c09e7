"""How far costs overlap: the exponents p that are tried, and the prior of each.

1 is a sum, costs that follow one another: the rule on a processor. The larger p, the nearer the law
is to the largest of its terms. Few values are tried first, then more around the best: with p known
to a third only, a law that fits well is not among those tried.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..expressions import Array

#: Values that are tried first.
FIRST = (1.0, 1.5, 2.0, 3.0, 5.0, 8.0)
#: How often the gap between the best and its neighbours is then halved.
HALVINGS = 2

_SUM = 0.6  # prior of p = 1; the rest is uniform over log p
_ENDS = (1.05, 10.0)


def halved(tried: Sequence[float], best: float) -> list[float]:
    """Values halfway between the best of those tried and its neighbours, by ratio.

    >>> halved([1.0, 2.0, 8.0], 2.0)
    [1.4142135623730951, 4.0]
    """
    ordered = sorted(tried)
    at = ordered.index(best)
    return [math.sqrt(best * other) for other in (*ordered[:at][-1:], *ordered[at + 1 :][:1])]


def priors(tried: Sequence[float]) -> Array:
    """Prior probability of each of these values, 1 among them; they add up to 1."""
    values = np.array(tried)
    if len(values) == 1:
        return np.ones(1)
    found = np.full(len(values), _SUM)
    order = np.argsort(values)[1:]
    logs = np.log(values[order])
    edges = np.log([_ENDS[0], *np.exp((logs[1:] + logs[:-1]) / 2), _ENDS[1]])
    widths = np.maximum(np.diff(edges), 0.0)
    found[order] = (1 - _SUM) * widths / widths.sum()
    return found
