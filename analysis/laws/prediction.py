"""Predictions of a fitted law at new sizes, with intervals, and the search for a largest size.

A prediction is averaged over everything that the points leave uncertain: the exponents, the
overlap, the coefficients at each of these, and the scale of the errors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from ..breakpoints import SlopeBreak, StepTerm
from ..expressions import Array, Leading, Monomial, columns, power_mean
from ..regression import PosteriorSample, VariableProjection

_DRAWS = 400
#: Largest log error of a drawn measurement: the scale of few points may be so large as to overflow.
_LARGEST_ERROR = 50.0

#: Largest value of a term: n³⁰ at the largest size that is searched would be infinite.
LARGEST_TERM = 1e200

#: Largest size that is searched.
LARGEST_SEARCHED = 2.0**40
_STEPS = 20  # steps of the search per octave


class PosteriorPredictive:
    """Laws drawn from the posterior, once: the same table gives the same draws.

    Parameters
    ----------
    problems, sample
        The models that were sampled, each with its lower-order terms, and the sample.
    leading
        The leading part.
    slope_break
        Where the leading part's exponent changes.
    """

    def __init__(
        self,
        problems: Sequence[tuple[VariableProjection, Sequence[Monomial | StepTerm]]],
        sample: PosteriorSample,
        leading: Leading,
        slope_break: SlopeBreak | None = None,
    ) -> None:
        rng = np.random.default_rng(0)
        picked = rng.choice(sample.joint.size, _DRAWS, p=sample.joint.ravel() / sample.joint.sum())
        self._leading = leading
        self._slope_break = slope_break
        self._laws = []
        for which, at in zip(*np.unravel_index(picked, sample.joint.shape), strict=True):
            (problem, lower), theta = problems[which], sample.draws[at]
            if lower and isinstance(step := lower[-1], StepTerm) and step.leads:
                lower = [*lower[:-1], step.following(theta)]
            self._laws.append((problem.overlap, lower, theta, *problem.draw(theta, rng)))
        self._errors = rng.standard_normal(_DRAWS)

    def predict(self, sizes: Array, *, measured: bool = True) -> Array:
        """Evaluate each drawn law at sizes (points, axes): (draws, points).

        Parameters
        ----------
        sizes
            (points, axes), positive.
        measured
            Whether to add the error of a measurement.
        """
        lead = _bounded(partial(self._leading.columns, sizes))
        grows = sizes
        if self._slope_break is not None:
            grows = np.column_stack([sizes, self._slope_break.size(sizes)])
        # Most laws have the same terms, so their columns are evaluated once.
        parts = {id(law[1]): _bounded(partial(columns, law[1], sizes)) for law in self._laws}
        rows = []
        for drawn, error in zip(self._laws, self._errors, strict=True):
            p, lower, theta, tops, others, scale = drawn
            leads = tops * lead * np.prod(grows**theta, axis=1)[:, None]
            law = power_mean(np.column_stack([others * parts[id(lower)], leads]), p)
            if measured:
                law = law * np.exp(np.clip(scale * error, -_LARGEST_ERROR, _LARGEST_ERROR))
            rows.append(law)
        return np.array(rows)


def _bounded(evaluate: Callable[[], Array]) -> Array:
    """Evaluate terms, those of sizes far beyond the measured ones as `LARGEST_TERM`."""
    with np.errstate(over="ignore"):
        return np.minimum(evaluate(), LARGEST_TERM)


def search_sizes() -> Array:
    """Return the sizes at which a cost is compared with a budget, (sizes,)."""
    octaves = int(np.log2(LARGEST_SEARCHED))
    return np.asarray(2 ** np.linspace(0, octaves, octaves * _STEPS + 1))


def largest_within(costs: Array, sizes: Array, budget: float) -> Array:
    """Find the largest size within a budget for each row of costs, (rows, sizes): (rows,)."""
    found = np.empty(len(costs))
    for row, cost in enumerate(costs):
        above = np.flatnonzero(cost > budget)
        if not len(above):
            found[row] = np.inf
        elif above[0] == 0:
            found[row] = 0.0
        else:  # a straight line between two steps, in logarithms
            at = np.array([above[0] - 1, above[0]])
            where = np.interp(np.log(budget), np.log(cost[at]), np.log(sizes[at]))
            found[row] = np.exp(where)
    return found
