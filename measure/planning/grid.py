"""The grid: the sizes at which a layer is measured, the same for all tools.

A grid is the product of candidate sizes, geometric along each axis of the layer, limited by the
layer's own theory: enough FLOPs to exceed overhead, and few enough FLOPs, steps and bytes to be
affordable and to stay within one regime of the machine.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from ...layers import SYMBOLS, Layer, evaluate, is_known, subs
from ..cases import (
    AXIS_SIZES,
    ELEMENT_BYTES,
    OCTAVES,
    REGISTER,
    activations,
    is_stepwise,
    octaves,
    rereads_matrices,
)
from .profiles import GRID_LIMITS, Profile

#: Minimum FLOPs of a point per byte moved, for layers that reach twice as many. Bytes are those of
#: all tensors, and of the weights as often as they are read. Below, memory decides, at a speed that
#: changes with each cache that the bytes exceed: on one machine a convolution's n, d and k came out
#: as 1.17, 2.25 and 1.21 with all points, as 1.06, 2.01 and 1.03 with this limit.
INTENSITY = 16

#: Fewest values of an axis that thinning leaves, enough for an exponent and two lower-order terms.
FEWEST = 4


def grid_points(layer: Layer, profile: Profile, device: str = "cpu") -> list[dict[str, int]]:
    """Return the sizes at which a layer is measured, by letter, in the order of `AXIS_SIZES`.

    Parameters
    ----------
    layer
        The layer, whose axes and theory determine the grid.
    profile
        The limits, for a core of a processor.
    device
        ``cpu`` or ``cuda``; `GRID_LIMITS` has the factors of a GPU.

    Returns
    -------
    list of dict
        At most ``profile.points_per_axis`` for each axis.

    Raises
    ------
    ValueError
        If an axis has no candidate sizes, a size is neither an axis nor tied to one, or no point is
        within the limits.
    """
    if missing := [axis for axis in layer.axes if axis not in AXIS_SIZES]:
        raise ValueError(f"layer {layer.name!r}: the axes {missing} have no candidate sizes")
    theory = layer.tied_theory()
    if not is_known(theory.flops, theory.sequential_ops, theory.parameters, activations(layer)):
        raise ValueError(
            f"layer {layer.name!r} has no theory, which sizes are chosen by; `layerlaw run` and "
            "`layerlaw.sweep` derive it"
        )
    for expr in (theory.flops, theory.sequential_ops, theory.parameters, activations(layer)):
        if unknown := {str(s) for s in expr.free_symbols} - set(layer.axes):
            raise ValueError(
                f"layer {layer.name!r}: its theory, inputs or output name {sorted(unknown)}, "
                "which are neither axes nor ties"
            )
    most = profile.points_per_axis * len(layer.axes)
    sizes = _within(layer, profile, device, finer=True)
    if _count(sizes) > most and profile.width_parts is not None and not rereads_matrices(layer):
        sizes = _within(layer, profile, device, finer=False)
    inside = _thin(sizes, most, {axis: _order(theory.flops, sizes, axis) for axis in layer.axes})
    return [
        dict(zip(inside, map(int, point), strict=True))
        for point in zip(*inside.values(), strict=True)
    ]


def _within(
    layer: Layer, profile: Profile, device: str, *, finer: bool
) -> dict[str, NDArray[np.int64]]:
    """Return a layer's sizes within the limits of a profile, by letter, each (points,)."""
    limits, theory = GRID_LIMITS[device], layer.tied_theory()
    candidates = (
        [
            size
            for size in sizes_along(layer, axis, profile.parts_of(layer, axis, finer=finer))
            if size <= limits.largest.get(axis, size)
        ]
        for axis in layer.axes
    )
    mesh = np.meshgrid(*candidates, indexing="ij")
    sizes = {axis: values.ravel() for axis, values in zip(layer.axes, mesh, strict=True)}
    flops = evaluate(theory.flops, sizes)
    held = ELEMENT_BYTES * evaluate(activations(layer), sizes)
    weights = ELEMENT_BYTES * evaluate(theory.parameters, sizes)
    allowed = flops <= limits.flops * profile.flops
    for expr in layer.integer_expressions:
        allowed &= evaluate(subs(expr, layer.ties), sizes) % 1 == 0
    steps = evaluate(theory.sequential_ops, sizes)
    allowed &= steps <= profile.steps
    allowed &= held <= limits.bytes * profile.activations
    streams = is_stepwise(layer)
    if streams:
        allowed &= weights <= limits.bytes * profile.streamed_weights
        allowed &= flops <= limits.flops * profile.stepwise_flops
    else:
        allowed &= (
            ELEMENT_BYTES * evaluate(layer.largest_weight(), sizes)
            <= limits.bytes * profile.weights
        )
    if not allowed.any():
        raise ValueError(f"layer {layer.name!r}: no point of the grid fits {profile.name!r}")
    intensity = flops / (held + weights * (steps if streams else 1))
    allowed &= flops * profile.flops_ratio >= flops[allowed].max()
    allowed = _intense(sizes, allowed, intensity)
    return _take(sizes, allowed)


def _intense(
    sizes: Mapping[str, NDArray[np.int64]],
    allowed: NDArray[np.bool_],
    intensity: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Drop points of low intensity as long as each axis keeps enough values."""
    fewest = _fewest(_take(sizes, allowed))
    least = min(INTENSITY, intensity[allowed].max() / 2)
    while least > intensity[allowed].min():
        left: NDArray[np.bool_] = allowed & (intensity >= least)
        if _enough(_take(sizes, left), fewest):
            return left
        least /= 2
    return allowed


def sizes_along(layer: Layer, axis: str, parts: int = 2) -> tuple[int, ...]:
    """Return candidate sizes of a layer's axis; lengths may have to be divisible by chunks."""
    sizes = AXIS_SIZES[axis]
    if axis in OCTAVES:
        sizes = octaves(sizes[-1], parts)
    unit = layer.units.get(axis, 1)
    if 2 * sum(size % unit == 0 for size in sizes) < len(sizes):  # few are left: round them up
        return tuple(dict.fromkeys(-(-size // unit) * unit for size in sizes))
    if axis == "n" and any(SYMBOLS["n"] in expr.free_symbols for expr in layer.integer_expressions):
        return tuple(size if size < 256 else size - REGISTER for size in sizes)
    return sizes


def _order(expr: Expr, sizes: Mapping[str, NDArray[np.int64]], axis: str) -> float:
    """Return the order in an axis: the slope of log expr from the largest size to twice it.

    A cost of 0, such as the FLOPs of a layer that returns its input, has the order 0.
    """
    top = {letter: values.max(keepdims=True) for letter, values in sizes.items()}
    if not np.any(cost := evaluate(expr, top)):
        return 0.0
    return float(np.log2(evaluate(expr, {**top, axis: 2 * top[axis]}) / cost)[0])


def _thin(
    sizes: dict[str, NDArray[np.int64]], most: int, orders: Mapping[str, float]
) -> dict[str, NDArray[np.int64]]:
    """Drop points until at most `most` remain.

    First every other value of an axis is dropped: lines along the axes stay complete, to be drawn
    and to give local slopes. It is the axis with most values for its order, since more lower-order
    terms lie below a square than below a line. Where that would leave an axis fewer than four
    values, a lattice of points is dropped instead: every value of every axis remains in use.
    """
    fewest = _fewest(sizes)
    while _count(sizes) > most:
        values = {axis: np.unique(column) for axis, column in sizes.items()}
        longest = sorted(values, key=lambda axis: -len(values[axis]) / (1 + orders[axis]))
        # Counted from the top, where the leading term weighs most.
        halved = (_take(sizes, np.isin(sizes[axis], values[axis][::-2])) for axis in longest)
        left = next((half for half in halved if _enough(half, fewest)), None)
        if left is None:
            break
        sizes = left
    # Points on planes of (1, 2, 3): neighbours along one or two axes lie on different planes.
    ranks = np.zeros(_count(sizes), dtype=np.int64)
    for weight, column in enumerate(sizes.values(), start=1):
        ranks += weight * np.unique(column, return_inverse=True)[1]
    for modulus in range(1, ranks.max() + 2):
        planes = [_take(sizes, ranks % modulus == plane) for plane in range(modulus)]
        for left in sorted(planes, key=_count, reverse=True):
            if _count(left) <= most and _enough(left, fewest):
                return left
    raise ValueError(f"no lattice of {list(sizes)} has as few as {most} points")


def _fewest(sizes: Mapping[str, NDArray[np.int64]]) -> dict[str, int]:
    """Return the fewest values that each axis must keep."""
    return {axis: min(FEWEST, len(np.unique(column))) for axis, column in sizes.items()}


def _enough(sizes: Mapping[str, NDArray[np.int64]], fewest: Mapping[str, int]) -> bool:
    """Return whether each axis has its fewest values."""
    return all(len(np.unique(column)) >= fewest[axis] for axis, column in sizes.items())


def _count(sizes: Mapping[str, NDArray[np.int64]]) -> int:
    return len(next(iter(sizes.values())))


def _take(
    sizes: Mapping[str, NDArray[np.int64]], allowed: NDArray[np.bool_]
) -> dict[str, NDArray[np.int64]]:
    return {axis: column[allowed] for axis, column in sizes.items()}
