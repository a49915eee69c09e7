"""The choice of lower-order terms for the law that is shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..expressions import Monomial
from ..regression import Solution, VariableProjection
from .models import Model

_STRONG = 6.0  # in a criterion: strong evidence (Raftery 1995)


def select_terms(model: Model, bound: float) -> Model:
    """Leave out lower-order terms, or put them in, as long as that betters the criterion.

    What non-negativity leaves in use is more than is there: terms of no account share the noise,
    and move the exponents. Told nothing, exponents err by 1.3 to 1.6 times as much as told the
    terms; the criterion (Schwarz 1978) leaves 1.0 to 1.2. Real layers have many small terms, and
    the best choice of some has lost others: the exponents are those of all choices on the way,
    weighted by how likely each is (Raftery 1995).
    """
    if not model.best.leading:
        return model
    plain = [at for at, term in enumerate(model.lower) if isinstance(term, Monomial)]
    steps = tuple(range(len(plain), model.problem.terms))  # columns that stay
    tried: dict[frozenset[int], tuple[float, VariableProjection, Solution]] = {}

    def criterion(kept: frozenset[int]) -> float:
        if kept not in tried:
            problem = model.problem.only((*sorted(kept), *steps))
            best = problem.search(bound, model.best.exponents[None, :])
            tried[kept] = problem.criterion(best), problem, best
        return tried[kept][0]

    kept = frozenset(at for at in plain if model.best.lower[at] > 0)
    while (better := min((kept, *(kept ^ {at} for at in plain)), key=criterion)) != kept:
        kept = better
    scores = np.array([score for score, *_ in tried.values()])
    weights = np.exp((scores.min() - scores) / 2)
    every = np.array([best.exponents for *_, best in tried.values()])
    score, problem, best = tried[kept]
    mean = problem.solve(weights @ every / weights.sum())
    if problem.criterion(mean) - score < _STRONG:  # else they lie too far apart for a mean
        best = mean
    step = model.step and model.step.following(best.exponents)
    lower = [*(model.lower[at] for at in sorted(kept)), *([step] if step else [])]
    return replace(model, problem=problem, best=best, lower=lower, step=step)
