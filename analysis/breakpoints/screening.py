"""Screen candidate breakpoints by score tests, so that only the best are fitted.

There are thousands; all are tested at once for how much of the residuals each could explain.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..expressions import FLOOR, Array, Leading, Monomial, columns
from ..regression import Solution, VariableProjection, slope_break_gains, step_gains
from .breakpoint import Breakpoint
from .slope_breaks import SlopeBreak
from .step_terms import StepTerm

#: Prior odds that a layer's points lie in two regimes rather than one. They are divided among all
#: candidates, which accounts for their number.
BREAKPOINT_ODDS = 0.3 / 0.7

#: A candidate whose log likelihood is this far below the best, or below no change, is not fitted.
NEGLIGIBLE_GAIN = 6.0

_FEWEST_DF = 12  # residual degrees of freedom below which no breakpoint is looked for
_STEPS_FITTED, _SLOPE_BREAKS_FITTED = 8, 3  # at most, per problem


def screen_steps(
    problem: VariableProjection,
    best: Solution,
    sizes: Array,
    sides: Sequence[tuple[Breakpoint, bool]],
    shares: Array,
    leading: Leading,
    lower: Sequence[Monomial],
) -> list[tuple[StepTerm, float]]:
    """Find the steps that could explain most of a law's residuals, by a score test of each.

    Parameters
    ----------
    problem, best
        The law without steps.
    sizes
        (points, axes).
    sides, shares
        Breakpoints and whether a term holds beyond them, and the share in which it does: (sides,
        points).
    leading, lower
        The law's terms.

    Returns
    -------
    The steps of largest gain in likelihood, each with its prior odds against no step.
    """
    if not (enough_points(problem, best) and sides):
        return []
    terms: list[Monomial | Leading] = [*lower, leading.shifted(best.exponents)]
    weights = np.array([breakpoint.weight for breakpoint, _ in sides])
    priors = BREAKPOINT_ODDS * weights / weights.sum() / len(terms)
    gains = step_gains(problem, best, columns(terms, sizes), shares)
    unshifted: list[Monomial | Leading] = [*lower, leading]
    # Which terms may step depends only on a breakpoint's kind and monomial.
    kinds = {(type(breakpoint), breakpoint.along): breakpoint for breakpoint, _ in sides}
    allowed = {key: [one.allows_term(term) for term in unshifted] for key, one in kinds.items()}
    gains *= [allowed[type(breakpoint), breakpoint.along] for breakpoint, _ in sides]
    gain = np.log(priors)[:, None] + likelihood_gain(problem, best, gains)
    found = []
    for at in np.argsort(-gain, axis=None)[:_STEPS_FITTED]:
        if gain.flat[at] < max(gain.max(), 0.0) - NEGLIGIBLE_GAIN:
            break
        side, which = np.unravel_index(at, gains.shape)
        (breakpoint, beyond), leads = sides[side], leading if which == len(lower) else None
        found.append((StepTerm(terms[which], breakpoint, beyond, leads), float(priors[side])))
    return found


def screen_slope_breaks(
    problem: VariableProjection,
    best: Solution,
    sizes: Array,
    candidates: Sequence[SlopeBreak],
) -> list[tuple[SlopeBreak, float]]:
    """Find the slope breaks that could explain most of the residuals of a law without regimes.

    Returns
    -------
    Those of largest gain in likelihood, each with its prior odds against no break.
    """
    if not (enough_points(problem, best) and candidates):
        return []
    hinges = np.log(np.column_stack([slope_break.size(sizes) for slope_break in candidates]))
    prior = BREAKPOINT_ODDS / len(candidates)
    gain = np.log(prior) + likelihood_gain(problem, best, slope_break_gains(problem, best, hinges))
    order = np.argsort(-gain)[:_SLOPE_BREAKS_FITTED]
    return [(candidates[at], prior) for at in order if gain[at] > -NEGLIGIBLE_GAIN]


def enough_points(problem: VariableProjection, best: Solution) -> bool:
    """Whether there are enough residual degrees of freedom for a breakpoint."""
    return _residual_df(problem, best) >= _FEWEST_DF


def likelihood_gain(problem: VariableProjection, best: Solution, gains: Array) -> Array:
    """Convert reductions of the squared error to gains in log likelihood."""
    remaining = np.maximum(1 - gains / (best.sse + problem.points * FLOOR**2), FLOOR**2)
    return np.asarray(-_residual_df(problem, best) / 2 * np.log(remaining))


def _residual_df(problem: VariableProjection, best: Solution) -> int:
    return int(problem.points - best.terms_in_use - problem.axes)
