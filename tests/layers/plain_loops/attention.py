"""Attention, linear attention and retention in plain loops."""

from __future__ import annotations

import math

from tests.layers.plain_loops.numbers import (
    ONE,
    ZERO,
    Matrix,
    Number,
    Vector,
    apply,
    dot,
    exp,
    joined,
    outer,
    plus,
    softmax_row,
    split,
    summed,
    times,
    transposed,
)


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


def retention_next(q: Matrix, k: Matrix, v: Matrix, S: Matrix) -> Matrix:
    decay = Number(1 - 2**-5)
    faded = [[decay * x for x in row] for row in S]
    S = [plus(old, new) for old, new in zip(faded, outer(k[0], v[0]), strict=True)]
    return [apply(transposed(S), q[0])]


def feature(x: Vector) -> Vector:
    """elu(x) + 1, in three operations."""
    made = []
    for number in x:
        raised = exp(number) - ONE
        made.append((number if number.value > 0 else raised) + ONE)
    return made


def linear_attention(Q: Matrix, K: Matrix, V: Matrix) -> Matrix:
    Q, K = ([feature(row) for row in X] for X in (Q, K))
    S, z = [[dot(k, v) for v in transposed(V)] for k in transposed(K)], summed(K)
    tops, bottoms = weighted_sum(Q, S), [dot(q, z) for q in Q]
    return [[x / b for x in row] for row, b in zip(tops, bottoms, strict=True)]


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
