"""Term selection: choose the lower-order terms of the law that is shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..expressions import Monomial
from ..regression import Solution, VariableProjection
from .models import Model

_STRONG = 6.0  # difference in BIC that is strong evidence (Raftery 1995)


def select_terms(model: Model, bound: float) -> Model:
    """Drop or add lower-order terms one at a time as long as that lowers the BIC.

    Non-negativity selects too many terms: superfluous ones fit noise and shift the exponents.
    Without selection the exponents' errors are 1.3 to 1.6 times those of a fit that is given the
    true terms; with the criterion (Schwarz 1978) they are 1.0 to 1.2 times as large. Real layers
    have many small terms, some of which any one choice drops: the exponents are averaged over all
    choices on the way, weighted by their likelihood (Raftery 1995).
    """
    if not model.best.leading:
        return model
    plain = [at for at, term in enumerate(model.lower) if isinstance(term, Monomial)]
    steps = tuple(range(len(plain), model.problem.terms))  # columns that stay
    fits: dict[frozenset[int], tuple[float, VariableProjection, Solution]] = {}

    def criterion(terms: frozenset[int]) -> float:
        if terms not in fits:
            problem = model.problem.with_terms((*sorted(terms), *steps))
            best = problem.search(bound, model.best.exponents[None, :])
            fits[terms] = problem.criterion(best), problem, best
        return fits[terms][0]

    terms = frozenset(at for at in plain if model.best.lower[at] > 0)
    while (better := min((terms, *(terms ^ {at} for at in plain)), key=criterion)) != terms:
        terms = better
    scores = np.array([score for score, *_ in fits.values()])
    weights = np.exp((scores.min() - scores) / 2)
    exponents = np.array([best.exponents for *_, best in fits.values()])
    score, problem, best = fits[terms]
    mean = problem.solve(weights @ exponents / weights.sum())
    if problem.criterion(mean) - score < _STRONG:  # else the choices are too different for a mean
        best = mean
    step = model.step and model.step.following(best.exponents)
    lower = [*(model.lower[at] for at in sorted(terms)), *([step] if step else [])]
    return replace(model, problem=problem, best=best, lower=lower, step=step)
