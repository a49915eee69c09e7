"""Name the cache that a breakpoint belongs to, by comparing working sets with cache sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sympy import Expr

from ... import layers
from ...layers import evaluate, is_known
from ...measure import ELEMENT_BYTES, PEAK_BYTES, activations
from ..expressions import Array
from ..formatting import quantity
from ..laws import FittedLaw, Law
from ..tables import Series

#: A cache counts as outgrown if its size lies within this factor of the working sets on both
#: sides of a breakpoint: it holds other data too, and part of the working set is not reused.
_SLACK = 2.0

_NAMES = {"L1": "level-1", "L2": "level-2", "L3": "last-level"}


def caches_of(machine: Mapping[str, Any], settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the bytes of a machine's caches by level; empty where they cannot be compared.

    Working sets are counted in float32 and for one sequence.
    """
    usual = {"dtype": "float32", "batch": 1}
    if any({**usual, **case} != {**case, **usual} for case in settings.get("cases", ())):
        return {}
    caches: Mapping[str, Any] = machine.get("caches", {})
    return caches


def outgrown_cache(series: Series, law: Law | None, caches: Mapping[str, Any]) -> str:
    """Say which cache is outgrown at a law's breakpoint, and by what; empty where none is.

    Each cache is compared with the weights, and with the other data that a pass holds at once, at
    the points nearest to the breakpoint on both sides.

    Parameters
    ----------
    series, law
        A layer's times, and their law.
    caches
        Bytes by level, as in a machine's fingerprint.
    """
    if not isinstance(law, FittedLaw) or law.step is None or not _on_processor(series):
        return ""
    breakpoint = law.step.breakpoint
    along = breakpoint.along.column(law.sizes)
    before, beyond = along <= breakpoint.low, along >= breakpoint.high
    found = []
    for what, expr in _working_sets(series.layer):
        occupied = _bytes(expr, series, law.sizes)
        least, most = float(occupied[before].max()), float(occupied[beyond].min())
        if not least < most:  # it does not grow along the breakpoint's monomial
            continue
        found += [
            (abs(np.log(size / np.sqrt(least * most))), what, level, size)
            for level, size in caches.items()
            if least / _SLACK <= size <= most * _SLACK
        ]
    if not found:
        return ""
    _, what, level, size = min(found)
    return f"{what} the {_cache(level, size)}"


def outgrown_cache_at(
    series: Series, law: Law | None, at: Mapping[str, float], caches: Mapping[str, Any]
) -> str:
    """Say which cache is outgrown at sizes but at no point of the law; empty where none is.

    Of several it is the largest. Beyond such a cache a law's predictions are not supported.

    Parameters
    ----------
    series, law
        A layer's times, and their law.
    at
        A value of every size that the law grows in.
    caches
        Bytes by level, as in a machine's fingerprint.
    """
    if law is None or not series.timed or not _on_processor(series):
        return ""
    sizes = np.array([[at[axis] for axis in law.axes]])
    found = []
    for what, expr in _working_sets(series.layer):
        most, new = _bytes(expr, series, law.sizes).max(), float(_bytes(expr, series, sizes)[0])
        found += [
            (size, f"{what} the {_cache(level, size)}, which no point's did")
            for level, size in caches.items()
            if most <= size < new
        ]
    return max(found)[1] if found else ""


def _on_processor(series: Series) -> bool:
    """Whether a series is of a known layer on the processor, whose caches are known."""
    return layers.find(series.layer) is not None and series.device == "cpu"


def _working_sets(name: str) -> tuple[tuple[str, Expr], ...]:
    """List a layer's working sets in elements, each with the phrase for outgrowing a cache."""
    layer = layers.get(name)
    found = (
        ("the weights outgrow", layer.tied_theory().parameters),
        ("what a pass holds outgrows", activations(layer)),
    )
    return tuple((what, expr) for what, expr in found if is_known(expr))


def _cache(level: str, size: float) -> str:
    return f"{_NAMES.get(level, level)} cache of {quantity(float(size), PEAK_BYTES.name)}"


def _bytes(expr: Expr, series: Series, sizes: Array) -> Array:
    """Evaluate elements as bytes of float32 at sizes (points, axes) of a series: (points,)."""
    by_letter: dict[str, Array | float] = {**series.constants}
    by_letter |= zip(series.axes, sizes.T, strict=True)
    occupied: Array = ELEMENT_BYTES * evaluate(expr, by_letter)
    return occupied
