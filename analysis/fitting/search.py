"""Search for the leading part of a law without theory, with a weight for each candidate.

Candidates are monomials of whole degrees, with powers of one size's logarithm, sums of two
monomials of which neither divides the other, and monomials of any degree. Each comes with its
divisors. The Bayesian information criterion (Schwarz 1978) penalises the terms in use and the
free exponents; with the prior of each kind, divided equally among its members, it gives each
candidate a weight (Kass & Raftery 1995).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..expressions import FLOOR, Array, Leading, Monomial, columns, monomials
from ..laws import LEAST_LEADING_SHARE
from ..regression import VariableProjection, independent_errors
from .law_fitting import fit_law
from .model_averaging import robust_weights

_HIGHEST = 3
_LOGS = (1, 2)
_NEAR = 0.75  # half-width of the search around a degree: beyond it lies another degree's range
_ALIKE = 2.0  # difference in the criterion without significance (Kass & Raftery 1995)

#: Prior probability of each kind.
_WHOLE, _FREE, _LOGARITHM, _SUM = 0.5, 0.2, 0.15, 0.15


@dataclass(frozen=True)
class Candidate:
    """A leading part that was found, with its weight.

    Attributes
    ----------
    leading
        Its terms, of whole degrees.
    shift
        (axes,): the exponents less these degrees; 0 where the exponents are whole.
    weight
        Posterior probability among all candidates.
    """

    leading: Leading
    shift: Array
    weight: float

    @property
    def text(self) -> str:
        """The leading part as SymPy reads it, without coefficients."""
        return " + ".join(
            term.text(self.leading.axes, self.shift) for _, term in self.leading.terms
        )


def find_leading_parts(axes: tuple[str, ...], sizes: Array, values: Array) -> list[Candidate]:
    """Search for the leading part of the points' law.

    Parameters
    ----------
    axes
        The sizes that vary.
    sizes, values
        (points, axes) and (points,), positive.

    Returns
    -------
    The candidates, the one to use first: the likeliest, or, among those with about the same
    criterion, the one of lowest degree, which has the fewest divisors. The others by weight.
    """
    whole = [Leading(axes, ((1.0, term),)) for term in _monomials(axes)[1:]]
    scored: list[tuple[float, Leading, Array]] = []
    hidden: list[tuple[float, Leading, Array]] = []
    weights, best = np.ones(len(values)), np.inf
    for leading in whole:
        law = fit_law(sizes, values, leading, leading.divisors(), bound=_NEAR, intervals=False)
        criterion = _criterion(law.residuals, len(values) - law.residual_df, _FREE / len(whole))
        leads = bool((1 - law.overhead()).max() >= LEAST_LEADING_SHARE)
        (scored if leads else hidden).append((criterion, leading, np.round(law.shift, 2)))
        if criterion < best:
            best, (weights, _) = criterion, robust_weights(law.residuals, law.residual_df)
    logarithms = list(_logarithms(axes, np.flatnonzero((sizes > 1).all(axis=0)).tolist()))
    kinds = ((_WHOLE, whole), (_LOGARITHM, logarithms), (_SUM, list(_sums(axes))))
    for prior, kind in kinds:
        for leading in kind:
            if found := _whole(leading, sizes, values, weights):
                residuals, free, fitted = found
                criterion = _criterion(residuals, free, prior / len(kind))
                scored.append((criterion, fitted, np.zeros(len(axes))))
    return _rank_candidates(scored or hidden)


def _whole(
    leading: Leading, sizes: Array, values: Array, weights: Array
) -> tuple[Array, int, Leading] | None:
    """Fit a leading part with its exponents fixed and a coefficient for each of its terms.

    Returns
    -------
    Relative residuals, number of free parameters, and the leading part with the fitted ratios of
    its terms; None where one of the terms leads nowhere.
    """
    *others, last = (term for _, term in leading.terms)
    lower = [*leading.divisors(), *others]
    problem = VariableProjection(sizes, values, last.column(sizes), columns(lower, sizes))
    found = problem.with_whitening(independent_errors(weights)).solve(np.zeros(len(leading.axes)))
    tops = np.append(found.lower[len(lower) - len(others) :], found.leading)
    shares = tops * columns([*others, last], sizes) / values[:, None]
    if (shares.max(axis=0) < LEAST_LEADING_SHARE).any():
        return None
    ratios = (float(top / tops[0]) for top in tops)
    terms = tuple(zip(ratios, (*others, last), strict=True))
    return problem.residuals(found), found.terms_in_use, Leading(leading.axes, terms)


def _monomials(axes: tuple[str, ...]) -> list[Monomial]:
    """List the candidate monomials of whole degrees, the constant first."""
    return monomials(len(axes), _HIGHEST if len(axes) < 3 else 2)


def _logarithms(axes: tuple[str, ...], above_one: Sequence[int]) -> Iterator[Leading]:
    """Yield monomials, including the constant, times a power of one size's logarithm.

    Only the axes whose sizes are all above 1 have one: elsewhere it is 0 or negative.
    """
    for term in _monomials(axes):
        for at, power in itertools.product(above_one, _LOGS):
            logs = tuple(power * (at == other) for other in range(len(axes)))
            yield Leading(axes, ((1.0, replace(term, logs=logs)),))


def _sums(axes: tuple[str, ...]) -> Iterator[Leading]:
    """Yield sums of two monomials, neither of which divides the other."""
    for one, other in itertools.combinations(_monomials(axes), 2):
        if not one.divides(other) and not other.divides(one):
            yield Leading(axes, ((1.0, one), (1.0, other)))


def _criterion(residuals: Array, free: int, prior: float) -> float:
    """Compute the Bayesian information criterion from residuals, free parameters and prior."""
    points = len(residuals)
    mean = float(np.mean(np.minimum(residuals**2, 1.0))) + FLOOR**2
    return float(points * np.log(mean) + free * np.log(points) - 2 * np.log(prior))


def _rank_candidates(scored: list[tuple[float, Leading, Array]]) -> list[Candidate]:
    """Convert criteria to weights; return the candidate to use first, the others by weight.

    A leading part may be found more than once, as with whole degrees and with free exponents near
    them: these count as one candidate, the likelier form.
    """
    lowest = min(criterion for criterion, _, _ in scored)
    ratios = [np.exp(-(criterion - lowest) / 2) for criterion, _, _ in scored]
    candidates: dict[tuple[Monomial, ...], Candidate] = {}
    alike = set()
    for (criterion, leading, shift), weight in sorted(
        zip(scored, ratios / np.sum(ratios), strict=True), key=lambda pair: pair[0][0]
    ):
        moved = (term.shifted(shift) for _, term in leading.terms)
        key = tuple(replace(m, powers=tuple(round(p, 1) for p in m.powers)) for m in moved)
        candidate = candidates.setdefault(key, Candidate(leading, shift, 0.0))
        candidates[key] = replace(candidate, weight=candidate.weight + float(weight))
        if criterion <= lowest + _ALIKE:
            alike.add(key)
    first = min(alike, key=lambda key: (_degree(candidates[key]), -candidates[key].weight))
    rest = sorted(
        (key for key in candidates if key != first), key=lambda key: -candidates[key].weight
    )
    return [candidates[key] for key in (first, *rest)]


def _degree(candidate: Candidate) -> float:
    """Return the highest total degree of its terms; a logarithm counts as 0.1."""
    moved = (term.shifted(candidate.shift) for _, term in candidate.leading.terms)
    return max(sum(term.powers) + 0.1 * sum(term.logs) for term in moved)
