"""Sizes that go together, for any layer."""

from __future__ import annotations

from layerlaw.layers import Layer
from layerlaw.layers.registry.stacking import Stack


def complete(sizes: dict[str, int], layer: Layer | None = None) -> dict[str, int]:
    """Add windows, chunks, groups and what else some layers have, as n, k and h ask for.

    Where a layer needs larger sizes, it gets them. A stack has no input width of its own: what each
    of its layers gives is as wide as what it is given.
    """
    if isinstance(layer, Stack):
        sizes = {axis: size for axis, size in sizes.items() if axis != "m"}
    length, heads = sizes["n"], sizes.get("h", 4)
    others = {
        "r": sizes.get("k", 3),
        "c": _divisor(length),
        "V": 6,
        "N": 3,
        "g": _divisor(heads),
    }
    least = layer.least if layer else {}
    return {**others, **{axis: max(size, least.get(axis, 1)) for axis, size in sizes.items()}}


def _divisor(number: int) -> int:
    """Greatest proper divisor, or 1."""
    return next((i for i in range(number // 2, 0, -1) if number % i == 0), 1)
