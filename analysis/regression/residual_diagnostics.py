"""Residual diagnostics: whether a law describes its points, or its residuals follow the sizes.

The standard deviation between a point's repeats cannot tell: errors that all repeats share (a
memory layout, the choice of a kernel) would reject every true law. So the residuals are compared
with one another: where neighbouring sizes, or all points of one size, have similar residuals, the
residuals have structure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f as f_distribution

from ..expressions import Array

#: Structure up to this share of the time moves an exponent by less than a tenth of the margin.
TOLERANCE = 0.05
#: A law does not describe points that scatter by more than this around it, even at random.
LARGEST_RESIDUAL_SD = 0.1

_PERMUTATIONS = 999
_LEVEL_NEIGHBOURS = 0.01  # significance levels
_LEVEL_SIZES = 0.001


@dataclass(frozen=True)
class ResidualDiagnostics:
    """Size and structure of a law's residuals.

    Attributes
    ----------
    residual_sd
        Standard deviation of the relative residuals, √(Σ r² / residual degrees of freedom).
    structure_sd
        Standard deviation of the part that neighbouring sizes, or all points of one size, share;
        0 where noise could explain it.
    axis, size, share
        The size of an axis at which the measured values lie farthest from the law, and their mean
        relative residual there; None where no single axis explains the structure.
    tested
        Whether there were enough points to test for structure.
    between_round_sd
        Relative standard deviation between a point's rounds, with which `residual_sd` is compared;
        None where there is one round.
    """

    residual_sd: float
    structure_sd: float = 0.0
    axis: str | None = None
    size: float | None = None
    share: float | None = None
    tested: bool = True
    between_round_sd: float | None = None

    @property
    def testable(self) -> bool:
        """Whether structure was tested, or the scatter can be compared with that between rounds."""
        return self.tested or self.between_round_sd is not None

    def __str__(self) -> str:
        rounds = ""
        if self.between_round_sd is not None:
            rounds = f" (a point's rounds differ by {self.between_round_sd:.1%})"
        return f"{self.residual_sd:.1%}{rounds}"

    @property
    def describes_points(self) -> bool:
        """Whether the law describes the points."""
        return self.structure_sd <= TOLERANCE and self.residual_sd <= LARGEST_RESIDUAL_SD


#: Diagnostics of a law that gives every value exactly.
NO_RESIDUALS: ResidualDiagnostics = ResidualDiagnostics(0.0)


def diagnose_residuals(
    axes: tuple[str, ...], sizes: Array, residuals: Array, residual_df: int
) -> ResidualDiagnostics:
    """Test a law's residuals for structure.

    Parameters
    ----------
    axes, sizes
        Names of the axes, and the sizes, (points, axes).
    residuals
        (points,), relative: (measured − law) / measured.
    residual_df
        Points less the law's free parameters.
    """
    residual_sd = float(np.sqrt(np.sum(residuals**2) / max(residual_df, 1)))
    pairs = _neighbours(sizes)
    if residual_df < 4 or len(pairs) < 6:
        return ResidualDiagnostics(residual_sd, tested=False)
    structure_sd = 0.0
    correlation, p_value = _shared_by_neighbours(pairs, residuals)
    if p_value < _LEVEL_NEIGHBOURS:
        structure_sd = residual_sd * float(np.sqrt(correlation))
    found: dict[str, tuple[float, float]] = {}
    for at, axis in enumerate(axes):
        levels, which = np.unique(sizes[:, at], return_inverse=True)
        if len(residuals) - len(levels) < 4 or len(levels) < 2:
            continue
        component, p_value, means = _between_sizes(which, residuals)
        worst = int(np.argmax(np.abs(means)))
        found[axis] = (float(levels[worst]), float(means[worst]))
        if p_value < _LEVEL_SIZES:
            structure_sd = max(structure_sd, component)
    if structure_sd and found:
        axis = max(found, key=lambda a: abs(found[a][1]))
        size, share = found[axis]
        if abs(share) > structure_sd / 2:
            return ResidualDiagnostics(residual_sd, structure_sd, axis, size, share)
    return ResidualDiagnostics(residual_sd, structure_sd)


def _neighbours(sizes: Array) -> NDArray[np.int_]:
    """List pairs of points that differ in one axis only, by one step of the grid: (pairs, 2)."""
    pairs = []
    for at in range(sizes.shape[1]):
        others = np.delete(sizes, at, axis=1)
        order = np.lexsort((sizes[:, at], *others.T))
        first, second = order[:-1], order[1:]
        same = (others[first] == others[second]).all(axis=1)
        pairs.append(np.column_stack([first[same], second[same]]))
    return np.vstack(pairs)


def _shared_by_neighbours(pairs: NDArray[np.int_], residuals: Array) -> tuple[float, float]:
    """Compute the correlation of neighbours' residuals (Moran 1950) and a permutation p-value."""
    centred = residuals - residuals.mean()
    variance = float(np.mean(centred**2)) or 1.0
    shuffled = np.random.default_rng(0).permuted(np.tile(centred, (_PERMUTATIONS, 1)), axis=1)

    def correlation(values: Array) -> Array:
        return np.asarray(
            np.mean(values[..., pairs[:, 0]] * values[..., pairs[:, 1]], axis=-1) / variance
        )

    observed = float(correlation(centred))
    p_value = (1 + np.count_nonzero(correlation(shuffled) >= observed)) / (_PERMUTATIONS + 1)
    return min(max(observed, 0.0), 1.0), float(p_value)


def _between_sizes(which: NDArray[np.int_], residuals: Array) -> tuple[float, float, Array]:
    """Analyse variance over one axis: standard deviation between sizes, p-value, means."""
    count = np.bincount(which)
    means = np.bincount(which, residuals) / count
    groups, points = len(count), len(residuals)
    # scipy.stats.f_oneway gives only F and its p-value; the component needs both mean squares.
    between = float(np.sum(count * means**2)) / (groups - 1)
    within = float(np.sum((residuals - means[which]) ** 2)) / (points - groups) or 1e-300
    p_value = float(f_distribution.sf(between / within, groups - 1, points - groups))
    return float(np.sqrt(max(between - within, 0.0) / count.mean())), p_value, means
