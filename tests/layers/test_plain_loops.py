"""An independent count: every layer once more in plain loops, over numbers that count themselves.

Each function below is written from the formula alone, on nested lists, and has to give the
layer's numbers with exactly as many operations as theory says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import chain
from typing import ClassVar

import pytest
import torch
from layerlaw import layers
from torch import Tensor


class Number:
    """A float that counts the operations it takes part in."""

    operations: ClassVar[int] = 0

    def __init__(self, value: float) -> None:
        self.value = value

    @classmethod
    def of(cls, value: float) -> Number:
        """Return the result of one operation."""
        cls.operations += 1
        return cls(value)

    def __add__(self, other: Number) -> Number:
        return self.of(self.value + other.value)

    def __sub__(self, other: Number) -> Number:
        return self.of(self.value - other.value)

    def __mul__(self, other: Number) -> Number:
        return self.of(self.value * other.value)

    def __truediv__(self, other: Number) -> Number:
        return self.of(self.value / other.value)


Vector = list[Number]
Matrix = list[Vector]
ZERO, ONE = Number(0.0), Number(1.0)


def exp(x: Number) -> Number:
    return Number.of(math.exp(x.value))


def tanh(x: Number) -> Number:
    return Number.of(math.tanh(x.value))


def sigmoid(x: Number) -> Number:
    return Number.of(1 / (1 + math.exp(-x.value)))


def maximum(x: Number, y: Number) -> Number:
    return Number.of(max(x.value, y.value))


def each(function: Callable[..., Number], *vectors: Vector) -> Vector:
    return [function(*numbers) for numbers in zip(*vectors, strict=True)]


def plus(*vectors: Vector) -> Vector:
    first, *others = vectors
    for other in others:
        first = each(Number.__add__, first, other)
    return first


def times(u: Vector, v: Vector) -> Vector:
    return each(Number.__mul__, u, v)


def dot(u: Vector, v: Vector) -> Number:
    total = ZERO
    for a, b in zip(u, v, strict=True):
        total = total + a * b  # one multiply-add: 2 FLOPs
    return total


def apply(W: Matrix, x: Vector) -> Vector:
    return [dot(row, x) for row in W]


def transposed(X: Matrix) -> Matrix:
    return [list(column) for column in zip(*X, strict=True)]


def joined(vectors: Iterable[Vector]) -> Vector:
    return list(chain.from_iterable(vectors))


def split(rows: list, parts: int) -> list[list]:
    size = len(rows) // parts
    return [rows[i * size : (i + 1) * size] for i in range(parts)]


def softmax_row(row: Vector) -> Vector:
    largest = Number(-math.inf)
    for x in row:
        largest = maximum(largest, x)
    raised = [exp(x - largest) for x in row]
    total = ZERO
    for x in raised:
        total = total + x
    return [x / total for x in raised]


def scores(Q: Matrix, K: Matrix) -> Matrix:
    return [[dot(q, k) for k in K] for q in Q]


def softmax(S: Matrix) -> Matrix:
    return [softmax_row(row) for row in S]


def weighted_sum(A: Matrix, V: Matrix) -> Matrix:
    return [[dot(row, column) for column in transposed(V)] for row in A]


def attention(Q: Matrix, K: Matrix, V: Matrix) -> Matrix:
    return weighted_sum(softmax(scores(Q, K)), V)


def sdpa(Q: Matrix, K: Matrix, V: Matrix) -> Matrix:
    root = Number(len(Q[0]) ** -0.25)  # torch scales both factors by the root of 1/√d
    Q, K = ([[x * root for x in row] for row in X] for X in (Q, K))
    return attention(Q, K, V)


def multihead(x: Matrix, W_Q: list, W_K: list, W_V: list, W_O: Matrix) -> Matrix:
    outputs = []
    for one_Q, one_K, one_V in zip(W_Q, W_K, W_V, strict=True):  # head by head
        Q, K, V = ([apply(W, x_t) for x_t in x] for W in (one_Q, one_K, one_V))
        root = Number(math.sqrt(len(one_Q)))
        S = [[score / root for score in row] for row in scores(Q, K)]
        outputs.append(weighted_sum(softmax(S), V))
    concatenated = [joined(head[t] for head in outputs) for t in range(len(x))]
    return [apply(W_O, row) for row in concatenated]


def rnn(x: Matrix, U: Matrix, W: Matrix) -> Matrix:
    h, states = [ZERO] * len(W), []
    for x_t in x:
        h = each(tanh, plus(apply(U, x_t), apply(W, h)))
        states.append(h)
    return states


def lstm_cell(f: Vector, i: Vector, c: Vector, o: Vector, C: Vector) -> tuple[Vector, Vector]:
    f, i, o = (each(sigmoid, gate) for gate in (f, i, o))
    C = plus(times(f, C), times(i, each(tanh, c)))
    return times(o, each(tanh, C)), C


def lstm(x: Matrix, W: Matrix, b: Vector) -> Matrix:
    h = C = [ZERO] * (len(b) // 4)
    states = []
    for x_t in x:
        f, i, c, o = split(plus(apply(W, h + x_t), b), 4)
        h, C = lstm_cell(f, i, c, o, C)
        states.append(h)
    return states


def torch_lstm(x: Matrix, W: Matrix, U: Matrix, b: Vector, c: Vector) -> Matrix:
    h = C = [ZERO] * (len(b) // 4)
    states = []
    for x_t in x:
        i, f, g, o = split(plus(plus(apply(W, x_t), b), plus(apply(U, h), c)), 4)
        h, C = lstm_cell(f, i, g, o, C)
        states.append(h)
    return states


def blend(z: Vector, old: Vector, new: Vector) -> Vector:
    return plus(times(z, old), times([ONE - share for share in z], new))


def gru(x: Matrix, W: Matrix, U_gates: Matrix, U: Matrix) -> Matrix:
    (W_r, W_z, W_h), (U_r, U_z) = split(W, 3), split(U_gates, 2)
    h, states = [ZERO] * len(U), []
    for x_t in x:
        r = each(sigmoid, plus(apply(W_r, x_t), apply(U_r, h)))
        z = each(sigmoid, plus(apply(W_z, x_t), apply(U_z, h)))
        h = blend(z, h, each(tanh, plus(apply(W_h, x_t), apply(U, times(r, h)))))
        states.append(h)
    return states


def reset_after(cell: Callable[..., Vector]) -> Callable[..., Matrix]:
    def gru(x: Matrix, W: Matrix, U: Matrix, b: Vector, c: Vector) -> Matrix:
        h, states = [ZERO] * len(U[0]), []
        for x_t in x:
            x_r, x_z, x_h = split(plus(apply(W, x_t), b), 3)
            h_r, h_z, h_h = split(plus(apply(U, h), c), 3)
            r, z = each(sigmoid, plus(x_r, h_r)), each(sigmoid, plus(x_z, h_z))
            h = cell(z, h, each(tanh, plus(x_h, times(r, h_h))))
            states.append(h)
        return states

    return gru


def torch_blend(z: Vector, old: Vector, new: Vector) -> Vector:
    return plus(times(each(Number.__sub__, old, new), z), new)


def windows(x: Matrix, k: int) -> Matrix:
    pad = [[ZERO] * len(x[0])] * ((k - 1) // 2)
    padded = pad + x + pad
    return [joined(padded[t : t + k]) for t in range(len(x))]


def conv(x: Matrix, W: Matrix) -> Matrix:
    return [apply(W, window) for window in windows(x, len(W[0]) // len(x[0]))]


def torch_conv(x: Matrix, kernels: list) -> Matrix:
    return conv(x, [joined(transposed(kernel)) for kernel in kernels])


PLAIN: dict[str, Callable[..., Matrix]] = {
    "rnn": rnn,
    "torch_rnn": rnn,
    "lstm": lstm,
    "torch_lstm": torch_lstm,
    "gru": gru,
    "gru_reset_after": reset_after(blend),
    "torch_gru": reset_after(torch_blend),
    "conv": conv,
    "torch_conv": torch_conv,
    "conv_1x1": lambda x, W: [apply(W, x_t) for x_t in x],
    "dense": lambda x, W, b: [plus(apply(W, x_t), b) for x_t in x],
    "token_mixing": lambda x, W: weighted_sum(W, x),
    "attention": attention,
    "attention_scores": scores,
    "attention_softmax": softmax,
    "attention_sum": weighted_sum,
    "multihead": multihead,
    "sdpa": sdpa,
}


def numbers(tensor: Tensor) -> list:
    """Nested lists of counting numbers."""
    if tensor.dim() == 0:
        return Number(tensor.item())
    return [numbers(row) for row in tensor]


def test_every_layer_is_written_in_plain_loops() -> None:
    assert set(layers.names()) <= set(PLAIN), "write the missing layers in this file"


@pytest.mark.parametrize(
    "sizes",
    [
        {"n": 3, "d": 4, "k": 3, "m": 2, "h": 2},
        {"n": 4, "d": 3, "k": 5, "m": 5, "h": 1},
        {"n": 1, "d": 4, "k": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", layers.names())
def test_plain_loops_give_the_layers_numbers_and_theorys_count(name: str, sizes: dict) -> None:
    torch.manual_seed(0)
    layer = layers.get(name)
    module = layer.build(sizes).double()
    inputs = layer.make_inputs(sizes, dtype=torch.float64)
    arguments = [numbers(x[0]) for x in inputs] + [numbers(w) for w in module.parameters()]

    Number.operations = 0
    rows = PLAIN[name](*arguments)
    assert Number.operations == layer.theory.at(layer.resolve(sizes)).flops

    values = torch.tensor([[x.value for x in row] for row in rows], dtype=torch.float64)
    torch.testing.assert_close(values, module(*inputs)[0].detach(), rtol=0, atol=1e-12)
