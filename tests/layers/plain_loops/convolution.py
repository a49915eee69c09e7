"""Convolutions and pooling in plain loops."""

from __future__ import annotations

import math

from tests.layers.plain_loops.numbers import (
    ZERO,
    Matrix,
    Number,
    apply,
    dot,
    each,
    joined,
    maximum,
    split,
    summed,
    times,
    transposed,
)


def windows(x: Matrix, k: int) -> Matrix:
    pad = [[ZERO] * len(x[0])] * ((k - 1) // 2)
    padded = pad + x + pad
    return [joined(padded[t : t + k]) for t in range(len(x))]


def conv(x: Matrix, W: Matrix) -> Matrix:
    return [apply(W, window) for window in windows(x, len(W[0]) // len(x[0]))]


def torch_conv(x: Matrix, kernels: list) -> Matrix:
    return conv(x, [joined(transposed(kernel)) for kernel in kernels])


def separable_conv(x: Matrix, w: Matrix, P: Matrix) -> Matrix:
    size = len(w[0])
    pad = [[ZERO] * len(x[0])] * ((size - 1) // 2)
    columns = transposed(pad + x + pad)
    along = [
        [dot(kernel, column[t : t + size]) for kernel, column in zip(w, columns, strict=True)]
        for t in range(len(x))
    ]
    return [apply(P, row) for row in along]


def dilated_stack(x: Matrix, W: list) -> Matrix:
    for level, weight in enumerate(W):
        size = len(weight[0]) // len(weight)
        gap, zeros = size**level, [ZERO] * len(x[0])
        seen = [
            joined(x[t - j * gap] if t >= j * gap else zeros for j in range(size - 1, -1, -1))
            for t in range(len(x))
        ]
        x = [apply(weight, window) for window in seen]
    return x


def long_conv(x: Matrix, h: Matrix) -> Matrix:
    """As a sum: by the transform it takes other operations."""
    return [summed([times(h[t - s], x[s]) for s in range(t + 1)]) for t in range(len(x))]


def hyena(x: Matrix, W: Matrix, h: Matrix, W_O: Matrix) -> Matrix:
    q, k, v = ([apply(each_of, x_t) for x_t in x] for each_of in split(W, 3))
    mixed = long_conv([times(*pair) for pair in zip(k, v, strict=True)], h)
    return [apply(W_O, times(*pair)) for pair in zip(q, mixed, strict=True)]


def average_pool(x: Matrix, k: int) -> Matrix:
    pad = [[ZERO] * len(x[0])] * ((k - 1) // 2)
    padded = pad + x + pad
    return [[s / Number(k) for s in summed(padded[t : t + k])] for t in range(len(x))]


def max_pool(x: Matrix, k: int) -> Matrix:
    pad = [[Number(-math.inf)] * len(x[0])] * ((k - 1) // 2)
    padded = pad + x + pad
    rows = []
    for t in range(len(x)):
        row = [Number(-math.inf)] * len(x[0])
        for other in padded[t : t + k]:
            row = each(maximum, row, other)
        rows.append(row)
    return rows
