"""Slope breaks: sizes from which the leading part grows with another exponent, without a step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..expressions import Array

_FEWEST = 4  # points on either side


@dataclass(frozen=True)
class SlopeBreak:
    """A size from which on the leading part grows otherwise, without a step.

    Attributes
    ----------
    axis
        Which size.
    place
        Where.
    low, high
        The sizes between which it lies.
    beyond
        Whether the law's own exponents are those up to it; else those beyond. They are those of
        the side that has more points.
    """

    axis: int
    place: float
    low: float
    high: float
    beyond: bool

    def size(self, sizes: Array) -> Array:
        """Give what the leading part grows with on the other side alone, (points,): 1 on this one.

        As one more size besides `sizes` (points, axes), its exponent is by how much that of the
        axis differs there.
        """
        reached = sizes[:, self.axis] / self.place
        return np.asarray(np.maximum(reached, 1) if self.beyond else np.minimum(reached, 1))


def candidate_slope_breaks(sizes: Array) -> list[SlopeBreak]:
    """List where the slope may break: at a size, or halfway between two.

    Two sizes and four points or more lie on either side.
    """
    found = []
    for axis, column in enumerate(sizes.T):
        levels = np.unique(column)
        between = np.sqrt(levels[1:] * levels[:-1])
        for place in sorted([*levels[2:-2], *between[1:-1]]):
            below, above = levels[levels < place], levels[levels > place]
            points = np.count_nonzero(column < place), np.count_nonzero(column > place)
            if min(points) >= _FEWEST:
                beyond = bool(points[0] >= points[1])
                found.append(
                    SlopeBreak(axis, float(place), float(below[-1]), float(above[0]), beyond)
                )
    return found
