"""Points that look like misprints: far off a law that all other points of their table follow.

Each point is left out in turn and the law fitted to the rest. What the squared error falls by,
in units of the variance that is left, is the square of the externally studentised residual
(Belsley, Kuh & Welsch 1980): for a linear law exactly, for these to first order. It allows for
leverage: a point at the end of a table, which pulls the law towards itself, is not held against a
prediction far beyond the others. Its two-sided level by Student's distribution is multiplied by the
number of points that were looked at (Bonferroni).

A table of few points leaves nothing to estimate the scale by. There it is that of the other tables
of the same kind, pooled by their residual degrees of freedom.
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

#: A point is suspect where noise alone gives one like it, among all points, less often.
LEVEL = 0.05

_FEWEST_DF = 2  # residual degrees of freedom; below, the scale is that of other tables
_FEWEST_REST = 3  # points without which no law is fitted


@dataclass(frozen=True)
class DeletionResidual:
    """A point held against the law of the others.

    Attributes
    ----------
    fit
        The law that it belongs to.
    at
        Which of its points.
    predicted
        What the law that was fitted without it says there.
    studentised
        Its residual in units of the scale, brought nearer to 0 by what rounding may have done.
    scale
        The relative scale that it was divided by.
    residual_df
        Degrees of freedom of the scale.
    pooled
        Whether the scale is that of other tables.
    level
        Probability that noise alone gives one like it, adjusted for all points that were tested.
    """

    fit: Fit
    at: int
    predicted: float
    studentised: float
    scale: float
    residual_df: int
    pooled: bool
    level: float

    @property
    def value(self) -> float:
        """What was printed."""
        return float(self.fit.series.values[self.at])

    @property
    def sizes(self) -> dict[str, float]:
        """The sizes of the point."""
        series = self.fit.series
        return dict(zip(series.axes, map(float, series.sizes[self.at]), strict=True))

    @property
    def suspect(self) -> bool:
        """Whether it looks like a misprint."""
        return self.level < LEVEL


def find_outliers(
    fits: Sequence[Fit], halves: Sequence[Array], groups: Sequence[int] | None = None
) -> list[DeletionResidual]:
    """Hold every point against the law of the others of its table.

    Parameters
    ----------
    fits
        Laws; those of one group, metric and mode stand for one another where a table has few
        points.
    halves
        For each law, half of the last printed digit of each point, (points,), in the metric's
        unit.
    groups
        For each law, the group it belongs to, such as its source; all are one, by default.

    Returns
    -------
    A result for each point that could be left out, the least likely first. A point without which
    an axis would take a single value is not looked at, nor are those of a law that gives all
    values exactly.
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
    corrected = [replace(one, level=min(one.level * tested, 1.0)) for one in found]
    return sorted(corrected, key=lambda one: (one.level, -abs(one.studentised)))


def _errors(law: FittedLaw, sizes: Array, values: Array) -> Array:
    """Log residuals: a value too large by a factor counts as one too small by it does."""
    return np.asarray(np.log(values / law.predict(sizes)))


def _pool(laws: Sequence[FittedLaw]) -> tuple[float, int]:
    """Squared error and residual degrees of freedom of several laws together."""
    usable = [law for law in laws if law.residual_df > 0]
    error = sum(float(np.sum(_errors(law, law.sizes, law.values) ** 2)) for law in usable)
    return error, sum(law.residual_df for law in usable)


def _without(law: FittedLaw, at: int, *, timed: bool) -> FittedLaw | None:
    """Fit the law without a point; None where the rest is too few."""
    kept = np.arange(len(law.values)) != at
    sizes = law.sizes[kept]
    if kept.sum() < _FEWEST_REST or any(len(np.unique(column)) < 2 for column in sizes.T):
        return None
    return refit(law, kept, overlap=timed)


def _deletion_residual(
    fit: Fit, law: FittedLaw, rest: FittedLaw, at: int, half: float, pool: tuple[float, int]
) -> DeletionResidual:
    own = float(np.sum(_errors(rest, rest.sizes, rest.values) ** 2))
    # The law with the point has one degree of freedom more to explain one point more.
    fall = max(float(np.sum(_errors(law, law.sizes, law.values) ** 2)) - own, 0.0)
    # How far costs overlap was chosen too: not counting it, twice the false alarms were raised.
    residual_df = rest.residual_df - fit.series.timed
    pooled = residual_df < _FEWEST_DF
    error, residual_df = pool if pooled else (own, residual_df)
    # Without a scale nothing is off.
    scale = float(np.sqrt(error / residual_df + FLOOR**2)) if residual_df > 0 else float("inf")
    (predicted,) = rest.predict(law.sizes[[at]])
    off = float(np.log(law.values[at] / predicted))
    # What the last digit may hide is taken off the residual, at most all of it.
    beyond = max(1 - half / law.values[at] / abs(off), 0.0) if off else 0.0
    studentised = float(np.sign(off) * np.sqrt(fall) * beyond / scale)
    level = float(2 * student.sf(abs(studentised), max(residual_df, 1)))
    return DeletionResidual(
        fit, at, float(predicted), studentised, scale, residual_df, pooled, level
    )
