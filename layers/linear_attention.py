"""Linear attention: sums over the keys replace the scores of each pair of positions.

Softmax(q·k) becomes φ(q)·φ(k) with φ(x) = elu(x) + 1 > 0, so that the sums over the keys are the
same for all queries and are taken once (Katharopoulos et al. 2020).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sympy import Integer, Max, log

from .attention import Attention
from .core import LEVELS, Textbook, Theory, d, n, register, torch

if TYPE_CHECKING:
    from torch import Tensor

#: Theory of linear attention, from which the theories of the causal forms are derived.
_THEORY = Theory(
    time=n * d**2,
    flops=4 * n * d**2 + 10 * n * d,
    parameters=Integer(0),
    memory=n * d,
    sequential_ops=Integer(1),
    path_length=Integer(1),
    temporaries=3 * n * d + d**2,
    depth=Integer(6),
    distance=Integer(3),
    sources={
        "time": "Katharopoulos et al. 2020, section 3.2",
        "flops": "two products of 2nd²; φ 3 of each q and k, the sum 1, φ(q)·z 2, the quotient 1",
        "parameters": "no projections, as in attention",
        "memory": "φ(Q), φ(K), V and the output's numerator, saved for the gradients",
        "sequential_ops": "Katharopoulos et al. 2020, section 3.2: all products at once",
        "path_length": "every position is in the sums that all use",
        "temporaries": "φ(Q), φ(K), the sums and the numerator",
        "depth": "φ (3), the sums, the product with them, the quotient",
        "distance": "through the values: sum, product, quotient",
    },
)


def feature_map(x: Tensor) -> Tensor:
    """Return φ(x) = elu(x) + 1, which is positive."""
    return torch.nn.functional.elu(x) + 1


@register
class LinearAttention(Textbook):
    """Linear attention of every position to all, with sums over the whole sequence."""

    name = "linear_attention"
    title = "linear attention"
    formula = "y_t = φ(q_t) S / (φ(q_t)·z); S = Σ φ(k_s) v_sᵀ, z = Σ φ(k_s)"
    inputs = Attention.inputs
    theory = _THEORY

    def forward(self, Q: Tensor, K: Tensor, V: Tensor) -> Tensor:  # each (batch, n, d)
        Q, K = feature_map(Q), feature_map(K)
        S = K.mT @ V  # (batch, d, d)
        z = K.sum(dim=1).unsqueeze(-1)  # (batch, d, 1)
        return Q @ S / (Q @ z)  # (batch, n, d) / (batch, n, 1)


@register
class LinearAttentionParallel(Textbook):
    """Causal linear attention, all positions at once: S_t and z_t are cumulative sums."""

    name = "linear_attention_parallel"
    title = "causal linear attention (parallel)"
    formula = "y_t = φ(q_t) S_t / (φ(q_t)·z_t); S_t = Σ_{s≤t} φ(k_s) v_sᵀ, z_t = Σ_{s≤t} φ(k_s)"
    inputs = LinearAttention.inputs
    causal = True
    theory = replace(
        _THEORY,
        memory=n * d**2,
        sequential_ops=log(n, 2),
        path_length=log(n, 2),
        temporaries=2 * n * d**2,
        depth=6 + LEVELS,
        distance=3 + LEVELS,
        sources={
            **_THEORY.sources,
            "flops": "φ 6nd; φ(k)vᵀ and its sums 2nd², z nd; φ(q)S 2nd², φ(q)·z 2nd, quotient nd",
            "memory": "S of each position, saved for the gradient",
            "sequential_ops": "a cumulative sum takes log n steps (Hillis & Steele 1986)",
            "path_length": "through the cumulative sum",
            "temporaries": "the products φ(k)vᵀ, and their sums",
            "depth": "φ (3), φ(k)vᵀ, the cumulative sum, the product with it, the quotient",
            "distance": "through the values: φ(k)vᵀ, cumulative sum, product, quotient",
        },
    )

    def forward(self, Q: Tensor, K: Tensor, V: Tensor) -> Tensor:  # each (batch, n, d)
        Q, K = feature_map(Q), feature_map(K)
        S = (K.unsqueeze(-1) * V.unsqueeze(-2)).cumsum(dim=1)  # (batch, n, d, d)
        z = K.cumsum(dim=1).unsqueeze(-1)  # (batch, n, d, 1)
        q = Q.unsqueeze(-2)  # (batch, n, 1, d)
        return (q @ S / (q @ z)).squeeze(-2)  # (batch, n, d)


@register
class LinearAttentionRecurrent(Textbook):
    """Causal linear attention as a recurrent layer, whose state S is d × d."""

    name = "linear_attention_recurrent"
    title = "causal linear attention (recurrent)"
    formula = "S_t = S_{t−1} + φ(k_t) v_tᵀ; z_t = z_{t−1} + φ(k_t); y_t = φ(q_t) S_t / (φ(q_t)·z_t)"
    inputs = LinearAttention.inputs
    causal = True
    theory = replace(
        _THEORY,
        memory=n * d**2,
        sequential_ops=n,
        path_length=n,
        temporaries=Max(3 * n * d + d**2, 2 * n * d + 3 * d**2),
        depth=n + 6,
        distance=n + 3,
        sources={
            **_THEORY.sources,
            "time": "Katharopoulos et al. 2020, section 3.4",
            "flops": "φ 6nd; per step φ(k)vᵀ d², S 1d², z d, φ(q)S 2d², φ(q)·z 2d, quotient d",
            "memory": "S of each step, saved for the gradient",
            "sequential_ops": "Katharopoulos et al. 2020, section 3.4: one state per step",
            "path_length": "through every step's state",
            "temporaries": "φ(Q), φ(K), and the outputs and the state, or three of the state",
            "depth": "φ (3), φ(k)vᵀ, a sum per step, the product with it, the quotient",
            "distance": "through the values: φ(k)vᵀ, a sum per step, product, quotient",
        },
    )

    def forward(self, Q: Tensor, K: Tensor, V: Tensor) -> Tensor:  # each (batch, n, d)
        Q, K = feature_map(Q), feature_map(K)
        batch, _, d = K.shape
        S, z = K.new_zeros(batch, d, d), K.new_zeros(batch, d)
        outputs = []
        for q, k, v in zip(Q.unbind(1), K.unbind(1), V.unbind(1), strict=True):  # (batch, d)
            S = S + k.unsqueeze(-1) * v.unsqueeze(-2)  # (batch, d, d)
            z = z + k
            row = q.unsqueeze(-2)  # (batch, 1, d)
            outputs.append((row @ S).squeeze(-2) / (row @ z.unsqueeze(-1)).squeeze(-1))
        return torch.stack(outputs, dim=1)  # (batch, n, d)
