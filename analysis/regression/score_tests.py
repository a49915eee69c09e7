"""Score tests: how much of the squared error one more column would explain, before it is fitted.

To first order it is the squared part of the residuals along the column, once all that the law could
make of it with its coefficients in use and its exponents is taken off (Rao 1948).
"""

from __future__ import annotations

import numpy as np

from ..expressions import Array
from .variable_projection import Solution, VariableProjection


def step_gains(
    problem: VariableProjection, solution: Solution, terms: Array, sides: Array
) -> Array:
    """Squared error that a term of one regime would take away, to first order.

    Parameters
    ----------
    problem, solution
        The law without it.
    terms
        (points, terms), in the metric's unit.
    sides
        (sides, points): how far a column holds, from 0 to 1.

    Returns
    -------
    (sides, terms); 0 where the coefficient would be negative.
    """
    residuals, known = _known(problem, solution)
    columns = (sides.T**problem.overlap)[:, :, None] * problem.relative(terms)[:, None, :]
    whitened = problem.whitening(columns.reshape(problem.points, -1))
    scores = _scores(whitened, residuals, known)
    return np.asarray(np.maximum(scores, 0) ** 2).reshape(len(sides), -1)


def slope_break_gains(problem: VariableProjection, solution: Solution, hinges: Array) -> Array:
    """Squared error that one more size of the leading part would take away, to first order.

    Parameters
    ----------
    problem, solution
        The law without it.
    hinges
        (points, candidates): logarithms of that size.
    """
    residuals, known = _known(problem, solution)
    columns = problem.whitening(problem.growing(problem.fitted(solution)) * hinges)
    return _scores(columns, residuals, known) ** 2


def _known(problem: VariableProjection, solution: Solution) -> tuple[Array, Array]:
    """Whitened residuals, and what a law can make of them to first order, orthonormal."""
    fitted = problem.fitted(solution)
    used = problem.whitening(fitted[:, fitted.any(axis=0)])
    moved = problem.whitening(problem.growing(fitted) * problem.centred)
    known, _ = np.linalg.qr(np.hstack([used, moved]))
    return problem.whitening(problem.residuals(solution)), np.asarray(known)


def _scores(columns: Array, residuals: Array, known: Array) -> Array:
    """Parts of whitened residuals along columns, what is known taken off these: (columns,)."""
    lengths = np.linalg.norm(columns, axis=0)
    columns = columns - known @ (known.T @ columns)
    rest = np.linalg.norm(columns, axis=0)
    along = columns.T @ residuals
    # A column that the law holds already leaves rounding errors alone.
    return np.where(rest > 1e-6 * lengths, along / np.maximum(rest, 1e-300), 0)
