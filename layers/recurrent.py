"""Recurrent layers, step by step: Elman's RNN, the LSTM, and both forms of the GRU.

Products with a common factor are computed as one (the four gates of the LSTM are one product per
step); nothing is computed before its step. States stay within ±1 and weights within ±1/√fan-in, so
with unit-normal inputs no value explodes or vanishes as n grows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sympy import Min

from .core import TABLE_1, Textbook, Theory, d, m, n, register, torch

if TYPE_CHECKING:
    from torch import Tensor

#: Sources that all recurrent layers share.
_SOURCES = {
    "memory": "the states and gates of width d, at every step",
    "sequential_ops": TABLE_1,
    "path_length": TABLE_1,
    "temporaries": "the states, until they are stacked",
}


@register
class ElmanRNN(Textbook):
    """Elman's recurrent layer, as in the course text, A6.4; input width m."""

    name = "rnn"
    title = "recurrent (Elman)"
    formula = "h_t = tanh(U x_t + W h_{t−1})"
    inputs = {"x": (n, m)}
    ties = {"m": d}
    causal = True
    weights = {"U": (d, m), "W": (d, d)}
    theory = Theory(
        time=n * d**2,
        flops=n * (2 * d * m + 2 * d**2 + 2 * d),
        parameters=d * m + d**2,
        memory=n * d,
        sequential_ops=n,
        path_length=n,
        temporaries=n * d,
        depth=3 * n,
        distance=3 * n,
        sources={
            "time": "course text A6.4: U x_t is O(md), W h_{t−1} is O(d²), n steps",
            "flops": "per step two products, one sum and one tanh of width d",
            "parameters": "U and W",
            **_SOURCES,
            "depth": "per step W h, sum, tanh; U x does not wait",
            "distance": "the only path is through every step",
        },
    )

    def forward(self, x: Tensor, U: Tensor, W: Tensor) -> Tensor:  # x (batch, n, m)
        h = x.new_zeros(x.shape[0], W.shape[0])  # (batch, d)
        states = []
        for x_t in x.unbind(dim=1):  # (batch, m)
            h = torch.tanh(x_t @ U.mT + h @ W.mT)
            states.append(h)
        return torch.stack(states, dim=1)  # (batch, n, d)


@register
class RecurrentStates(Textbook):
    """Second phase of `rnn`: its steps, given a_t = U x_t for all positions.

    The first phase, U x_t at all positions, is the product of `conv_1x1`.
    """

    name = "rnn_states"
    title = "recurrent layer's W h"
    formula = "h_t = tanh(a_t + W h_{t−1})"
    inputs = {"a": (n, d)}
    causal = True
    weights = {"W": (d, d)}
    theory = Theory(
        time=n * d**2,
        flops=n * (2 * d**2 + 2 * d),
        parameters=d**2,
        memory=n * d,
        sequential_ops=n,
        path_length=n,
        temporaries=n * d,
        depth=3 * n,
        distance=3 * n - 1,
        sources={
            "time": "course text A6.4: W h_{t−1} is O(d²), n steps",
            "flops": "per step one product, one sum and one tanh of width d",
            "parameters": "W",
            **_SOURCES,
            "depth": "per step W h, sum, tanh",
            "distance": "sum and tanh, then through every step",
        },
    )

    def forward(self, a: Tensor, W: Tensor) -> Tensor:  # a (batch, n, d)
        h = a.new_zeros(a.shape[0], W.shape[0])  # (batch, d)
        states = []
        for a_t in a.unbind(dim=1):  # (batch, d)
            h = torch.tanh(a_t + h @ W.mT)
            states.append(h)
        return torch.stack(states, dim=1)  # (batch, n, d)


@register
class LSTM(Textbook):
    """Long short-term memory with four gates on [h_{t−1}, x_t] concatenated (course text, A6.3).

    W is W_f, W_i, W_C and W_o stacked by rows, and b their biases, so that the four products of a
    step are one.
    """

    name = "lstm"
    title = "recurrent (LSTM)"
    formula = "f, i, o, C̃ from W·[h_{t−1}, x_t] + b; C_t = f∗C_{t−1} + i∗C̃; h_t = o∗tanh(C_t)"
    inputs = {"x": (n, m)}
    ties = {"m": d}
    causal = True
    weights = {"W": (4 * d, d + m), "b": (4 * d,)}
    theory = Theory(
        time=n * d**2,
        flops=n * (8 * d * (d + m) + 13 * d),
        parameters=4 * d * (d + m) + 4 * d,
        memory=n * d,
        sequential_ops=n,
        path_length=n,
        temporaries=n * d,
        depth=7 * n,
        distance=Min(4 * n, 2 * n + 5),
        sources={
            "time": "Hochreiter & Schmidhuber 1997; course text A6.3: four products per step",
            "flops": "per step 8d(d+m), 4 biases, 4 gate functions, 5 operations for C_t and h_t",
            "parameters": "course text A6.3: four matrices on [h, x], four biases",
            **_SOURCES,
            "depth": "per step product, bias, σ, f ∗ C, sum, tanh, o ∗ tanh",
            "distance": "5 into C, 2 per step along it, 2 out; through output gates 4 per step",
        },
    )

    def forward(self, x: Tensor, W: Tensor, b: Tensor) -> Tensor:  # x (batch, n, m)
        h = C = x.new_zeros(x.shape[0], W.shape[0] // 4)  # (batch, d)
        states = []
        for x_t in x.unbind(dim=1):  # (batch, m)
            h, C, _ = lstm_step(x_t, h, C, W, b)
            states.append(h)
        return torch.stack(states, dim=1)  # (batch, n, d)


def lstm_step(
    x_t: Tensor, h: Tensor, C: Tensor, W: Tensor, b: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Compute one LSTM step: h_t and C_t, each (batch, d), and the gates before σ and tanh.

    The gates (batch, 4d) are f, i, C̃ and o, concatenated.
    """
    gates = torch.cat([h, x_t], dim=-1) @ W.mT + b  # (batch, 4d)
    f, i, c, o = gates.chunk(4, dim=-1)  # each (batch, d)
    C = torch.sigmoid(f) * C + torch.sigmoid(i) * torch.tanh(c)
    return torch.sigmoid(o) * torch.tanh(C), C, gates


@register
class GRU(Textbook):
    """Gated recurrent unit of Cho et al. 2014: the reset gate is applied before the product.

    The candidate is tanh(W x + U (r ⊙ h)): r chooses which parts of the state U sees.
    ``gru_reset_after`` is the form of ``nn.GRU``. W is W_r, W_z and W stacked by rows, U_gates is
    U_r and U_z; there are no biases, as in the paper's equations 5 to 8.
    """

    name = "gru"
    title = "recurrent (GRU, Cho et al.)"
    formula = "h̃ = tanh(W x_t + U (r ⊙ h_{t−1})); h_t = z ⊙ h_{t−1} + (1−z) ⊙ h̃"
    inputs = {"x": (n, m)}
    ties = {"m": d}
    causal = True
    weights = {"W": (3 * d, m), "U_gates": (2 * d, d), "U": (d, d)}
    theory = Theory(
        time=n * d**2,
        flops=n * (6 * d * m + 6 * d**2 + 11 * d),
        parameters=3 * d * m + 3 * d**2,
        memory=n * d,
        sequential_ops=n,
        path_length=n,
        temporaries=n * d,
        depth=9 * n,
        distance=2 * n + 3,
        sources={
            "time": "Cho et al. 2014, equations 5 to 8: six products per step",
            "flops": "per step 6dm + 6d²; 2 operations for each gate, 3 for h̃, 4 for h",
            "parameters": "Cho et al. 2014: three matrices on x, three on h",
            **_SOURCES,
            "depth": "per step product, sum, σ, r ⊙ h, U, sum, tanh, (1−z) ⊙ h̃, sum",
            "distance": "5 into h, then z ⊙ h and a sum per step",
        },
    )

    def forward(self, x: Tensor, W: Tensor, U_gates: Tensor, U: Tensor) -> Tensor:  # (batch, n, m)
        h = x.new_zeros(x.shape[0], U.shape[0])  # (batch, d)
        states = []
        for x_t in x.unbind(dim=1):  # (batch, m)
            x_r, x_z, x_h = (x_t @ W.mT).chunk(3, dim=-1)  # each (batch, d)
            h_r, h_z = (h @ U_gates.mT).chunk(2, dim=-1)
            r = torch.sigmoid(x_r + h_r)
            z = torch.sigmoid(x_z + h_z)
            candidate = torch.tanh(x_h + (r * h) @ U.mT)
            h = z * h + (1 - z) * candidate
            states.append(h)
        return torch.stack(states, dim=1)  # (batch, n, d)


@register
class GRUResetAfter(Textbook):
    """Gated recurrent unit in the form of ``nn.GRU``: the reset gate is applied after the product.

    The candidate is tanh(W x + b + r ⊙ (U h + c)): all products with h_{t−1} can be one, which is
    why cuDNN and ``nn.GRU`` use it. ``gru`` is the form of Cho et al. 2014, another function of the
    same size. W and U hold the rows for r, z and the candidate, in this order.
    """

    name = "gru_reset_after"
    title = "recurrent (GRU, nn.GRU's form)"
    formula = "h̃ = tanh(W x_t + b + r ⊙ (U h_{t−1} + c)); h_t = (1−z) ⊙ h̃ + z ⊙ h_{t−1}"
    inputs = {"x": (n, m)}
    ties = {"m": d}
    causal = True
    weights = {"W": (3 * d, m), "U": (3 * d, d), "b": (3 * d,), "c": (3 * d,)}
    theory = Theory(
        time=n * d**2,
        flops=n * (6 * d * m + 6 * d**2 + 17 * d),
        parameters=3 * d * m + 3 * d**2 + 6 * d,
        memory=n * d,
        sequential_ops=n,
        path_length=n,
        temporaries=n * d,
        depth=9 * n,
        distance=2 * n + 4,
        sources={
            "time": "six products per step, as in Cho et al. 2014",
            "flops": "as gru, and 6 biases of width d",
            "parameters": "torch's documentation of nn.GRU: two matrices, two biases",
            **_SOURCES,
            "depth": "per step product, bias, sum, σ, r ⊙, sum, tanh, (1−z) ⊙ h̃, sum",
            "distance": "as gru, and a bias on the path into h",
        },
    )

    def forward(self, x: Tensor, W: Tensor, U: Tensor, b: Tensor, c: Tensor) -> Tensor:
        h = x.new_zeros(x.shape[0], U.shape[1])  # (batch, d); x is (batch, n, m)
        states = []
        for x_t in x.unbind(dim=1):  # (batch, m)
            x_r, x_z, x_h = (x_t @ W.mT + b).chunk(3, dim=-1)  # each (batch, d)
            h_r, h_z, h_h = (h @ U.mT + c).chunk(3, dim=-1)
            r = torch.sigmoid(x_r + h_r)
            z = torch.sigmoid(x_z + h_z)
            candidate = torch.tanh(x_h + r * h_h)
            h = (1 - z) * candidate + z * h
            states.append(h)
        return torch.stack(states, dim=1)  # (batch, n, d)
