"""The one definition of which sizes are measured, for every layer and every tool.

No layer is named here. A grid is a product of geometric ladders, one per axis of the layer, cut
to what the layer's own theory allows: enough FLOPs to be more than overhead, and few enough
FLOPs, steps and bytes to be affordable and to stay within one regime of the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, prod

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Expr

from ...layers import SYMBOLS, Layer, Shape, is_known, subs

#: Bytes of one element of the dtype that the limits are meant for, float32.
ELEMENT = 4

MIB = 2.0**20

#: Fewest FLOPs of a point for each byte moved, where the layer can do twice as many: bytes of what
#: a pass holds, and of the weights as often as it reads them. Below, memory decides, at a speed
#: that changes with each cache that the bytes outgrow: on one machine a convolution's n, d and k
#: came out as 1.17, 2.25 and 1.21 with all points, as 1.06, 2.01 and 1.03 with these.
INTENSITY = 16

#: Fewest values of an axis that thinning leaves: an exponent beside two lower-order terms.
FEWEST = 4

#: Elements of a vector register of float32, and of a cache line: 64 bytes.
REGISTER = 16


def octaves(largest: int, parts: int = 2) -> tuple[int, ...]:
    """Sizes that part each octave evenly, of whole vector registers, from one register on.

    At half a register times lay 12 to 43 % above the law. From 256 on each size is one register
    more than a power of two or three times one, so an odd number of them: in rows whose lengths
    are multiples of 2 KiB a column lies in few of a cache's sets, which pushes it out. QKᵀ took
    8 to 45 % more time for each FLOP at d = 512, 1024 and 1536 than at 528, 1040 and 1552, and
    attention's d came out as 1.1 to 1.2.
    """
    steps = (
        2**i + 2**i * part // parts for i in range(4, largest.bit_length()) for part in range(parts)
    )
    sizes = (size for size in steps if size % REGISTER == 0 and size <= largest)
    return tuple(size if size < 256 else size + REGISTER for size in sizes)


#: Values of each axis, from which a grid takes what theory allows. n and d go in half octaves: a
#: recurrent layer's weights leave few octaves between overhead and cache, and each size errs a
#: little in its own way. A kernel is odd (the padding (k − 1)/2 is whole) and begins at 3, because
#: with k = 1 a convolution is another layer with another kernel.
LADDERS: Mapping[str, tuple[int, ...]] = {
    "n": octaves(65536),
    "d": octaves(16384),
    "k": tuple(2**i + 1 for i in range(1, 7)),
    "r": tuple(2**i + 1 for i in range(2, 9)),
    "c": tuple(2**i for i in range(3, 9)),
    "V": octaves(65536),
    "N": tuple(2**i for i in range(1, 8)),
}

#: The axes that go in parts of octaves.
OCTAVES = ("n", "d", "V")


@dataclass(frozen=True)
class GridLimits:
    """How far the sizes of a device go, beside those of a processor's core.

    Parameters
    ----------
    flops, bytes
        Factors on a profile's limits.
    largest
        Largest size of an axis; one that is not named goes as far as its ladder.
    """

    flops: float = 1
    bytes: float = 1
    largest: Mapping[str, int] = field(default_factory=dict)


#: Of each device. A GPU does some thousand times the FLOPs of a core in the same time, and a kernel
#: of it takes some microseconds however small it is: at a core's sizes launching kernels took all
#: the time, and no law was to be seen. Its level-2 cache is left within the grid, as it has to be:
#: a pass that fits into it is over before the next kernel is launched.
GRID_LIMITS: Mapping[str, GridLimits] = {
    "cpu": GridLimits(largest={"n": 16384 + REGISTER, "d": 2048 + REGISTER}),
    "cuda": GridLimits(flops=1000, bytes=256),
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
    activations
        Most bytes in float32 of inputs, output and what a pass holds in between. Far beyond the
        inner caches, which some points would fit into and others not, and within the last one:
        beside 2 MiB of level-2 cache a convolution's n came out as 1.10 to 1.15 with up to 4 MiB,
        as 1.06 with 8 MiB.
    weights
        Most bytes in float32 of a weight that is read once. A product that packs a matrix which
        has left the cache packs it at another rate.
    streamed
        The same of weights that are read again at each of the steps that follow one another.
        There a pass does little else, and only where they have left the inner caches has it a
        law to show, of as many widths as cost something: beside 2 MiB of level-2 cache a recurrent
        layer's d came out as 1.71 to 1.94 with 5 MiB, as 1.96 to 2.00 with 10 MiB; on a machine
        whose level-3 cache is half as fast, as 2.7 to 3.1 with 10 MiB, as 1.7 to 2.3 with 40 MiB.
        So the last cache may be left within them: see `widths`.
    points_per_axis
        Most points for each axis of a layer, since each axis has an exponent to tell; a longer
        grid is thinned. With 80 points for its three axes in all, a convolution kept five widths.
    rounds
        Passes over all points of the run.
    repeats
        Timings per point and round, fewer where a pass is long. They take 5 ms together: repeats
        back to back are 3 % apart where rounds are 23 %, so another round is worth more.
    stepwise
        Most FLOPs of a point whose weights are read again at each step, if that is less: a FLOP
        takes four to eight times as long there.
    parts
        Parts of an octave of n, d and V.
    widths
        Parts of an octave of d where that leaves no more than `points_per_axis`: each size errs a
        little in its own way, and seven of a multi-head attention made two runs differ by 0.08.
        Where weights are read again at each step n goes in octaves for it: what such a layer does
        it does in a step, of which d tells, and only few widths lie between where calls cost most
        and where the last cache is left. With two in an octave the exponent of d came out as 1.90
        to 2.94 in four such layers and differed by up to 0.68 between two runs, with four as 1.82
        to 2.04 in four
        runs and by up to 0.12, at the median by 0.03.
    """

    name: str
    flops: float
    span: float
    steps: int
    activations: float
    weights: float
    streamed: float
    points_per_axis: int
    rounds: int = 5
    repeats: int = 5
    stepwise: float = inf
    parts: int = 2
    widths: int | None = None

    def parts_of(self, layer: Layer, axis: str, *, finer: bool) -> int:
        """Parts of an octave of an axis of a layer, on a grid that is `finer` in d or is not."""
        if not finer or self.widths is None:
            return self.parts
        if axis == "n" and reads_matrices(layer):
            return 1
        return self.widths if axis == "d" else self.parts


#: Limits on bytes that keep a layer within one regime: activations, weights, weights streamed.
IN_CACHE = (8 * MIB, 5 * MIB, 40 * MIB)
#: The same where longer passes are affordable. Packing a matrix is of lower order, and n = 784 is
#: as far as 8 MiB go: attention's n came out as 1.89 and 1.90 there, as 1.96 to 2.00 in five runs
#: with 32 MiB, a convolution's as 0.94 and 0.95, as 0.99 to 1.06.
LARGER = (32 * MIB, *IN_CACHE[1:])
LONGER = (2 * LARGER[0], *LARGER[1:])

#: The profiles, by name. `choice` is what a planner chooses from: points twice as large as those
#: of `standard`, and twice as many sizes an octave, since each errs a little in its own way, which
#: more measurements of the same few do not average away. `asv` is the grid of asv's and
#: pytest-benchmark's suites, whose tools take half a second to a second per point however small it
#: is: its points are large ones. With 24 of up to 3e8 FLOPs the median exponent's interval was 2.3
#: wide, with these 0.4 (attention, sdpa, conv and rnn, three rounds each on a disturbed machine).
PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile("asv", 3e9, 1e3, 600, *IN_CACHE, points_per_axis=30),
        Profile("quick", 6e8, 1e4, 300, *IN_CACHE, points_per_axis=24),
        Profile(
            "standard",
            5e9,
            1e4,
            600,
            *LARGER,
            points_per_axis=66,
            rounds=9,
            stepwise=1.25e9,
            widths=4,
        ),
        Profile("choice", 1e10, 1e4, 600, *LONGER, points_per_axis=300, stepwise=5e9, parts=4),
        Profile(
            "full", 2e10, 1e5, 2100, *3 * (512 * MIB,), points_per_axis=100, rounds=7, widths=4
        ),
    )
}


#: Those that a user chooses from; the others belong to tools, and to a planner.
OFFERED = ("quick", "standard", "full")


def profile_of(name: str) -> Profile:
    """Return the profile of this name.

    Raises
    ------
    ValueError
        If there is none; the message lists those that are `OFFERED`.
    """
    try:
        return PROFILES[name]
    except KeyError:
        known = ", ".join(OFFERED)
        raise ValueError(f"no profile is called {name!r}; there are: {known}") from None


def grid_points(layer: Layer, profile: Profile, device: str = "cpu") -> list[dict[str, int]]:
    """Sizes at which a layer is measured, by letter, in the order of the ladders.

    Parameters
    ----------
    layer
        The layer; its axes and its theory decide.
    profile
        The limits, for a core of a processor.
    device
        Where: `GRID_LIMITS` says how much further a GPU goes.

    Returns
    -------
    list of dict
        At most ``profile.points_per_axis`` for each axis.

    Raises
    ------
    ValueError
        If an axis has no ladder, a size is neither an axis nor tied to one, or no point of the
        ladders is within the limits.
    """
    if missing := [axis for axis in layer.axes if axis not in LADDERS]:
        raise ValueError(f"layer {layer.name!r}: the grid has no ladder for {missing}")
    theory = layer.tied_theory()
    if not is_known(theory.flops, theory.sequential_ops, theory.parameters, activations(layer)):
        raise ValueError(
            f"layer {layer.name!r} brings no theory to choose sizes by; `layerlaw run` and "
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
    if _count(sizes) > most and profile.widths is not None and not reads_matrices(layer):
        sizes = _within(layer, profile, device, finer=False)
    inside = _thin(sizes, most, {axis: _order(theory.flops, sizes, axis) for axis in layer.axes})
    return [
        dict(zip(inside, map(int, point), strict=True))
        for point in zip(*inside.values(), strict=True)
    ]


def _within(
    layer: Layer, profile: Profile, device: str, *, finer: bool
) -> dict[str, NDArray[np.int64]]:
    """Sizes of a layer that are within the limits of a profile, by letter, (points,) each."""
    reach, theory = GRID_LIMITS[device], layer.tied_theory()
    ladders = (
        [
            size
            for size in ladder(layer, axis, profile.parts_of(layer, axis, finer=finer))
            if size <= reach.largest.get(axis, size)
        ]
        for axis in layer.axes
    )
    mesh = np.meshgrid(*ladders, indexing="ij")
    sizes = {axis: values.ravel() for axis, values in zip(layer.axes, mesh, strict=True)}
    flops = _at(theory.flops, sizes)
    held = ELEMENT * _at(activations(layer), sizes)
    weights = ELEMENT * _at(theory.parameters, sizes)
    kept = flops <= reach.flops * profile.flops
    for expr in layer.whole:
        kept &= _at(subs(expr, layer.ties), sizes) % 1 == 0
    steps = _at(theory.sequential_ops, sizes)
    kept &= steps <= profile.steps
    kept &= held <= reach.bytes * profile.activations
    streams = steps_through(layer)
    if streams:
        kept &= weights <= reach.bytes * profile.streamed
        kept &= flops <= reach.flops * profile.stepwise
    else:
        kept &= ELEMENT * _at(layer.largest_weight(), sizes) <= reach.bytes * profile.weights
    if not kept.any():
        raise ValueError(f"layer {layer.name!r}: no point of the ladders fits {profile.name!r}")
    intensity = flops / (held + weights * (steps if streams else 1))
    kept &= flops * profile.span >= flops[kept].max()
    kept = _intense(sizes, kept, intensity)
    return _take(sizes, kept)


def _intense(
    sizes: Mapping[str, NDArray[np.int64]],
    kept: NDArray[np.bool_],
    intensity: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Leave out points of low intensity, as far as that leaves each axis enough values."""
    fewest = _fewest(_take(sizes, kept))
    least = min(INTENSITY, intensity[kept].max() / 2)
    while least > intensity[kept].min():
        left: NDArray[np.bool_] = kept & (intensity >= least)
        if _enough(_take(sizes, left), fewest):
            return left
        least /= 2
    return kept


def ladder(layer: Layer, axis: str, parts: int = 2) -> tuple[int, ...]:
    """Values of an axis of a layer: lengths that chunks divide are no odd number of registers."""
    sizes = LADDERS[axis]
    if axis in OCTAVES:
        sizes = octaves(sizes[-1], parts)
    if axis == "n" and any(SYMBOLS["n"] in expr.free_symbols for expr in layer.whole):
        return tuple(size if size < 256 else size - REGISTER for size in sizes)
    return sizes


def steps_through(layer: Layer) -> bool:
    """Whether a layer takes a step for each position, or chunk, and reads its weights in each."""
    order = layer.tied_theory().sequential_ops
    return bool(order.free_symbols) and bool(order.is_rational_function())


def reads_matrices(layer: Layer) -> bool:
    """Whether what a layer reads again in each step are matrices, which outgrow caches."""
    parameters, width = layer.tied_theory().parameters, SYMBOLS["d"]
    square = parameters.is_polynomial(width) and sympy.degree(parameters, width) >= 2
    return bool(square) and steps_through(layer)


def activations(layer: Layer) -> Expr:
    """Elements that a pass holds at once, weights apart: inputs, temporaries and output."""
    return layer.tied_theory().temporaries + operands(layer)


def operands(layer: Layer) -> Expr:
    """Elements of inputs and output together."""
    return sum(_elements(layer, shape) for shape in (*layer.inputs.values(), layer.output))


def _elements(layer: Layer, shape: Shape) -> Expr:
    return prod(subs(side, layer.ties) for side in shape)


def _at(expr: Expr, sizes: Mapping[str, NDArray[np.int64]]) -> NDArray[np.float64]:
    """Value of an expression in the size symbols at each point."""
    function = sympy.lambdify([SYMBOLS[letter] for letter in sizes], expr, "numpy")
    columns = [values.astype(float) for values in sizes.values()]  # whole numbers may overflow
    return np.broadcast_to(np.asarray(function(*columns), dtype=float), columns[0].shape)


def _order(expr: Expr, sizes: Mapping[str, NDArray[np.int64]], axis: str) -> float:
    """Order in one axis: the slope of log expr between the largest sizes and twice that axis."""
    top = {letter: values.max(keepdims=True) for letter, values in sizes.items()}
    return float(np.log2(_at(expr, {**top, axis: 2 * top[axis]}) / _at(expr, top))[0])


def _thin(
    sizes: dict[str, NDArray[np.int64]], most: int, orders: Mapping[str, float]
) -> dict[str, NDArray[np.int64]]:
    """Leave out points until at most so many remain.

    First every other value of an axis: the lines along an axis stay whole, so that each can be
    drawn and its local slope taken. It is the axis with most values for its order, since more
    terms of lower order lie below a square than below a line. Where that would leave an axis
    fewer than four values, points are left out instead, in a lattice: every value of every axis
    stays in use.
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
    # Points on planes of (1, 2, 3): neighbours along an axis, and along two, lie on others.
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
    """Values that each axis keeps at least."""
    return {axis: min(FEWEST, len(np.unique(column))) for axis, column in sizes.items()}


def _enough(sizes: Mapping[str, NDArray[np.int64]], fewest: Mapping[str, int]) -> bool:
    """Whether each axis has so many values."""
    return all(len(np.unique(column)) >= fewest[axis] for axis, column in sizes.items())


def _count(sizes: Mapping[str, NDArray[np.int64]]) -> int:
    return len(next(iter(sizes.values())))


def _take(
    sizes: Mapping[str, NDArray[np.int64]], kept: NDArray[np.bool_]
) -> dict[str, NDArray[np.int64]]:
    return {axis: column[kept] for axis, column in sizes.items()}
