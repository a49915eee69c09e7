"""Slope breaks: sizes at which the leading part's exponent changes, without a step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..expressions import Array

_FEWEST = 4  # points on either side


@dataclass(frozen=True)
class SlopeBreak:
    """A size at which the leading part's exponent changes, without a step.

    Attributes
    ----------
    axis
        Index of the axis.
    place
        The size at which it lies.
    low, high
        The measured sizes between which it lies.
    beyond
        Whether the changed exponent holds beyond it; else up to it. The law's own exponents are
        those of the side with more points.
    """

    axis: int
    place: float
    low: float
    high: float
    beyond: bool

    def size(self, sizes: Array) -> Array:
        """Return size/place on the side of the changed exponent, 1 on the other: (points,).

        Fitted as one more size besides `sizes` (points, axes), its exponent is the change of the
        axis' exponent.
        """
        ratio = sizes[:, self.axis] / self.place
        return np.asarray(np.maximum(ratio, 1) if self.beyond else np.minimum(ratio, 1))


def candidate_slope_breaks(sizes: Array) -> list[SlopeBreak]:
    """List where the slope may break: at a size, or at the geometric mean of two.

    At least two sizes and four points lie on either side.
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
