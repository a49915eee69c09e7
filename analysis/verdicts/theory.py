"""Look up theory for a series: its leading order, and its exact terms."""

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
    """Return the order of a layer's time; NaN where neither theory nor its author gives one.

    Raises
    ------
    ExpressionError
        If the author's expression is not one in the sizes.

    Examples
    --------
    >>> from layerlaw import layers
    >>> expected_time(layers.get("attention"))
    d*n**2
    """
    if isinstance(layer, layers.UserLayer) and layer.expect:
        return parse(layer.expect)
    return layer.tied_theory().time


def theory_of(layer: str, metric: str, mode: str = "forward") -> Expr | None:
    """Look up theory's expression for a layer's metric; None where the registry has none.

    The order of the time is the same for every mode; that of the peak memory is not.
    """
    registered = layers.find(layer)
    if registered is None:
        return None
    if metric == PEAK_BYTES.name:
        peak = registered.peak_memory(mode) if mode in MODES else sympy.nan
        return peak if is_known(peak) else None
    fields = metric_of(metric)
    if not fields.order:
        return None
    if isinstance(registered, layers.UserLayer) and metric != SECONDS.name:
        return None  # it was derived from counts, so it cannot judge them
    theory = registered.tied_theory()
    if metric == SECONDS.name:
        theory = replace(theory, time=subs(expected_time(registered), registered.ties))
    expression: Expr = getattr(theory, fields.order)
    exact: Expr = getattr(theory, fields.exact or fields.order)
    polynomial = exact.is_finite and not exact.atoms(ceiling) and exact.is_polynomial()
    if (
        polynomial and without_negative_terms(exact) == exact.expand()
    ):  # a leading part has no negative terms
        expression = exact
    if not expression.is_finite:
        return None
    return without_rounding(expression)


def is_users(layer: str) -> bool:
    """Return whether the order of a layer's time is an expression of its author."""
    registered = layers.find(layer)
    return isinstance(registered, layers.UserLayer) and bool(registered.expect)


def states_ratio(theory: Expr) -> bool:
    """Return whether theory states the ratio of its terms, by a coefficient other than 1.

    4·n²·d + 8·n·d² states it, from counted operations; n²·d + n·d² does not.
    """
    axes = sorted(str(symbol.name) for symbol in theory.free_symbols)
    return any(split(term, axes)[0] != 1 for term in summands(theory, axes))


def exact_terms(series: Series) -> list[Monomial]:
    """Return the terms of theory's exact count; empty where it has none of that form."""
    layer = layers.find(series.layer)
    field = metric_of(series.metric).exact
    if layer is None or isinstance(layer, layers.UserLayer) or not field:
        return []
    exact: Expr = getattr(layer.tied_theory(), field)
    try:
        terms = summands(exact, series.axes, series.constants)
        parts = [split(term, series.axes)[1] for term in terms]
    except ExpressionError:
        return []
    return parts if all(map(is_rational, parts)) else []


def logarithm_fault(theory: Expr, series: Series) -> str:
    """Say which size is too small for theory's logarithms; empty where none is.

    At sizes of 1 and below a logarithm is 0 or negative, and no cost is.
    """
    for log in sorted(theory.atoms(sympy.log), key=str):
        for symbol in sorted(log.free_symbols, key=str):
            smallest = series.smallest(symbol.name)
            if smallest is not None and smallest <= 1:
                return f"log {symbol} needs sizes above 1, the smallest {symbol} is {smallest:g}"
    return ""
