"""Whether a law describes its points, or leaves something that follows the sizes.

The standard deviation between a point's repeats is no measure of it: what all repeats share (a
layout, a kernel's choice) would refuse every true law. So the residuals are compared with one
another: where neighbouring sizes err alike, or all points at one size do, something is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f as f_distribution

from ..expressions import Array

#: Left-over below this share of the time does not move an exponent by a tenth of the margin.
TOLERANCE = 0.05
#: Points that scatter by more than this around a law are not described by it, even at random.
LARGEST_RESIDUAL_SD = 0.1

_PERMUTATIONS = 999
_LEVEL_NEIGHBOURS = 0.01
_LEVEL_SIZES = 0.001


@dataclass(frozen=True)
class ResidualDiagnostics:
    """What a law leaves.

    Attributes
    ----------
    residual_sd
        Standard deviation of the relative residuals, the law's free numbers allowed for.
    structure_sd
        The part of it (standard deviation) that neighbouring sizes, or all points of one size,
        share; 0 where noise could explain it.
    axis, size, share
        Where a single axis explains it: the size at which the measured values lie farthest
        from the law, and by what share; None where none does.
    tested
        Whether there were points enough to look.
    between_round_sd
        What the rounds of a point differ by, which the scatter is to be held against: relative
        standard deviation; None where there is one.
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
        """Whether anything can tell a law that describes the points from one that does not."""
        return self.tested or self.between_round_sd is not None

    def __str__(self) -> str:
        rounds = ""
        if self.between_round_sd is not None:
            rounds = f" (a point's rounds differ by {self.between_round_sd:.1%})"
        return f"{self.residual_sd:.1%}{rounds}"

    @property
    def describes(self) -> bool:
        """Whether the law describes the points."""
        return self.structure_sd <= TOLERANCE and self.residual_sd <= LARGEST_RESIDUAL_SD


#: What a law leaves that gives every value.
EXACT: ResidualDiagnostics = ResidualDiagnostics(0.0)


def diagnose_residuals(
    axes: tuple[str, ...], sizes: Array, residuals: Array, residual_df: int
) -> ResidualDiagnostics:
    """Look for structure in a law's residuals.

    Parameters
    ----------
    axes, sizes
        Names of the sizes, and (points, axes).
    residuals
        (points,), relative: (measured − law) / measured.
    residual_df
        Points beyond the law's free numbers.
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
    """Pairs of points that differ in one axis alone, by one step of the grid; (pairs, 2)."""
    pairs = []
    for at in range(sizes.shape[1]):
        others = np.delete(sizes, at, axis=1)
        order = np.lexsort((sizes[:, at], *others.T))
        first, second = order[:-1], order[1:]
        same = (others[first] == others[second]).all(axis=1)
        pairs.append(np.column_stack([first[same], second[same]]))
    return np.vstack(pairs)


def _shared_by_neighbours(pairs: NDArray[np.int_], residuals: Array) -> tuple[float, float]:
    """Correlation of neighbours' residuals (Moran 1950) and its p-value by permutation."""
    centred = residuals - residuals.mean()
    variance = float(np.mean(centred**2)) or 1.0
    shuffled = np.random.default_rng(0).permuted(np.tile(centred, (_PERMUTATIONS, 1)), axis=1)

    def correlation(values: Array) -> Array:
        return np.asarray(
            np.mean(values[..., pairs[:, 0]] * values[..., pairs[:, 1]], axis=-1) / variance
        )

    seen = float(correlation(centred))
    p_value = (1 + np.count_nonzero(correlation(shuffled) >= seen)) / (_PERMUTATIONS + 1)
    return min(max(seen, 0.0), 1.0), float(p_value)


def _between_sizes(which: NDArray[np.int_], residuals: Array) -> tuple[float, float, Array]:
    """Analysis of variance over one axis: standard deviation between sizes, p-value, means."""
    count = np.bincount(which)
    means = np.bincount(which, residuals) / count
    groups, points = len(count), len(residuals)
    # scipy.stats.f_oneway gives F and its p-value alone; the component needs both mean squares.
    between = float(np.sum(count * means**2)) / (groups - 1)
    within = float(np.sum((residuals - means[which]) ** 2)) / (points - groups) or 1e-300
    p_value = float(f_distribution.sf(between / within, groups - 1, points - groups))
    return float(np.sqrt(max(between - within, 0.0) / count.mean())), p_value, means
