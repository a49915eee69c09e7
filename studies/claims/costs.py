"""Evidence from costs: exact formulas from counts, and laws of measured times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import sympy
from sympy import Expr

from ... import analysis
from ...analysis import formula_text
from ...experiments import ExactFormula, count_formulas
from ...layers import subs
from .statement import Evidence, Setting, auxiliary_evidence, limiting_evidence, required_evidence

if TYPE_CHECKING:
    from ...analysis import Fit
    from ...layers import Layer


@lru_cache
def layer_formulas(layer: str) -> Mapping[str, ExactFormula]:
    """Return a layer's formulas, solved from counts; cached, as several statements use them."""
    return count_formulas(layer)


def has_order(order: Expr, exact: Expr) -> bool:
    """Return whether an exact count is Θ(order): it has this term and none that grows faster.

    >>> n, d = sympy.symbols("n d", positive=True)
    >>> has_order(n * d**2, 4 * n * d**2 + 2 * n * d)
    True
    >>> has_order(n * d, 4 * n * d**2), has_order(n * d, n)
    (False, False)
    """
    symbols = sorted(order.free_symbols | exact.free_symbols, key=str)
    most = sympy.Poly(order, *symbols).monoms()[0]
    terms = sympy.Poly(exact, *symbols).monoms()
    return most in terms and all(
        power <= top for term in terms for power, top in zip(term, most, strict=True)
    )


def order_evidence(order: Expr, exact: Expr, what: str) -> Evidence:
    """Compare an exact count with an order."""
    return required_evidence(
        f"exact FLOPs of {what}, compared with O({formula_text(order)})",
        formula_text(exact),
        has_order(order, exact),
        f"they are {formula_text(exact)}, not O({formula_text(order)})",
    )


def time_evidence(setting: Setting, *names: str) -> Iterator[Evidence]:
    """Compare the laws of layers' times with theory, for the layers that were measured."""
    for name in names:
        fit = setting.law(name)
        if fit is None or fit.judgement is None:
            yield auxiliary_evidence(f"time of {name}", "not measured")
        else:
            yield _time(name, fit, fit.judgement)


def _time(name: str, fit: Fit, judgement: analysis.Judgement) -> Evidence:
    what = f"time of {name} ({fit.series.device}): exponents with 95 % intervals, and verdict"
    if judgement.verdict is analysis.Verdict.UNRESOLVED:
        return auxiliary_evidence(what, f"unresolved: {judgement.reason}")
    exponents = "; ".join(map(str, fit.law.exponents)) if fit.law else "no law"
    return limiting_evidence(
        what,
        f"{exponents}: {judgement.verdict.value}",
        judgement.verdict is analysis.Verdict.DIFFERS,
        f"the time of {name} has other exponents on this machine ({exponents})",
    )


def phase_share(setting: Setting, whole: str, phases: Sequence[str]) -> float | None:
    """Return the time of all phases, by their laws, divided by that of the whole.

    It is the median over the whole's points that lie within the measured sizes of all phases;
    None if there are none or a law is missing.
    """
    fit, parts = setting.law(whole), [setting.law(name) for name in phases]
    if fit is None or fit.law is None:
        return None
    sizes = dict(zip(fit.series.axes, fit.series.sizes.T, strict=True))
    inside, total = np.ones(len(fit.series.values), bool), np.zeros(len(fit.series.values))
    for part in parts:
        if part is None or part.law is None:
            return None
        axes = part.series.axes
        for axis, column in zip(axes, part.series.sizes.T, strict=True):
            inside &= (column.min() <= sizes[axis]) & (sizes[axis] <= column.max())
        total += np.ravel(part.law.predict(np.column_stack([sizes[axis] for axis in axes])))
    if not inside.any():
        return None
    return float(np.median((total / fit.series.values)[inside]))


def flops_match_theory(layer: Layer, points: list[dict[str, int]]) -> bool:
    """Return whether counted FLOPs equal theory's, also at sizes that a sweep ties."""
    from ...measure import count_flops  # loads torch

    return all(
        count_flops(layer, at) == subs(layer.theory.flops, layer.resolve(at)) for at in points
    )
