"""Outliers: points that lie far from the law of the other points, such as misprints.

Each point is left out in turn and the law fitted to the rest. The decrease of the squared error, in
units of the remaining variance, is the square of the externally studentised residual (Belsley,
Kuh & Welsch 1980): exactly for a linear law, to first order for ours. It allows for leverage: a
point at the end of a table is not compared with a prediction far beyond the others. Its two-sided
p-value by Student's distribution is multiplied by the number of points tested (Bonferroni).

Where a table has too few points to estimate the scale, that of the other tables of the same kind
is used, pooled by their residual degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import t as student

from ..expressions import FLOOR, Array
from ..fitting import refit
from ..laws import FittedLaw
from .fits import Fit

#: A point is an outlier if its corrected p-value is below this.
OUTLIER_LEVEL = 0.05

_FEWEST_DF = 2  # residual degrees of freedom, below which the scale is that of other tables
_FEWEST_REST = 3  # points, below which no law is fitted


@dataclass(frozen=True)
class DeletionResidual:
    """A point compared with the law of the others.

    Attributes
    ----------
    fit
        The fit that the point belongs to.
    index
        Index of the point.
    predicted
        Prediction of the law fitted without the point.
    studentised
        Its residual in units of the scale, reduced by the part that rounding may explain.
    scale
        The relative scale in use.
    residual_df
        Residual degrees of freedom of the scale.
    pooled
        Whether the scale is that of other tables.
    p_value
        p-value, corrected for the number of points tested.
    """

    fit: Fit
    index: int
    predicted: float
    studentised: float
    scale: float
    residual_df: int
    pooled: bool
    p_value: float

    @property
    def value(self) -> float:
        """The value as printed in the table."""
        return float(self.fit.series.values[self.index])

    @property
    def sizes(self) -> dict[str, float]:
        """The sizes of the point."""
        series = self.fit.series
        return dict(zip(series.axes, map(float, series.sizes[self.index]), strict=True))

    @property
    def is_outlier(self) -> bool:
        """Whether the point is an outlier."""
        return self.p_value < OUTLIER_LEVEL


def find_outliers(
    fits: Sequence[Fit], halves: Sequence[Array], groups: Sequence[int] | None = None
) -> list[DeletionResidual]:
    """Compare every point with the law of the other points of its table.

    Parameters
    ----------
    fits
        Fits; where a table has few points, others of the same group, metric and mode give the
        scale.
    halves
        For each fit, half a unit of the last printed digit of each point, (points,), in the
        metric's unit.
    groups
        For each fit, its group, such as its source; by default all are one group.

    Returns
    -------
    A result for each point that could be left out, the smallest p-value first. A point without
    which an axis would take a single value is not tested, nor are the points of an exact law.
    """
    pairs = [
        (fit, law, half, (group, fit.series.metric, fit.series.mode))
        for fit, half, group in zip(fits, halves, groups or [0] * len(fits), strict=True)
        if isinstance(law := fit.law, FittedLaw)
    ]
    found: list[DeletionResidual] = []
    for fit, law, half, kind in pairs:
        others = [other for its, other, _, own in pairs if its is not fit and own == kind]
        pool = _pool(others)
        found += [
            _deletion_residual(fit, law, rest, at, float(half[at]), pool)
            for at in range(len(law.values))
            if (rest := _without(law, at, timed=fit.series.timed)) is not None
        ]
    tested = len(found)
    corrected = [replace(one, p_value=min(one.p_value * tested, 1.0)) for one in found]
    return sorted(corrected, key=lambda one: (one.p_value, -abs(one.studentised)))


def _errors(law: FittedLaw, sizes: Array, values: Array) -> Array:
    """Compute log residuals, in which too large and too small by one factor are equal in size."""
    return np.asarray(np.log(values / law.predict(sizes)))


def _pool(laws: Sequence[FittedLaw]) -> tuple[float, int]:
    """Add up the squared errors and residual degrees of freedom of several laws."""
    usable = [law for law in laws if law.residual_df > 0]
    error = sum(float(np.sum(_errors(law, law.sizes, law.values) ** 2)) for law in usable)
    return error, sum(law.residual_df for law in usable)


def _without(law: FittedLaw, at: int, *, timed: bool) -> FittedLaw | None:
    """Fit the law without a point; None where too few points remain."""
    rest = np.arange(len(law.values)) != at
    sizes = law.sizes[rest]
    if rest.sum() < _FEWEST_REST or any(len(np.unique(column)) < 2 for column in sizes.T):
        return None
    return refit(law, rest, overlap=timed)


def _deletion_residual(
    fit: Fit, law: FittedLaw, rest: FittedLaw, at: int, half: float, pool: tuple[float, int]
) -> DeletionResidual:
    own = float(np.sum(_errors(rest, rest.sizes, rest.values) ** 2))
    decrease = max(float(np.sum(_errors(law, law.sizes, law.values) ** 2)) - own, 0.0)
    # A time's overlap is fitted too: without counting it, false alarms were twice as many.
    residual_df = rest.residual_df - fit.series.timed
    pooled = residual_df < _FEWEST_DF
    error, residual_df = pool if pooled else (own, residual_df)
    # Without a scale no point is an outlier.
    scale = float(np.sqrt(error / residual_df + FLOOR**2)) if residual_df > 0 else float("inf")
    (predicted,) = rest.predict(law.sizes[[at]])
    off = float(np.log(law.values[at] / predicted))
    # The last digit's rounding is subtracted from the residual, at most all of it.
    beyond = max(1 - half / law.values[at] / abs(off), 0.0) if off else 0.0
    studentised = float(np.sign(off) * np.sqrt(decrease) * beyond / scale)
    p_value = float(2 * student.sf(abs(studentised), max(residual_df, 1)))
    return DeletionResidual(
        fit, at, float(predicted), studentised, scale, residual_df, pooled, p_value
    )
