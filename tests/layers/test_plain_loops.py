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

from tests.helpers.sizes import complete


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


def rnn_states(a: Matrix, W: Matrix) -> Matrix:
    h, states = [ZERO] * len(W), []
    for a_t in a:
        h = each(tanh, plus(a_t, apply(W, h)))
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


def causal_attention(Q: Matrix, K: Matrix, V: Matrix) -> Matrix:
    masked = [
        [x if j <= i else Number(-math.inf) for j, x in enumerate(row)]
        for i, row in enumerate(scores(Q, K))
    ]
    return weighted_sum(softmax(masked), V)


def local_attention(Q: Matrix, K: Matrix, V: Matrix, r: int) -> Matrix:
    reach, rows = (r - 1) // 2, []
    zeros = [ZERO] * len(Q[0])
    for t, q in enumerate(Q):
        places = range(t - reach, t + reach + 1)
        inside = [0 <= s < len(Q) for s in places]
        row = [dot(q, K[s] if here else zeros) for s, here in zip(places, inside, strict=True)]
        row = [x if here else Number(-math.inf) for x, here in zip(row, inside, strict=True)]
        values = [V[s] if here else zeros for s, here in zip(places, inside, strict=True)]
        rows += weighted_sum([softmax_row(row)], values)
    return rows


def grouped_query(x: Matrix, W_Q: list, W_K: list, W_V: list, W_O: Matrix) -> Matrix:
    keys, values = ([[apply(W, x_t) for x_t in x] for W in each_of] for each_of in (W_K, W_V))
    outputs = []
    for head, one_Q in enumerate(W_Q):
        group = head * len(W_K) // len(W_Q)
        root = Number(math.sqrt(len(one_Q)))
        S = scores([apply(one_Q, x_t) for x_t in x], keys[group])
        S = [[score / root for score in row] for row in S]
        outputs.append(weighted_sum(softmax(S), values[group]))
    concatenated = [joined(head[t] for head in outputs) for t in range(len(x))]
    return [apply(W_O, row) for row in concatenated]


def grouped_query_next(q: Matrix, K: list, V: list) -> Matrix:
    heads = split(q[0], len(q[0]) // len(K[0][0]))
    made = []
    for head, one in enumerate(heads):
        group = head * len(K) // len(heads)
        root = Number(math.sqrt(len(one)))
        S = [[score / root for score in row] for row in scores([one], K[group])]
        made.append(weighted_sum(softmax(S), V[group])[0])
    return [joined(made)]


def rnn_next(x: Matrix, h: Matrix, U: Matrix, W: Matrix) -> Matrix:
    return [each(tanh, plus(apply(U, x[0]), apply(W, h[0])))]


def retention_next(q: Matrix, k: Matrix, v: Matrix, S: Matrix) -> Matrix:
    decay = Number(1 - 2**-5)
    faded = [[decay * x for x in row] for row in S]
    S = [plus(old, new) for old, new in zip(faded, outer(k[0], v[0]), strict=True)]
    return [apply(transposed(S), q[0])]


def ssm_next(u: Matrix, x: Matrix, A: Matrix, B: Matrix, C: Matrix) -> Matrix:
    return ssm(u, A, B, C, x)


def separable_conv(x: Matrix, w: Matrix, P: Matrix) -> Matrix:
    size = len(w[0])
    pad = [[ZERO] * len(x[0])] * ((size - 1) // 2)
    columns = transposed(pad + x + pad)
    along = [
        [dot(kernel, column[t : t + size]) for kernel, column in zip(w, columns, strict=True)]
        for t in range(len(x))
    ]
    return [apply(P, row) for row in along]


def feature(x: Vector) -> Vector:
    """elu(x) + 1, in three operations."""
    made = []
    for number in x:
        raised = exp(number) - ONE
        made.append((number if number.value > 0 else raised) + ONE)
    return made


def summed(vectors: Matrix) -> Vector:
    """A sum of n numbers counts as n."""
    total = [ZERO] * len(vectors[0])
    for vector in vectors:
        total = plus(total, vector)
    return total


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


def bidirectional(cell: Callable[..., Matrix]) -> Callable[..., Matrix]:
    def both(x: Matrix, *weights: list) -> Matrix:
        there, back = split(list(weights), 2)
        pairs = zip(cell(x, *there), cell(x[::-1], *back)[::-1], strict=True)
        return [one + other for one, other in pairs]

    return both


def ssm(x: Matrix, A: Matrix, B: Matrix, C: Matrix, kept: Matrix | None = None) -> Matrix:
    step, states = Number(-(2**-5)), kept or [[ZERO] * len(A[0]) for _ in A]
    a = [each(exp, [step * exp(z) for z in row]) for row in A]
    b = [times([ONE - z for z in row], own) for row, own in zip(a, B, strict=True)]
    rows = []
    for x_t in x:
        for i, u in enumerate(x_t):
            states[i] = plus(times(a[i], states[i]), [z * u for z in b[i]])
        rows.append([summed([[z] for z in times(c, s)])[0] for c, s in zip(C, states, strict=True)])
    return rows


def softplus(x: Number) -> Number:
    return Number.of(math.log((exp(x) + ONE).value))


def selective_scan(x: Matrix, A: Matrix, W_B: Matrix, W_C: Matrix, w: Matrix, p: Vector) -> Matrix:
    rate = [[Number.of(-exp(z).value) for z in row] for row in A]
    h, rows = [[ZERO] * len(A[0]) for _ in A], []
    for x_t in x:
        shared = dot(w[0], x_t)
        step = [softplus(shared + own) for own in p]
        B, C = apply(W_B, x_t), apply(W_C, x_t)
        for i, (delta, u) in enumerate(zip(step, x_t, strict=True)):
            fading = each(exp, [delta * z for z in rate[i]])
            entering = delta * u
            h[i] = plus(times(fading, h[i]), [entering * z for z in B])
        rows.append([dot(state, C) for state in h])
    return rows


def erf(x: Number) -> Number:
    return Number.of(math.erf(x.value))


def gelu(x: Number) -> Number:
    return Number(0.5) * x * (erf(x / Number(math.sqrt(2))) + ONE)


def mixer(x: Matrix, W_1: Matrix, W_2: Matrix) -> Matrix:
    inner = [each(gelu, row) for row in weighted_sum(W_1, x)]
    return weighted_sum(W_2, inner)


def long_conv(x: Matrix, h: Matrix) -> Matrix:
    """As a sum: by the transform it takes other operations."""
    return [summed([times(h[t - s], x[s]) for s in range(t + 1)]) for t in range(len(x))]


def hyena(x: Matrix, W: Matrix, h: Matrix, W_O: Matrix) -> Matrix:
    q, k, v = ([apply(each_of, x_t) for x_t in x] for each_of in split(W, 3))
    mixed = long_conv([times(*pair) for pair in zip(k, v, strict=True)], h)
    return [apply(W_O, times(*pair)) for pair in zip(q, mixed, strict=True)]


def linear_attention(Q: Matrix, K: Matrix, V: Matrix) -> Matrix:
    Q, K = ([feature(row) for row in X] for X in (Q, K))
    S, z = [[dot(k, v) for v in transposed(V)] for k in transposed(K)], summed(K)
    tops, bottoms = weighted_sum(Q, S), [dot(q, z) for q in Q]
    return [[x / b for x in row] for row, b in zip(tops, bottoms, strict=True)]


def outer(k: Vector, v: Vector) -> Matrix:
    return [[a * b for b in v] for a in k]


def linear_attention_recurrent(Q: Matrix, K: Matrix, V: Matrix) -> Matrix:
    d = len(Q[0])
    S, z, rows = [[ZERO] * d for _ in range(d)], [ZERO] * d, []
    for q, k, v in zip(Q, K, V, strict=True):
        q, k = feature(q), feature(k)
        S = [plus(old, new) for old, new in zip(S, outer(k, v), strict=True)]
        z = plus(z, k)
        bottom = dot(q, z)
        rows.append([x / bottom for x in apply(transposed(S), q)])
    return rows


GAMMA = Number(1 - 2**-5)


def power(exponent: Number) -> Number:
    return Number.of(GAMMA.value**exponent.value)


def faded(length: int) -> Matrix:
    t = [Number(i) for i in range(length)]
    D = [[power(i - j) for j in t] for i in t]
    return [[x if j <= i else ZERO for j, x in enumerate(row)] for i, row in enumerate(D)]


def retention(Q: Matrix, K: Matrix, V: Matrix, D: Matrix | None = None) -> Matrix:
    D = D or faded(len(Q))
    weights = [times(row, fade) for row, fade in zip(scores(Q, K), D, strict=True)]
    return weighted_sum(weights, V)


def retention_recurrent(Q: Matrix, K: Matrix, V: Matrix) -> Matrix:
    d = len(Q[0])
    S, rows = [[ZERO] * d for _ in range(d)], []
    for q, k, v in zip(Q, K, V, strict=True):
        S = [plus([GAMMA * x for x in old], new) for old, new in zip(S, outer(k, v), strict=True)]
        rows.append(apply(transposed(S), q))
    return rows


def retention_chunkwise(Q: Matrix, K: Matrix, V: Matrix, c: int) -> Matrix:
    d, D = len(Q[0]), faded(c)
    since = [power(Number(i)) for i in range(1, c + 1)]
    until = [power(Number(c) - Number(i)) for i in range(1, c + 1)]
    over = Number(GAMMA.value**c)
    S, rows = [[ZERO] * d for _ in range(d)], []
    for q, k, v in zip(*(split(X, len(Q) // c) for X in (Q, K, V)), strict=True):
        past = weighted_sum([[a * x for x in row] for a, row in zip(since, q, strict=True)], S)
        rows += [plus(*pair) for pair in zip(retention(q, k, v, D), past, strict=True)]
        kept = [[a * x for x in row] for a, row in zip(until, k, strict=True)]
        new = [[dot(column, w) for w in transposed(v)] for column in transposed(kept)]
        S = [plus([over * x for x in old], one) for old, one in zip(S, new, strict=True)]
    return rows


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


def mean(x: Vector) -> Number:
    total = ZERO
    for number in x:
        total = total + number
    return total / Number(len(x))


def over_root(x: Vector) -> Vector:
    """x / √(mean(x²) + ε), with one operation for the root and its reciprocal."""
    spread = mean(times(x, x)) + Number(1e-5)
    scale = Number.of(spread.value**-0.5)
    return [number * scale for number in x]


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


PLAIN: dict[str, Callable[..., Matrix]] = {
    "rnn": rnn,
    "torch_rnn": rnn,
    "rnn_states": rnn_states,
    "lstm": lstm,
    "torch_lstm": torch_lstm,
    "gru": gru,
    "gru_reset_after": reset_after(blend),
    "torch_gru": reset_after(torch_blend),
    "conv": conv,
    "torch_conv": torch_conv,
    "conv_product": lambda rows, W: [apply(W, row) for row in rows],
    "conv_1x1": lambda x, W: [apply(W, x_t) for x_t in x],
    "dense": lambda x, W, b: [plus(apply(W, x_t), b) for x_t in x],
    "token_mixing": lambda x, W: weighted_sum(W, x),
    "attention": attention,
    "attention_scores": scores,
    "attention_softmax": softmax,
    "attention_sum": weighted_sum,
    "multihead": multihead,
    "sdpa": sdpa,
    "causal_attention": causal_attention,
    "local_attention": local_attention,
    "grouped_query": grouped_query,
    "attention_next": attention,
    "grouped_query_next": grouped_query_next,
    "rnn_next": rnn_next,
    "retention_next": retention_next,
    "ssm_next": ssm_next,
    "separable_conv": separable_conv,
    "linear_attention": linear_attention,
    "linear_attention_parallel": linear_attention_recurrent,
    "linear_attention_recurrent": linear_attention_recurrent,
    "retention": retention,
    "retention_recurrent": retention_recurrent,
    "retention_chunkwise": retention_chunkwise,
    "average_pool": average_pool,
    "max_pool": max_pool,
    "layer_norm": layer_norm,
    "rms_norm": lambda x, gamma: [times(gamma, over_root(row)) for row in x],
    "gated_mlp": gated_mlp,
    "dilated_stack": dilated_stack,
    "birnn": bidirectional(rnn),
    "bilstm": bidirectional(lstm),
    "bigru": bidirectional(gru),
    "ssm": ssm,
    "ssm_scan": ssm,
    "ssm_conv": ssm,
    "selective_scan": selective_scan,
    "mixer": mixer,
    "long_conv": long_conv,
    "hyena": hyena,
    "embedding": embedding,
    "softmax_output": lambda x, E: softmax([apply(E, x_t) for x_t in x]),
}


#: Layers that do the same with other operations: by Fourier transforms, or a scan.
OTHERWISE = {"ssm_scan", "ssm_conv", "long_conv", "hyena"}


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
    sizes = complete(sizes, layer)
    module = layer.build(sizes).double()
    inputs = layer.make_inputs(sizes, dtype=torch.float64)
    arguments = [numbers(x[0]) for x in inputs] + [numbers(w) for w in module.parameters()]

    Number.operations = 0
    given = {letter: layer.resolve(sizes)[letter] for letter in getattr(layer, "given", ())}
    rows = PLAIN[name](*arguments, **given)
    if name not in OTHERWISE:
        assert Number.operations == layer.theory.at(layer.resolve(sizes)).flops

    values = torch.tensor([[x.value for x in row] for row in rows], dtype=torch.float64)
    torch.testing.assert_close(values, module(*inputs)[0].detach(), rtol=0, atol=1e-12)
