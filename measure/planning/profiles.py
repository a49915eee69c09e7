"""Profiles, which set how much is measured, and the limits of sizes for each device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from ...layers import Layer
from ...messages import quoted
from ..cases import REGISTER, rereads_matrices

MIB = 2.0**20


@dataclass(frozen=True)
class GridLimits:
    """The limits of a device's sizes, relative to those of one processor core.

    Parameters
    ----------
    flops, bytes
        Factors on the profile's limits.
    largest
        Largest size of an axis; others are limited by `AXIS_SIZES` alone.
    """

    flops: float = 1
    bytes: float = 1
    largest: Mapping[str, int] = field(default_factory=dict)


#: The limits of each device. A GPU does about 1000 times the FLOPs of a core per second, and a
#: kernel takes some microseconds however small it is: at a core's sizes launching kernels took all
#: the time. The grid exceeds the GPU's level-2 cache, because a pass that fits into it ends before
#: the next kernel is launched.
GRID_LIMITS: Mapping[str, GridLimits] = {
    "cpu": GridLimits(largest={"n": 16384 + REGISTER, "d": 2048 + REGISTER}),
    "cuda": GridLimits(flops=1000, bytes=256),
}


@dataclass(frozen=True)
class Profile:
    """A profile: how much is measured.

    Parameters
    ----------
    name
        Name on the command line.
    flops
        Maximum FLOPs of a point, by the layer's exact count.
    flops_ratio
        Ratio of the most to the fewest FLOPs of a layer's points: smaller points are overhead only
        and carry no information about the law.
    steps
        Maximum sequential operations: each costs some microseconds however small it is, so a long
        chain would take seconds of overhead.
    activations
        Maximum bytes in float32 of inputs, temporaries and output: far more than the inner caches,
        into which some points would fit and others not, and less than the last one: with 2 MiB of
        level-2 cache a convolution's n came out as 1.10 to 1.15 with up to 4 MiB, as 1.06 with 8
        MiB.
    weights
        Maximum bytes in float32 of a weight that is read once. A matrix that exceeds the cache is
        packed for its product at another rate.
    streamed_weights
        The same for weights that are read again at each sequential step. Such a pass does little
        else, and only beyond the inner caches does it have a law, measured over all widths that
        exceed overhead: with 2 MiB of level-2 cache a recurrent layer's d came out as 1.71 to 1.94
        with 5 MiB, as 1.96 to 2.00 with 10 MiB; on a machine whose level-3 cache is half as fast,
        as 2.7 to 3.1 with 10 MiB, as 1.7 to 2.3 with 40 MiB. So these weights may exceed the last
        cache: see `width_parts`.
    points_per_axis
        Maximum points per axis of a layer, since each axis has an exponent; a longer grid is
        thinned. With 80 points for three axes a convolution would have five widths.
    rounds
        How often all points of the run are measured.
    repeats
        Timings per point and round, fewer where a pass is long; 5 ms together. Consecutive repeats
        differ by 3 % where rounds differ by 23 %, so another round is worth more.
    stepwise_flops
        Maximum FLOPs of a point whose weights are read at each step, if that is less: a FLOP takes
        four to eight times as long there.
    parts
        Sizes per octave of n, d and V.
    width_parts
        Sizes per octave of d, if the grid then has at most `points_per_axis`: each size has a small
        error of its own, and with seven widths two runs of multi-head attention differed by 0.08.
        Layers that read their weights at each step then have one length per octave, since few
        widths lie between overhead and the end of the last cache. With two widths per octave the
        exponent of d came out as 1.90 to 2.94 in four such layers and differed by up to 0.68
        between two runs; with four it was 1.82 to 2.04 in four runs and differed by up to 0.12, at
        the median by 0.03.
    """

    name: str
    flops: float
    flops_ratio: float
    steps: int
    activations: float
    weights: float
    streamed_weights: float
    points_per_axis: int
    rounds: int = 5
    repeats: int = 5
    stepwise_flops: float = inf
    parts: int = 2
    width_parts: int | None = None

    def parts_of(self, layer: Layer, axis: str, *, finer: bool) -> int:
        """Return the sizes per octave of a layer's axis; a `finer` grid has more of d."""
        if not finer or self.width_parts is None:
            return self.parts
        if axis == "n" and rereads_matrices(layer):
            return 1
        return self.width_parts if axis == "d" else self.parts


#: Byte limits that keep a layer within one regime: activations, weights, weights per step.
CACHE_LIMITS = (8 * MIB, 5 * MIB, 40 * MIB)
#: The same for longer passes. Packing a matrix is a cost of lower order, and n = 784 is the largest
#: within 8 MiB: attention's n came out as 1.89 and 1.90 there, as 1.96 to 2.00 in five runs with 32
#: MiB, a convolution's as 0.94 and 0.95, as 0.99 to 1.06.
STANDARD_LIMITS = (32 * MIB, *CACHE_LIMITS[1:])
ADAPTIVE_LIMITS = (2 * STANDARD_LIMITS[0], *STANDARD_LIMITS[1:])

#: The profiles by name. `choice` has the candidates of adaptive runs: points twice as large as
#: those of `standard`, and twice as many sizes per octave, since each has a small error of its own,
#: which further measurements of the same sizes do not average out. `asv` is the grid of asv's and
#: pytest-benchmark's suites, which take 0.5 to 1 s per point however small it is, so its points are
#: large. With 24 points of up to 3e8 FLOPs the median exponent's interval was 2.3 wide, with these
#: 0.4 (attention, sdpa, conv and rnn, three rounds each on a disturbed machine).
PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile("asv", 3e9, 1e3, 600, *CACHE_LIMITS, points_per_axis=30),
        Profile("quick", 6e8, 1e4, 300, *CACHE_LIMITS, points_per_axis=24),
        Profile(
            "standard",
            5e9,
            1e4,
            600,
            *STANDARD_LIMITS,
            points_per_axis=66,
            rounds=9,
            stepwise_flops=1.25e9,
            width_parts=4,
        ),
        Profile(
            "choice",
            1e10,
            1e4,
            600,
            *ADAPTIVE_LIMITS,
            points_per_axis=300,
            stepwise_flops=5e9,
            parts=4,
        ),
        Profile(
            "full", 2e10, 1e5, 2100, *3 * (512 * MIB,), points_per_axis=100, rounds=7, width_parts=4
        ),
    )
}


#: The profiles that users choose from; the others are for benchmark suites and adaptive runs.
USER_PROFILES = ("quick", "standard", "full")


def profile_of(name: str) -> Profile:
    """Return the profile of this name.

    Raises
    ------
    ValueError
        If there is no such profile; the message lists `USER_PROFILES`.
    """
    try:
        return PROFILES[name]
    except KeyError:
        known = ", ".join(USER_PROFILES)
        raise ValueError(f"no profile is called {quoted(name)}; there are: {known}") from None
