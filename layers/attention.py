"""Self-attention in the seed's form, its three phases alone, and multi-head attention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sympy import Integer

from ._lazy import torch
from .base import Textbook, register
from .theory import Theory, d, n

if TYPE_CHECKING:
    from torch import Tensor


@register
class Attention(Textbook):
    """Self-attention without projections or scaling, as in the seed, A6.4."""

    name = "attention"
    title = "self-attention"
    formula = "Softmax(Q Kᵀ) V"
    inputs = {"Q": (n, d), "K": (n, d), "V": (n, d)}
    theory = Theory(
        time=n**2 * d,
        flops=4 * n**2 * d + 5 * n**2,
        parameters=Integer(0),
        memory=n**2,
        sequential_ops=Integer(1),
        path_length=Integer(1),
        sources={
            "time": "seed A6.4; Vaswani et al. 2017, Table 1",
            "flops": "two products of 2n²d; softmax 5 per element",
            "memory": "the n × n weights are kept for the backward pass",
            "sequential_ops": "Vaswani et al. 2017, Table 1",
            "path_length": "Vaswani et al. 2017, Table 1",
        },
    )

    def forward(self, Q: Tensor, K: Tensor, V: Tensor) -> Tensor:  # each (batch, n, d)
        scores = Q @ K.mT  # (batch, n, n)
        weights = torch.softmax(scores, dim=-1)  # (batch, n, n), each row sums to 1
        return weights @ V  # (batch, n, d)
