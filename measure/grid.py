"""The one definition of which sizes are measured, for every layer and every tool.

No layer is named here. A grid is a product of geometric ladders, one per axis of the layer, cut
to what the layer's own theory allows: enough FLOPs to be more than overhead, and few enough
FLOPs, steps and bytes to be affordable and to stay within one regime of the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Expr

from ..layers import Layer
from ..layers.theory import SYMBOLS, put

#: Bytes of one element of the dtype that the limits are meant for, float32.
ELEMENT = 4

#: Fewest values of an axis that thinning leaves: an exponent beside two lower-order terms.
FEWEST = 4

#: Values of each axis, from which a grid takes what theory allows. Powers of two, so that every
#: point fills whole vector registers and tiles alike; a kernel is odd (the padding (k − 1)/2 is
#: whole) and begins at 3, because with k = 1 a convolution is another layer with another kernel.
#: The width begins at 16, a vector register of float32: at 8 times lay 12 to 43 % above the law.
LADDERS: Mapping[str, tuple[int, ...]] = {
    "n": tuple(2**i for i in range(4, 15)),
    "d": tuple(2**i for i in range(4, 13)),
    "k": tuple(2**i + 1 for i in range(1, 7)),
}


@dataclass(frozen=True)
class Profile:
    """How much is measured.

    Parameters
    ----------
    name
        What it is called on the command line.
    flops
        Most FLOPs of a point, by the layer's exact count.
    span
        Ratio of the most to the fewest FLOPs of one layer's points: what is smaller is overhead
        alone and says nothing of the law.
    steps
        Most operations that follow one another: each costs some microseconds however small it
        is, so a long chain of small ones would be seconds of overhead.
    bytes
        Largest working set in float32: inputs, parameters and the activations of theory. What
        leaves the cache follows another law (a naive attention's local n-slope rises from 2.0
        to 2.3 where its n × n temporaries leave it).
    points
        Most points per layer; a longer grid is thinned.
    rounds
        Passes over all points of the run.
    repeats
        Timings per point and round. One: repeats back to back are 3 % apart where rounds are
        23 %, so another round is worth more than another repeat.
    """

    name: str
    flops: float
    span: float
    steps: int
    bytes: int
    points: int
    rounds: int = 5
    repeats: int = 1


#: The profiles, by name. `asv` is the grid of the asv and pytest-benchmark suites, whose tools take
#: half a second to a second per point however small it is: its points are large ones. With 24 of
#: up to 3e8 FLOPs the median exponent's interval was 2.3 wide, with these 0.4 (attention, sdpa,
#: conv and rnn, three rounds each on a disturbed machine).
PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile("asv", 3e9, 1e3, 512, 12 * 2**20, points=60),
        Profile("quick", 3e8, 1e4, 256, 12 * 2**20, points=36),
        Profile("standard", 1.25e9, 1e4, 512, 12 * 2**20, points=80, rounds=7),
        Profile("full", 2e10, 1e5, 2048, 512 * 2**20, points=200, rounds=7),
    )
}


def profile_of(name: str) -> Profile:
    """Return the profile of this name.

    Raises
    ------
    ValueError
        If there is none; the message lists the names there are.
    """
    try:
        return PROFILES[name]
    except KeyError:
        known = ", ".join(PROFILES)
        raise ValueError(f"no profile is called {name!r}; there are: {known}") from None


def points(layer: Layer, profile: Profile) -> list[dict[str, int]]:
    """Sizes at which a layer is measured, by letter, in the order of the ladders.

    Parameters
    ----------
    layer
        The layer; its axes and its theory decide.
    profile
        The limits.

    Returns
    -------
    list of dict
        At most ``profile.points`` points.

    Raises
    ------
    ValueError
        If an axis has no ladder, or no point of the ladders is within the limits.
    """
    if missing := [axis for axis in layer.axes if axis not in LADDERS]:
        raise ValueError(f"layer {layer.name!r}: the grid has no ladder for {missing}")
    mesh = np.meshgrid(*(LADDERS[axis] for axis in layer.axes), indexing="ij")
    sizes = {axis: values.ravel() for axis, values in zip(layer.axes, mesh, strict=True)}
    theory = layer.tied_theory()
    flops = _at(theory.flops, sizes)
    kept = flops <= profile.flops
    kept &= _at(theory.sequential_ops, sizes) <= profile.steps
    kept &= ELEMENT * _at(working_set(layer), sizes) <= profile.bytes
    if not kept.any():
        raise ValueError(f"layer {layer.name!r}: no point of the ladders fits {profile.name!r}")
    kept &= flops * profile.span >= flops[kept].max()
    inside = _thin(_take(sizes, kept), profile.points)
    return [
        dict(zip(inside, map(int, point), strict=True))
        for point in zip(*inside.values(), strict=True)
    ]


def working_set(layer: Layer) -> Expr:
    """Elements that one pass touches: the parameters, and the activations of theory or the inputs.

    The larger of the two counts, not their sum: what theory keeps for the backward pass is often
    an input.
    """
    theory = layer.tied_theory()
    inputs = sum(prod(put(side, layer.ties) for side in shape) for shape in layer.inputs.values())
    return theory.parameters + sympy.Max(inputs, theory.memory)


def _at(expr: Expr, sizes: Mapping[str, NDArray[np.int64]]) -> NDArray[np.float64]:
    """Value of an expression in the size symbols at each point."""
    function = sympy.lambdify([SYMBOLS[letter] for letter in sizes], expr, "numpy")
    columns = [values.astype(float) for values in sizes.values()]  # whole numbers may overflow
    return np.broadcast_to(np.asarray(function(*columns), dtype=float), columns[0].shape)


def _thin(sizes: dict[str, NDArray[np.int64]], most: int) -> dict[str, NDArray[np.int64]]:
    """Leave out points until at most so many remain.

    First every other value of the longest axis: the lines along an axis stay whole, so that each
    can be drawn and its local slope taken. Where that would leave an axis fewer than four
    values, points are left out instead, in a lattice: every value of every axis stays in use.
    """
    while _count(sizes) > most:
        values = {axis: np.unique(column) for axis, column in sizes.items()}
        longest = max(values, key=lambda axis: len(values[axis]))
        if len(values[longest]) < 2 * FEWEST - 1:
            break
        # Counted from the top, where the leading term weighs most.
        sizes = _take(sizes, np.isin(sizes[longest], values[longest][::-2]))
    fewest = {axis: min(FEWEST, len(np.unique(column))) for axis, column in sizes.items()}
    # Points on planes of (1, 2, 3): neighbours along an axis, and along two, lie on others.
    ranks = np.zeros(_count(sizes), dtype=np.int64)
    for weight, column in enumerate(sizes.values(), start=1):
        ranks += weight * np.unique(column, return_inverse=True)[1]
    for modulus in range(1, ranks.max() + 2):
        planes = [_take(sizes, ranks % modulus == plane) for plane in range(modulus)]
        for left in sorted(planes, key=_count, reverse=True):
            if _count(left) <= most and all(
                len(np.unique(left[axis])) >= number for axis, number in fewest.items()
            ):
                return left
    raise ValueError(f"no lattice of {list(sizes)} has as few as {most} points")


def _count(sizes: Mapping[str, NDArray[np.int64]]) -> int:
    return len(next(iter(sizes.values())))


def _take(
    sizes: Mapping[str, NDArray[np.int64]], kept: NDArray[np.bool_]
) -> dict[str, NDArray[np.int64]]:
    return {axis: column[kept] for axis, column in sizes.items()}
