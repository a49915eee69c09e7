"""How well a law predicts: the largest sizes left out, predicted from the rest, and compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..expressions import FLOOR
from ..laws import FittedLaw
from .law_fitting import refit

#: How many times beyond the points that are kept the law is tried.
FACTORS = (2, 4)
_FEWEST = 4  # points left out, below which nothing is said


@dataclass(frozen=True)
class HoldoutError:
    """What a law says of points that it has not seen.

    Attributes
    ----------
    factor
        How many times beyond the kept points' largest cost, by the leading part, the others
        reach, or more.
    points
        Points left out.
    error
        Median of |predicted − measured| / measured.
    """

    factor: float
    points: int
    error: float


def holdout_errors(law: FittedLaw, *, overlap: bool = False) -> list[HoldoutError]:
    """Leave out the points of largest cost, fit the rest, and predict them.

    At factor 2 those are left out whose leading part is half of the largest or more, at 4 a
    quarter. A factor is passed over where that is fewer than four points, or where the rest is
    too few for the law.
    """
    cost = law.leading.column(law.sizes)
    found = []
    for factor in FACTORS:
        out = cost >= cost.max() / factor * (1 - FLOOR)
        kept = ~out
        varies = all(len(np.unique(column)) > 2 for column in law.sizes[kept].T)
        if out.sum() < _FEWEST or not varies:
            continue
        rest = refit(law, kept, overlap=overlap)
        if rest.residual_df < 1:
            continue
        error = np.abs(rest.predict(law.sizes[out]) / law.values[out] - 1)
        found.append(HoldoutError(float(factor), int(out.sum()), float(np.median(error))))
    return found
