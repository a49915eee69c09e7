"""How much is measured: the profiles, and how far the sizes of each device go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from ...layers import Layer
from ..cases import REGISTER, rereads_matrices

MIB = 2.0**20


@dataclass(frozen=True)
class GridLimits:
    """How far the sizes of a device go, relative to those of a processor's core.

    Parameters
    ----------
    flops, bytes
        Factors on a profile's limits.
    largest
        Largest size of an axis; one that is not named goes as far as `AXIS_SIZES`.
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
    flops_ratio
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
    streamed_weights
        The same of weights that are read again at each of the steps that follow one another.
        There a pass does little else, and only where they have left the inner caches has it a
        law to show, of as many widths as cost something: beside 2 MiB of level-2 cache a recurrent
        layer's d came out as 1.71 to 1.94 with 5 MiB, as 1.96 to 2.00 with 10 MiB; on a machine
        whose level-3 cache is half as fast, as 2.7 to 3.1 with 10 MiB, as 1.7 to 2.3 with 40 MiB.
        So the last cache may be left within them: see `width_parts`.
    points_per_axis
        Most points for each axis of a layer, since each axis has an exponent to tell; a longer
        grid is thinned. With 80 points for its three axes in all, a convolution kept five widths.
    rounds
        Passes over all points of the run.
    repeats
        Timings per point and round, fewer where a pass is long. They take 5 ms together: repeats
        back to back are 3 % apart where rounds are 23 %, so another round is worth more.
    stepwise_flops
        Most FLOPs of a point whose weights are read again at each step, if that is less: a FLOP
        takes four to eight times as long there.
    parts
        Parts of an octave of n, d and V.
    width_parts
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
        """Parts of an octave of an axis of a layer, on a grid that is `finer` in d or is not."""
        if not finer or self.width_parts is None:
            return self.parts
        if axis == "n" and rereads_matrices(layer):
            return 1
        return self.width_parts if axis == "d" else self.parts


#: Limits on bytes that keep a layer within one regime: activations, weights, weights streamed.
CACHE_LIMITS = (8 * MIB, 5 * MIB, 40 * MIB)
#: The same where longer passes are affordable. Packing a matrix is of lower order, and n = 784 is
#: as far as 8 MiB go: attention's n came out as 1.89 and 1.90 there, as 1.96 to 2.00 in five runs
#: with 32 MiB, a convolution's as 0.94 and 0.95, as 0.99 to 1.06.
STANDARD_LIMITS = (32 * MIB, *CACHE_LIMITS[1:])
ADAPTIVE_LIMITS = (2 * STANDARD_LIMITS[0], *STANDARD_LIMITS[1:])

#: The profiles, by name. `choice` is what a planner chooses from: points twice as large as those
#: of `standard`, and twice as many sizes an octave, since each errs a little in its own way, which
#: more measurements of the same few do not average away. `asv` is the grid of asv's and
#: pytest-benchmark's suites, whose tools take half a second to a second per point however small it
#: is: its points are large ones. With 24 of up to 3e8 FLOPs the median exponent's interval was 2.3
#: wide, with these 0.4 (attention, sdpa, conv and rnn, three rounds each on a disturbed machine).
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


#: Those that a user chooses from; the others belong to tools, and to a planner.
USER_PROFILES = ("quick", "standard", "full")


def profile_of(name: str) -> Profile:
    """Return the profile of this name.

    Raises
    ------
    ValueError
        If there is none; the message lists those that are `USER_PROFILES`.
    """
    try:
        return PROFILES[name]
    except KeyError:
        known = ", ".join(USER_PROFILES)
        raise ValueError(f"no profile is called {name!r}; there are: {known}") from None
