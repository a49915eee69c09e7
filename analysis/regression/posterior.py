"""The posterior of the exponents, sampled from the profile likelihood.

With relative errors of unknown size σ and flat priors on log σ and on the exponents, the profile
likelihood of the exponents θ is |V|^(−1/2) · SSE(θ)^(−(N − a(θ))/2), where a is the number of terms
in use and σ²V the error covariance; it is averaged over the overlaps and error covariances. It is
sampled by adaptive importance sampling: the proposal is a t distribution at the optimum with the
curvature there, then twice one with the mean and covariance of the draws so far (Cappé et al.
2008). The draws come from a Sobol sequence, so the same points give the same interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri, logsumexp, ndtri
from scipy.stats import qmc

from ..expressions import FLOOR, Array
from .variable_projection import Solution, VariableProjection

_T_DF = 4  # degrees of freedom of the t distribution: its tails are heavier than the profile's
_STAGES = (
    (128, 1.5),
    (128, 1.3),
    (256, 1.15),
)  # draws, and the factor by which the proposal is widened


@dataclass(frozen=True)
class PosteriorSample:
    """Weighted draws of the shifts of the exponents from the leading degrees.

    Attributes
    ----------
    draws
        (draws, axes).
    joint
        (problems, draws), adding up to 1: joint probability of each problem and draw.
    """

    draws: Array
    joint: Array

    @property
    def weights(self) -> Array:
        """Weight of each draw, (draws,), adding up to 1."""
        return np.asarray(self.joint.sum(axis=0))

    @property
    def problem_probabilities(self) -> Array:
        """Posterior probability of each problem, (problems,), adding up to 1."""
        return np.asarray(self.joint.sum(axis=1))

    def moments(self) -> tuple[Array, Array]:
        """Compute the mean and standard deviation of each exponent, (axes,) each."""
        mean = self.weights @ self.draws
        return mean, np.sqrt(self.weights @ (self.draws - mean) ** 2 + FLOOR**2)

    def quantiles(self, levels: tuple[float, ...]) -> Array:
        """Compute weighted quantiles, (axes, levels)."""
        columns, weights = [], self.weights
        for x in self.draws.T:
            order = np.argsort(x)
            cumulative = np.cumsum(weights[order]) - weights[order] / 2
            columns.append(np.interp(levels, cumulative, x[order]))
        return np.array(columns)


def sample_posterior(
    problems: Sequence[VariableProjection],
    prior: Array,
    best: Solution,
    bound: float,
) -> PosteriorSample:
    """Sample the exponents from the profile likelihood within ±bound.

    Parameters
    ----------
    problems, prior
        The problem at each likely overlap and error covariance, the likeliest first, and the
        prior of each.
    best
        Solution of the first problem, where the proposal starts.
    bound
        Largest shift of an exponent from its leading degree, in absolute value.
    """
    problem = problems[0]
    axes = problem.axes
    freedom = max(problem.points - best.terms_in_use - axes, 1)

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
    for stage, (number, widening) in enumerate(_STAGES):
        root = np.asarray(np.linalg.cholesky(scale) * widening, dtype=np.float64)
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
    """Clip a covariance so that it is positive and within the range of the search."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.clip(values, 1e-10, bound**2)) @ vectors.T)


def _student(number: int, axes: int, seed: int) -> Array:
    """Draw a Sobol sample of the standard t distribution, (number, axes)."""
    uniform = qmc.Sobol(axes + 1, rng=np.random.default_rng(seed)).random(number)
    uniform = np.clip(uniform, 1e-9, 1 - 1e-9)
    scale = np.sqrt(chdtri(_T_DF, uniform[:, -1]) / _T_DF)
    return np.asarray(ndtri(uniform[:, :-1]) / scale[:, None])


def _log_mixture(draws: Array, proposals: list[tuple[int, Array, Array]]) -> Array:
    """Compute the unnormalised log density of the mixture of proposals (balance heuristic)."""
    axes = draws.shape[1]
    parts = []
    for number, where, root in proposals:
        distance = np.sum(np.linalg.solve(root, (draws - where).T) ** 2, axis=0)
        parts.append(
            np.log(number)
            - (_T_DF + axes) / 2 * np.log1p(distance / _T_DF)
            - np.log(np.diag(root)).sum()
        )
    return np.asarray(np.logaddexp.reduce(parts, axis=0))
