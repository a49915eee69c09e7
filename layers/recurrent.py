"""Recurrent layers, step by step: Elman's RNN, the seed's LSTM, and the GRU in both its forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._lazy import torch
from .base import Textbook, register
from .theory import Theory, d, m, n

if TYPE_CHECKING:
    from torch import Tensor


@register
class ElmanRNN(Textbook):
    """Elman's recurrent layer, as in the seed, A6.4; input width m."""

    name = "rnn"
    title = "recurrent (Elman)"
    formula = "h_t = tanh(U x_t + W h_{t−1})"
    inputs = {"x": (n, m)}
    ties = {"m": d}
    weights = {"U": (d, m), "W": (d, d)}
    theory = Theory(
        time=n * d**2,
        flops=n * (2 * d * m + 2 * d**2 + 2 * d),
        parameters=d * m + d**2,
        memory=n * d,
        sequential_ops=n,
        path_length=n,
        sources={
            "time": "seed A6.4: U x_t is O(md), W h_{t−1} is O(d²), n steps",
            "flops": "per step two products, one sum and one tanh of width d",
            "memory": "one state of width d per step",
            "sequential_ops": "Vaswani et al. 2017, Table 1",
            "path_length": "Vaswani et al. 2017, Table 1",
        },
    )

    def forward(self, x: Tensor, U: Tensor, W: Tensor) -> Tensor:  # x (batch, n, m)
        h = x.new_zeros(x.shape[0], W.shape[0])  # (batch, d)
        states = []
        for x_t in x.unbind(dim=1):  # (batch, m)
            h = torch.tanh(x_t @ U.mT + h @ W.mT)
            states.append(h)
        return torch.stack(states, dim=1)  # (batch, n, d)
