"""Compare a law with theory's: exponents as theory has them, with the same lower-order terms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..breakpoints import StepTerm
from ..laws import FittedLaw
from ..regression import Whitening, one_thread
from .model_averaging import fit_models
from .models import FitData, Model


@dataclass(frozen=True)
class TheoryComparison:
    """The best law that has theory's exponents, compared with the law of free exponents.

    Attributes
    ----------
    log_likelihood_ratio
        Log likelihood of the law less that of theory's law, each with its prior.
    residual_sd
        Residual standard deviation of theory's law.
    leading_share
        Largest share of the leading part in theory's law, at any point.
    """

    log_likelihood_ratio: float
    residual_sd: float
    leading_share: float


@one_thread()
def compare_with_theory(law: FittedLaw) -> TheoryComparison:
    """Fit theory's exponents to a law's points, and compare the two.

    Theory's law may have any lower-order terms, any overlap, and a breakpoint where the law's
    models have one: its breakpoint need not be the law's. Both are compared under the errors of
    the law.
    """
    points = FitData(law.sizes, law.values, law.leading, law.lower)
    models = fit_models(
        points,
        0.0,
        len(law.overlaps) > 1,
        any(isinstance(term, StepTerm) for _, lower in law.problems for term in lower),
        law.processes,
    )
    errors = {id(problem.whitening): problem.whitening for problem, _ in law.problems}.values()
    likelihoods = [max(_likelihood(model, each) for each in errors) for model in models]
    best = models[int(np.argmax(likelihoods))]
    parts = best.problem.term_parts(best.best)
    share = best.problem.leading_sum(parts)[:, 0] / parts.sum(axis=1)
    residual_df = max(best.problem.points - best.best.terms_in_use, 1)
    residuals = best.problem.residuals(best.best)
    return TheoryComparison(
        law.log_weight - max(likelihoods),
        float(np.sqrt(np.sum(residuals**2) / residual_df)),
        float(share.max()),
    )


def _likelihood(model: Model, errors: Whitening) -> float:
    """Compute the log likelihood of theory's law, with its prior, under other errors."""
    problem = model.problem.with_whitening(errors)
    (likelihood,) = problem.log_likelihood(model.best.exponents[None, :])
    return float(likelihood + np.log(model.prior))
