"""The order of the time that is expected of a layer: theory's, or what its author says."""

from __future__ import annotations

from sympy import Expr

from ... import layers
from .terms import parse


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
