"""The error covariance: errors that points of one size, or of one process, share.

A width whose rows fall on the same cache lines, or a kernel chosen by n alone, causes an error that
is common to all points of that size, and more points do not average it away. Between two runs of
four recurrent layers on one machine the mean of a width moved by 0.1 to 2.6 % (1.6 % at the
median), where its points' independent noise allowed 0.5 %. If all errors were independent, six
widths measured at six lengths would count as 36 observations of the growth in d; they are six. A
slow process shifts all points that it alone measured. So a relative error is
e = ε + Σ u(axis, size) + Σ v(process), with ε of variance σ², u of variance τ² and v of variance
ω²: a mixed model with crossed random effects (Searle, Casella & McCulloch 1992).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..expressions import FLOOR, Array

#: Values of τ over which intervals are averaged, with equal priors.
SIZE_EFFECT_SDS = (0.01, 0.02)
#: ω: so large that a shift common to a process hardly influences the fit.
PROCESS_EFFECT_SD = 0.05

_FEWEST = 8  # residual degrees of freedom below which σ is not estimated apart from τ and ω


@dataclass(frozen=True)
class Whitening:
    """A transformation of correlated errors to independent ones of variance σ².

    Attributes
    ----------
    roots
        (points,): square roots of the points' weights.
    vectors, shrink
        (points, rank) and (rank,): directions of the shared errors, and how much each is reduced.
    log_determinant
        Log determinant of the covariance, in units of σ² and of the weights.
    variance
        Variance of a point whose sizes are all new, in units of σ².
    """

    roots: Array
    vectors: Array
    shrink: Array
    log_determinant: float
    variance: float = 1.0

    @property
    def rank(self) -> int:
        """Number of directions of shared errors."""
        return len(self.shrink)

    def __call__(self, rows: Array) -> Array:
        """Whiten (points,) or (points, columns)."""
        rows = (rows.T * self.roots).T
        return np.asarray(rows - self.vectors @ ((self.vectors.T @ rows).T * self.shrink).T)


def independent_errors(weights: Array) -> Whitening:
    """Return the whitening of independent errors with these weights, (points,)."""
    return Whitening(np.sqrt(weights), np.empty((len(weights), 0)), np.empty(0), 0.0)


def whitenings(
    sizes: Array, weights: Array, residuals: Array, scale: float, processes: Array | None = None
) -> list[Whitening]:
    """Compute the whitening at each likely τ.

    An axis counts if its sizes have two points each on average: with fewer, τ can hardly be
    distinguished from σ. Without shared errors there is one whitening.

    Parameters
    ----------
    sizes
        (points, axes).
    weights, residuals
        (points,): those of a law fitted with independent errors.
    scale
        Robust standard deviation of these residuals.
    processes
        (points, processes): the share of a point's repeats that each measured.
    """
    axes = [_members(column) for column in sizes.T if 2 * len(np.unique(column)) <= len(column)]
    effects = [] if processes is None else [processes - processes.mean(axis=0)]
    effects = [each for each in effects if np.abs(each).max(initial=0) > 1e-9]
    if not axes and not effects:
        return [independent_errors(weights)]
    roots = np.sqrt(weights)
    sigma = _independent_sd(roots, residuals, np.hstack([*axes, *effects]), scale)
    between = sum(_process_variance(each, weights, residuals, sigma) for each in effects)
    return [
        _whitening(
            roots,
            np.hstack(
                [
                    *(tau / sigma * each for each in axes),
                    *(PROCESS_EFFECT_SD / sigma * each for each in effects),
                ]
            ),
            1 + ((tau / sigma) ** 2 * len(axes)) + between / sigma**2,
        )
        for tau in (SIZE_EFFECT_SDS if axes else (0.0,))
    ]


def _whitening(roots: Array, effects: Array, variance: float) -> Whitening:
    """Compute the whitening of errors with variance 1/weight and effects, (points, effects)."""
    vectors, values, _ = np.linalg.svd(roots[:, None] * effects, full_matrices=False)
    return Whitening(
        roots,
        vectors,
        1 - 1 / np.sqrt(1 + values**2),
        float(np.log1p(values**2).sum()),
        variance,
    )


def _process_variance(shares: Array, weights: Array, residuals: Array, sigma: float) -> float:
    """Estimate the variance between processes, ω̂²: that of a new process.

    The variance that independent errors alone would cause is subtracted.
    """
    rows = (shares.T * weights).T
    gram = rows.T @ shares
    inverse = np.linalg.pinv(gram, hermitian=True)
    effects = inverse @ (rows.T @ residuals)
    expected = sigma**2 * np.trace(inverse) / len(effects)
    return max(float(np.var(effects, ddof=1) - expected), 0.0)


def _independent_sd(roots: Array, residuals: Array, effects: Array, scale: float) -> float:
    """Estimate σ, the standard deviation that remains with a free effect per size and process."""
    vectors, values, _ = np.linalg.svd(roots[:, None] * effects, full_matrices=False)
    vectors = vectors[:, values > FLOOR * values.max()]
    residual_df = len(roots) - vectors.shape[1]
    if residual_df < _FEWEST:
        return scale
    rest = residuals * roots
    rest = rest - vectors @ (vectors.T @ rest)
    sigma = 1.4826 * np.median(np.abs(rest)) * np.sqrt(len(roots) / residual_df)
    return min(scale, float(sigma) + FLOOR)


def _members(column: Array) -> Array:
    """Return indicators, 0 or 1, of which points have which size: (points, sizes)."""
    levels, which = np.unique(column, return_inverse=True)
    return np.asarray(np.eye(len(levels))[which])
