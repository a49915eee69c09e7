"""What theory says of a series: its leading order, and the terms that it names exactly."""

from __future__ import annotations

from dataclasses import replace

import sympy
from sympy import Expr, ceiling

from ... import layers
from ...layers import is_known, subs, without_negative_terms, without_rounding
from ...measure import MODES, PEAK_BYTES, SECONDS, metric_of
from ..expressions import ExpressionError, Monomial, parse, split, summands
from ..laws import is_rational
from ..tables import Series


def expected_time(layer: layers.Layer) -> Expr:
    """Give the order of a layer's time; NaN where neither theory nor its author says anything.

    Raises
    ------
    ExpressionError
        If what the author wrote is no expression in the sizes.

    Examples
    --------
    >>> from layerlaw import layers
    >>> expected_time(layers.get("attention"))
    d*n**2
    """
    if isinstance(layer, layers.Own) and layer.expect:
        return parse(layer.expect)
    return layer.tied_theory().time


def theory_of(layer: str, metric: str, mode: str = "forward") -> Expr | None:
    """Look up what the registry says of a layer's metric; None where it says nothing.

    The order of the time is the same for every pass; that of the peak memory is not.
    """
    known = layers.find(layer)
    if known is None:
        return None
    if metric == PEAK_BYTES.name:
        peak = known.peak_memory(mode) if mode in MODES else sympy.nan
        return peak if is_known(peak) else None
    fields = metric_of(metric)
    if not fields.order:
        return None
    if isinstance(known, layers.Own) and metric != SECONDS.name:
        return None  # what was derived from counts is no theory to hold counts against
    theory = known.tied_theory()
    if metric == SECONDS.name:
        theory = replace(theory, time=subs(expected_time(known), known.ties))
    expression: Expr = getattr(theory, fields.order)
    exact: Expr = getattr(theory, fields.exact or fields.order)
    polynomial = exact.is_finite and not exact.atoms(ceiling) and exact.is_polynomial()
    if (
        polynomial and without_negative_terms(exact) == exact.expand()
    ):  # a leading part takes nothing away
        expression = exact
    if not expression.is_finite:
        return None
    return without_rounding(expression)


def exact_terms(series: Series) -> list[Monomial]:
    """Terms of what theory says of a count exactly; none where it says nothing of that form."""
    known = layers.find(series.layer)
    field = metric_of(series.metric).exact
    if known is None or isinstance(known, layers.Own) or not field:
        return []
    exact: Expr = getattr(known.tied_theory(), field)
    try:
        terms = summands(exact, series.axes, series.constants)
        found = [split(term, series.axes)[1] for term in terms]
    except ExpressionError:
        return []
    return found if all(map(is_rational, found)) else []
