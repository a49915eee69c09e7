"""Score tests: how much one more column would reduce the squared error, before it is fitted.

To first order that is the squared projection of the residuals on the part of the column that is
orthogonal to the derivatives of the law in its coefficients in use and its exponents (Rao 1948).
"""

from __future__ import annotations

import numpy as np

from ..expressions import Array
from .variable_projection import Solution, VariableProjection


def step_gains(
    problem: VariableProjection, solution: Solution, terms: Array, sides: Array
) -> Array:
    """Estimate to first order how much each step term would reduce the squared error.

    Parameters
    ----------
    problem, solution
        The law without the step.
    terms
        (points, terms), in the metric's unit.
    sides
        (sides, points): share of the term that holds at each point, from 0 to 1.

    Returns
    -------
    (sides, terms); 0 where the coefficient would be negative.
    """
    residuals, tangent = _residuals_and_tangent(problem, solution)
    columns = (sides.T**problem.overlap)[:, :, None] * problem.relative_columns(terms)[:, None, :]
    whitened = problem.whitening(columns.reshape(problem.points, -1))
    scores = _scores(whitened, residuals, tangent)
    return np.asarray(np.maximum(scores, 0) ** 2).reshape(len(sides), -1)


def slope_break_gains(problem: VariableProjection, solution: Solution, hinges: Array) -> Array:
    """Estimate to first order how much each slope break would reduce the squared error.

    Parameters
    ----------
    problem, solution
        The law without the slope break.
    hinges
        (points, candidates): logarithms of `SlopeBreak.size`.
    """
    residuals, tangent = _residuals_and_tangent(problem, solution)
    columns = problem.whitening(problem.leading_sum(problem.term_parts(solution)) * hinges)
    return _scores(columns, residuals, tangent) ** 2


def _residuals_and_tangent(problem: VariableProjection, solution: Solution) -> tuple[Array, Array]:
    """Compute whitened residuals, and an orthonormal basis of the law's derivatives."""
    fitted = problem.term_parts(solution)
    used = problem.whitening(fitted[:, fitted.any(axis=0)])
    moved = problem.whitening(problem.leading_sum(fitted) * problem.centred)
    tangent, _ = np.linalg.qr(np.hstack([used, moved]))
    return problem.whitening(problem.residuals(solution)), np.asarray(tangent)


def _scores(columns: Array, residuals: Array, tangent: Array) -> Array:
    """Project whitened residuals on columns made orthogonal to the tangent basis: (columns,)."""
    lengths = np.linalg.norm(columns, axis=0)
    columns = columns - tangent @ (tangent.T @ columns)
    rest = np.linalg.norm(columns, axis=0)
    along = columns.T @ residuals
    # Of a column that the law contains already, only rounding errors remain.
    return np.where(rest > 1e-6 * lengths, along / np.maximum(rest, 1e-300), 0)
