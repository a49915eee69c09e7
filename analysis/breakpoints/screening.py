"""What a change of regime promises before it is fitted: of thousands only a few are."""

from __future__ import annotations

import numpy as np

from ..expressions import FLOOR, Array
from ..regression import Solution, VariableProjection

#: How likely it is beforehand that a layer's points lie in two regimes, against one. It is shared
#: out among all candidates, so that their number is paid for.
BREAKPOINT_ODDS = 0.3 / 0.7

#: In log likelihood: so much less than the best of them, or than no change, promises nothing.
NEGLIGIBLE_GAIN = 6.0

_SPARE = 12  # points beyond a law's free numbers, below which no change is looked for


def enough_points(problem: VariableProjection, best: Solution) -> bool:
    """Whether there are points to spare for a change of regime."""
    return _residual_df(problem, best) >= _SPARE


def likelihood_gain(problem: VariableProjection, best: Solution, gains: Array) -> Array:
    """Log likelihood that squared errors taken away are worth."""
    left = np.maximum(1 - gains / (best.sse + problem.points * FLOOR**2), FLOOR**2)
    return np.asarray(-_residual_df(problem, best) / 2 * np.log(left))


def _residual_df(problem: VariableProjection, best: Solution) -> int:
    return int(problem.points - best.active - problem.axes)
