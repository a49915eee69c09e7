"""The candidate sizes of each axis, from which a grid takes what theory allows."""

from __future__ import annotations

from collections.abc import Mapping

#: Elements of a vector register of float32, and of a cache line: 64 bytes.
REGISTER = 16


def octaves(largest: int, parts: int = 2) -> tuple[int, ...]:
    """Return sizes that divide each octave evenly, multiples of a vector register of 16 elements.

    With half a register times were 12 to 43 % above the law. From 256 on each size is one register
    more than a power of two or three times one: in rows whose lengths are multiples of 2 KiB a
    column maps to few of a cache's sets and is evicted. QKᵀ took 8 to 45 % more time for each FLOP
    at d = 512, 1024 and 1536 than at 528, 1040 and 1552, and attention's d came out as 1.1 to 1.2.
    """
    steps = (
        2**i + 2**i * part // parts for i in range(4, largest.bit_length()) for part in range(parts)
    )
    sizes = (size for size in steps if size % REGISTER == 0 and size <= largest)
    return tuple(size if size < 256 else size + REGISTER for size in sizes)


#: Candidate sizes of each axis; a grid takes those that theory allows. n and d have two per octave:
#: a recurrent layer's weights leave few octaves between overhead and cache, and each size has a
#: small error of its own. A kernel is odd (the padding (k − 1)/2 is whole) and at least 3, because
#: with k = 1 a convolution runs another kernel.
AXIS_SIZES: Mapping[str, tuple[int, ...]] = {
    "n": octaves(65536),
    "d": octaves(16384),
    "k": tuple(2**i + 1 for i in range(1, 7)),
    "r": tuple(2**i + 1 for i in range(2, 9)),
    "c": tuple(2**i for i in range(3, 9)),
    "V": octaves(65536),
    "N": tuple(2**i for i in range(1, 8)),
}

#: The axes whose sizes divide octaves evenly.
OCTAVES = ("n", "d", "V")
