"""Layers that take each position alone, or mix them, in plain loops."""

from __future__ import annotations

import math

from tests.layers.plain_loops.attention import weighted_sum
from tests.layers.plain_loops.numbers import (
    Matrix,
    Number,
    Vector,
    apply,
    each,
    gelu,
    mean,
    over_root,
    plus,
    sigmoid,
    times,
)


def mixer(x: Matrix, W_1: Matrix, W_2: Matrix) -> Matrix:
    inner = [each(gelu, row) for row in weighted_sum(W_1, x)]
    return weighted_sum(W_2, inner)


def layer_norm(x: Matrix, gamma: Vector, beta: Vector) -> Matrix:
    rows = []
    for row in x:
        middle = mean(row)
        centred = [number - middle for number in row]
        rows.append(plus(times(gamma, over_root(centred)), beta))
    return rows


def gated_mlp(x: Matrix, G: Matrix, U: Matrix, W: Matrix) -> Matrix:
    rows = []
    for x_t in x:
        gate = apply(G, x_t)
        gate = times(gate, each(sigmoid, gate))
        rows.append(apply(W, times(gate, apply(U, x_t))))
    return rows


def embedding(w: Vector, E: Matrix) -> Matrix:
    root = Number(math.sqrt(len(E[0])))
    return [[root * x for x in E[int(word.value)]] for word in w]
