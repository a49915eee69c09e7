"""Recurrent layers and state spaces in plain loops."""

from __future__ import annotations

from collections.abc import Callable

from tests.layers.plain_loops.numbers import (
    ONE,
    ZERO,
    Matrix,
    Number,
    Vector,
    apply,
    dot,
    each,
    exp,
    plus,
    sigmoid,
    softplus,
    split,
    summed,
    tanh,
    times,
)


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


def rnn_next(x: Matrix, h: Matrix, U: Matrix, W: Matrix) -> Matrix:
    return [each(tanh, plus(apply(U, x[0]), apply(W, h[0])))]


def ssm_next(u: Matrix, x: Matrix, A: Matrix, B: Matrix, C: Matrix) -> Matrix:
    return ssm(u, A, B, C, x)


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
