"""The leading part of a law when no theory is given: the degrees that describe the points best."""

from __future__ import annotations

import itertools

import numpy as np

from .arrays import Array
from .fitting import fit_law
from .law import Law
from .projection import FLOOR
from .terms import Leading, Monomial

_HIGHEST = 3
_NEAR = 0.75  # an exponent farther off belongs to a neighbouring degree
_ALIKE = 2.0  # a difference in BIC that tells nothing (Kass & Raftery 1995)


def discover(axes: tuple[str, ...], sizes: Array, values: Array) -> Leading:
    """Choose whole degrees for the leading part.

    Each candidate is fitted with all its divisors and a free exponent; the Bayesian information
    criterion (Schwarz 1978) charges for the terms in use. Among those it cannot tell apart the
    one of lowest degree is taken: its divisors are fewer.
    """
    highest = _HIGHEST if len(axes) < 3 else 2
    scored: list[tuple[float, Leading]] = []
    for degrees in itertools.product(range(highest + 1), repeat=len(axes)):
        if not any(degrees):
            continue
        term = Monomial(tuple(map(float, degrees)), (0,) * len(axes))
        leading = Leading(axes, ((1.0, term),))
        law = fit_law(sizes, values, leading, leading.divisors(), bound=_NEAR, intervals=False)
        scored.append((_criterion(law), leading))
    best = min(score for score, _ in scored)
    return min(
        (leading for score, leading in scored if score <= best + _ALIKE),
        key=lambda leading: sum(leading.terms[0][1].powers),
    )


def _criterion(law: Law) -> float:
    """Bayesian information criterion of a law's relative residuals."""
    points = len(law.values)
    free = points - law.spare
    mean = float(np.mean(np.minimum(law.residuals**2, 1.0))) + FLOOR**2
    return points * float(np.log(mean)) + free * float(np.log(points))
