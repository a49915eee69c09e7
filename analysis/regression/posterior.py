"""Intervals of the exponents, from the profile of the squared error.

With relative errors of unknown size σ, a flat prior on log σ and on the exponents, the profile
likelihood of the exponents θ is |V|^(−1/2) · SSE(θ)^(−(N − a(θ))/2), a the terms in use and σ²V
the errors' covariance; it is averaged over how much the points of one size share, on which V
depends. It is sampled by adaptive importance sampling: a t distribution set at the optimum by
the curvature there, then moved twice to the mean and covariance of what was drawn (Cappé et al.
2008). The draws are a Sobol sequence, so the same points give the same interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri, logsumexp, ndtri
from scipy.stats import qmc

from ..expressions import FLOOR, Array
from .variable_projection import Solution, VariableProjection

_FREEDOM = 4  # of the t distribution: tails heavier than the profile's
_STAGES = ((128, 1.5), (128, 1.3), (256, 1.15))  # draws, and how much wider than the last


@dataclass(frozen=True)
class PosteriorSample:
    """Weighted draws of the exponents.

    Attributes
    ----------
    draws
        (draws, axes).
    joint
        (problems, draws), adding up to 1: how likely each problem is with each draw.
    """

    draws: Array
    joint: Array

    @property
    def weights(self) -> Array:
        """Weight of each draw, (draws,), adding up to 1."""
        return np.asarray(self.joint.sum(axis=0))

    @property
    def problem_probabilities(self) -> Array:
        """How likely each problem is, (problems,), adding up to 1."""
        return np.asarray(self.joint.sum(axis=1))

    def moments(self) -> tuple[Array, Array]:
        """Mean and standard deviation of each exponent, (axes,) each."""
        mean = self.weights @ self.draws
        return mean, np.sqrt(self.weights @ (self.draws - mean) ** 2 + FLOOR**2)

    def quantiles(self, levels: tuple[float, ...]) -> Array:
        """Weighted quantiles, (axes, levels)."""
        columns, weights = [], self.weights
        for x in self.draws.T:
            order = np.argsort(x)
            reached = np.cumsum(weights[order]) - weights[order] / 2
            columns.append(np.interp(levels, reached, x[order]))
        return np.array(columns)


def sample(
    problems: Sequence[VariableProjection],
    prior: Array,
    best: Solution,
    bound: float,
) -> PosteriorSample:
    """Draw exponents from the profile, within ±bound.

    Parameters
    ----------
    problems, prior
        The problem at each likely overlap and size of what points share, the likeliest first,
        and the prior of each.
    best
        Solution of the first, around which the search begins.
    bound
        Of the search.
    """
    problem = problems[0]
    axes = problem.axes
    freedom = max(problem.points - best.active - axes, 1)

    def log_densities(theta: Array) -> Array:  # (problems, draws)
        inside = (np.abs(theta) <= bound).all(axis=1)
        out = np.full((len(problems), len(theta)), -np.inf)
        for at, one in enumerate(problems):
            out[at, inside] = one.log_likelihood(theta[inside]) + np.log(prior[at])
        return out

    variance = (best.sse + problem.points * FLOOR**2) / freedom
    where = best.exponents
    scale = _bounded(variance * np.linalg.pinv(problem.curvature(best), hermitian=True), bound)
    draws = np.empty((0, axes))
    densities = np.empty((len(problems), 0))
    proposals: list[tuple[int, Array, Array]] = []
    weights = np.empty(0)
    for stage, (number, wider) in enumerate(_STAGES):
        root = np.asarray(np.linalg.cholesky(scale) * wider, dtype=np.float64)
        proposals.append((number, where, root))
        drawn = where + _student(number, axes, seed=stage) @ root.T
        draws = np.vstack([draws, drawn])
        densities = np.hstack([densities, log_densities(drawn)])
        density = logsumexp(densities, axis=0)
        log_weights = density - _log_mixture(draws, proposals)
        weights = np.exp(log_weights - log_weights.max())
        weights /= weights.sum()
        where = weights @ draws
        centred = draws - where
        scale = _bounded((centred * weights[:, None]).T @ centred, bound)
    joint = np.zeros_like(densities)
    likely = weights > 0
    joint[:, likely] = np.exp(densities[:, likely] - density[likely]) * weights[likely]
    return PosteriorSample(draws, joint)


def _bounded(covariance: Array, bound: float) -> Array:
    """Keep a covariance positive and within the range of the search."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.clip(values, 1e-10, bound**2)) @ vectors.T)


def _student(number: int, axes: int, seed: int) -> Array:
    """Draw a Sobol sample of the standard t distribution, (number, axes)."""
    uniform = qmc.Sobol(axes + 1, rng=np.random.default_rng(seed)).random(number)
    uniform = np.clip(uniform, 1e-9, 1 - 1e-9)
    scale = np.sqrt(chdtri(_FREEDOM, uniform[:, -1]) / _FREEDOM)
    return np.asarray(ndtri(uniform[:, :-1]) / scale[:, None])


def _log_mixture(draws: Array, proposals: list[tuple[int, Array, Array]]) -> Array:
    """Log density, up to a constant, of the mixture of all proposals so far (balance heuristic)."""
    axes = draws.shape[1]
    parts = []
    for number, where, root in proposals:
        distance = np.sum(np.linalg.solve(root, (draws - where).T) ** 2, axis=0)
        parts.append(
            np.log(number)
            - (_FREEDOM + axes) / 2 * np.log1p(distance / _FREEDOM)
            - np.log(np.diag(root)).sum()
        )
    return np.asarray(np.logaddexp.reduce(parts, axis=0))
