"""Retention: linear attention whose past decays by γ a step, in three equivalent forms.

Sun et al. 2023, "Retentive network", equations 5 to 7, for one head, without the rotation of
queries and keys and the norm after it. One function, three laws: n²·d in parallel, n·d² as a
recurrence, n·(c·d + d²) in chunks of c.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sympy import Integer, Max

from .attention import Attention
from .core import TABLE_1, Textbook, Theory, c, d, n, positions, register, torch

if TYPE_CHECKING:
    from torch import Tensor

#: γ, the factor by which the past decays in a step: 1 − 2⁻⁵, that of the paper's first head.
DECAY = 1 - 2**-5


def decay_matrix(x: Tensor, length: int) -> Tensor:
    """Return γ^{i−j} where j ≤ i, else 0: (length, length), with x's dtype and device."""
    t = positions(length, x)
    return torch.pow(DECAY, t.unsqueeze(-1) - t).tril().to(x.dtype)


@register
class Retention(Textbook):
    """Retention in parallel: attention with decaying products as weights instead of a softmax."""

    name = "retention"
    title = "retention (parallel)"
    formula = "(Q Kᵀ ⊙ D) V, D_ij = γ^{i−j} where j ≤ i, else 0"
    inputs = Attention.inputs
    causal = True
    input_free_depth = 1
    theory = Theory(
        time=n**2 * d,
        flops=4 * n**2 * d + 3 * n**2,
        parameters=Integer(0),
        memory=n**2,
        sequential_ops=Integer(1),
        path_length=Integer(1),
        temporaries=3 * n**2 - n * d,
        depth=Integer(4),
        distance=Integer(1),
        sources={
            "time": "Sun et al. 2023, equation 5",
            "flops": "two products of 2n²d; per pair i − j, γ to its power, the product with it",
            "parameters": "no projections, as in attention",
            "memory": "D and the n × n weights, saved for the gradients",
            "sequential_ops": TABLE_1,
            "path_length": TABLE_1,
            "temporaries": "scores, D and weights; no output yet",
            "depth": "D (2), D ⊙, product",
            "distance": "through the values: one product",
        },
    )

    def forward(self, Q: Tensor, K: Tensor, V: Tensor) -> Tensor:  # each (batch, n, d)
        weights = Q @ K.mT * decay_matrix(Q, Q.shape[1])  # (batch, n, n)
        return weights @ V  # (batch, n, d)


@register
class RetentionRecurrent(Textbook):
    """Retention as a recurrent layer, whose state is d × d."""

    name = "retention_recurrent"
    title = "retention (recurrent)"
    formula = "S_t = γ S_{t−1} + k_t v_tᵀ; y_t = q_t S_t"
    inputs = Retention.inputs
    causal = True
    theory = replace(
        Retention.theory,
        time=n * d**2,
        flops=5 * n * d**2,
        memory=n * d**2,
        sequential_ops=n,
        path_length=n,
        temporaries=Max(n * d + d**2, 4 * d**2),
        depth=2 * n + 1,
        distance=2 * n + 1,
        sources={
            **Retention.theory.sources,
            "time": "Sun et al. 2023, equation 6",
            "flops": "per step k vᵀ d², γ S d², their sum d², q S 2d²",
            "memory": "S of each step, saved for the gradient of q",
            "sequential_ops": "Sun et al. 2023, equation 6: one state per step",
            "path_length": "through every step's state",
            "temporaries": "the outputs and the state, or the old, decayed, added and new state",
            "depth": "per step γ S and the sum; the last product",
            "distance": "through the values: k vᵀ, a sum, γ S and a sum per step, the last product",
        },
    )

    def forward(self, Q: Tensor, K: Tensor, V: Tensor) -> Tensor:  # each (batch, n, d)
        batch, _, d = K.shape
        S = K.new_zeros(batch, d, d)
        outputs = []
        for q, k, v in zip(Q.unbind(1), K.unbind(1), V.unbind(1), strict=True):  # (batch, d)
            S = DECAY * S + k.unsqueeze(-1) * v.unsqueeze(-2)  # (batch, d, d)
            outputs.append((q.unsqueeze(-2) @ S).squeeze(-2))
        return torch.stack(outputs, dim=1)  # (batch, n, d)


@register
class RetentionChunkwise(Textbook):
    """Retention in chunks of c positions: in parallel within, recurrent from one to the next."""

    name = "retention_chunkwise"
    title = "retention (chunks of c)"
    formula = "Y_i = (Q_i K_iᵀ ⊙ D) V_i + (ξ ⊙ Q_i) S_i; S_{i+1} = γᶜ S_i + (ζ ⊙ K_i)ᵀ V_i"
    axes = ("n", "d", "c")
    inputs = Retention.inputs
    integer_expressions = (n / c,)
    size_arguments = ("c",)
    causal = True
    input_free_depth = 2
    theory = replace(
        Retention.theory,
        time=4 * n * c * d + 4 * n * d**2,
        flops=4 * n * d * (c + d) + n * c + 3 * n * d + 2 * n * d**2 / c + 2 * c**2 + 3 * c,
        memory=n * (c + d) + n * d**2 / c,
        sequential_ops=n / c,
        path_length=n / c,
        temporaries=Max(n * d + c**2 + d**2, 3 * c**2 + d**2 - c * d, c**2 + 4 * d**2),
        depth=2 * n / c + 3,
        distance=2 * n / c,
        sources={
            **Retention.theory.sources,
            "time": "Sun et al. 2023, equation 7",
            "flops": "per chunk two products of 2c²d, two of 2cd², D ⊙ c², ξ ⊙, ζ ⊙ and the sum "
            "3cd, γᶜ S and the sum 2d²; D 2c², ξ c and ζ 2c once",
            "memory": "weights and states of each chunk, queries, keys and values",
            "sequential_ops": "Sun et al. 2023, equation 7: one state per chunk",
            "path_length": "through every chunk's state",
            "temporaries": "D, outputs and state; scores, weights and state; or four of the state",
            "depth": "ζ (2), ζ ⊙ K, product, sum into the first state; 2 per chunk; 2 out",
            "distance": "through the values: product and sum into the state, 2 per chunk, 2 out",
        },
    )

    def forward(self, Q: Tensor, K: Tensor, V: Tensor, *, c: int) -> Tensor:  # each (batch, n, d)
        batch, _, d = K.shape
        D = decay_matrix(Q, c)  # (c, c)
        t = positions(c + 1, Q)[1:].unsqueeze(-1)  # 1 … c: (c, 1)
        since = torch.pow(DECAY, t).to(Q.dtype)  # ξ: decay of the previous chunk's state
        until = torch.pow(DECAY, c - t).to(Q.dtype)  # ζ: decay of each row until the chunk's end
        S = K.new_zeros(batch, d, d)
        outputs = []
        chunks = (X.view(batch, -1, c, d).unbind(1) for X in (Q, K, V))
        for q, k, v in zip(*chunks, strict=True):  # each (batch, c, d)
            outputs.append((q @ k.mT * D) @ v + (since * q) @ S)  # (batch, c, d)
            S = DECAY**c * S + (until * k).mT @ v  # (batch, d, d)
        return torch.cat(outputs, dim=1)  # (batch, n, d)
