"""Holdout errors: leave out the largest points, fit the rest, and compare the predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..expressions import FLOOR
from ..laws import FittedLaw
from .law_fitting import refit

#: Factors of extrapolation: cost of the largest point over that of the largest fitted one.
FACTORS = (2, 4)
_FEWEST = 4  # held-out points below which no error is computed


@dataclass(frozen=True)
class HoldoutError:
    """The error of a law at points that it was not fitted to.

    Attributes
    ----------
    factor
        Least ratio of the largest leading part of all points to that of any fitted point.
    points
        Number of held-out points.
    error
        Median of |predicted − measured| / measured.
    """

    factor: float
    points: int
    error: float


def holdout_errors(law: FittedLaw, *, overlap: bool = False) -> list[HoldoutError]:
    """Hold out the points of largest cost, fit the rest, and predict them.

    At factor 2 the points whose leading part is at least half of the largest are held out, at 4
    those with at least a quarter. A factor is skipped where that is fewer than four points, or
    where the rest is too few for the law.
    """
    cost = law.leading.column(law.sizes)
    found = []
    for factor in FACTORS:
        out = cost >= cost.max() / factor * (1 - FLOOR)
        varies = all(len(np.unique(column)) > 2 for column in law.sizes[~out].T)
        if out.sum() < _FEWEST or not varies:
            continue
        rest = refit(law, ~out, overlap=overlap)
        if rest.residual_df < 1:
            continue
        error = np.abs(rest.predict(law.sizes[out]) / law.values[out] - 1)
        found.append(HoldoutError(float(factor), int(out.sum()), float(np.median(error))))
    return found
