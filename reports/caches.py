"""Which cache a border belongs to: what a pass holds, beside what the machine's caches do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy
from sympy import Expr

from .. import layers
from ..analysis import Fit
from ..analysis.arrays import Array
from ..measure.grid import ELEMENT, activations
from .units import quantity

#: A cache counts as outgrown where it lies this factor or less outside of what is held on either
#: side of a border: it holds other things too, and some of what is held is not used again.
_SLACK = 2.0

_NAMES = {"L1": "level-1", "L2": "level-2", "L3": "last-level"}


def outgrown(fit: Fit, caches: Mapping[str, Any]) -> str:
    """Say which cache is outgrown at a law's border, and by what; empty where none is.

    Held against each cache are the weights, and what a pass holds at once besides: at the points
    before the border that come nearest to it, and at those beyond.

    Parameters
    ----------
    fit
        A fit of a layer's times.
    caches
        Bytes by level, as in a machine's fingerprint.
    """
    law, name = fit.law, fit.series.layer
    border = law.step.border if law is not None and law.step is not None else None
    if law is None or border is None or name not in layers.names():
        return ""
    layer = layers.get(name)
    reached = border.along.column(law.sizes)
    before, beyond = reached <= border.low, reached >= border.high
    found = []
    for what, expr in (
        ("the weights outgrow", layer.tied_theory().parameters),
        ("what a pass holds outgrows", activations(layer)),
    ):
        held = ELEMENT * _at(expr, fit)
        least, most = float(held[before].max()), float(held[beyond].min())
        if not least < most:  # it does not grow along the border
            continue
        found += [
            (abs(np.log(size / np.sqrt(least * most))), what, level, size)
            for level, size in caches.items()
            if least / _SLACK <= size <= most * _SLACK
        ]
    if not found:
        return ""
    _, what, level, size = min(found)
    return f"{what} the {_NAMES.get(level, level)} cache of {quantity(float(size), 'peak_bytes')}"


def _at(expr: Expr, fit: Fit) -> Array:
    """Evaluate an expression at a fit's points, (points,)."""
    law = fit.law
    assert law is not None
    known = {**fit.series.constants, **dict(zip(law.axes, law.sizes.T, strict=True))}
    symbols = sorted(expr.free_symbols, key=lambda symbol: str(symbol.name))
    values = sympy.lambdify(symbols, expr, "numpy")(*(known[symbol.name] for symbol in symbols))
    return np.asarray(np.broadcast_to(np.asarray(values, dtype=float), len(law.sizes)))
