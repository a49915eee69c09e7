"""Attention to the past alone or to a window, and attention whose heads share keys and values."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import TYPE_CHECKING

from sympy import Integer, ceiling

from .attention import Attention, MultiHeadAttention
from .core import TABLE_1, Textbook, Theory, d, g, h, n, r, register, torch, windows

if TYPE_CHECKING:
    from torch import Tensor


@register
class CausalAttention(Textbook):
    """Self-attention to the past and the present: scores of later positions are −∞.

    The masked half is computed too, as the formula is usually written; a kernel that skips its
    blocks saves up to half.
    """

    name = "causal_attention"
    title = "causal attention"
    formula = "Softmax(Q Kᵀ + M) V, M_ij = −∞ where j > i"
    inputs = Attention.inputs
    causal = True
    theory = replace(
        Attention.theory,
        sources={
            **Attention.theory.sources,
            "time": "Vaswani et al. 2017, section 3.2.3: masked, as written; half if skipped",
            "flops": "as attention: masked scores are computed too",
        },
    )

    def forward(self, Q: Tensor, K: Tensor, V: Tensor) -> Tensor:  # each (batch, n, d)
        scores = Q @ K.mT  # (batch, n, n)
        later = torch.ones(scores.shape[1:], dtype=torch.bool, device=Q.device).triu_(1)  # (n, n)
        scores.masked_fill_(later, -torch.inf)
        del later  # before the softmax, where memory peaks
        weights = torch.softmax(scores, dim=-1)  # (batch, n, n), each row sums to 1
        return weights @ V  # (batch, n, d)


@register
class LocalAttention(Textbook):
    """Self-attention restricted to a window of r positions, (r − 1)/2 to either side; r is odd.

    Each position is multiplied with its own window of keys, all in one batch of products; positions
    outside the sequence get no weight.
    """

    name = "local_attention"
    title = "local attention (window r)"
    formula = "y_t = Softmax(q_t · K_{t−(r−1)/2 … t+(r−1)/2}) V_{…}"
    axes = ("n", "d", "r")
    inputs = Attention.inputs
    integer_expressions = ((r - 1) / 2,)
    size_arguments = ("r",)
    theory = Theory(
        time=r * n * d,
        flops=4 * n * r * d + 5 * n * r,
        parameters=Integer(0),
        memory=n * d + n * r,
        sequential_ops=Integer(1),
        path_length=n / r,
        temporaries=(n + r) * d + 2 * n * r,
        depth=Integer(7),
        distance=ceiling(2 * (n - 1) / (r - 1)),
        sources={
            "time": TABLE_1,
            "flops": "of each position two products of 2rd; softmax 5 per element",
            "parameters": "no projections, as in attention",
            "memory": "keys and values, padded, and the weights, saved for the gradients",
            "sequential_ops": TABLE_1,
            "path_length": TABLE_1,
            "temporaries": "padded keys and values, of which windows are views; scores and weights",
            "depth": "two products, and the softmax's 5 between them",
            "distance": "each layer, one product, reaches (r−1)/2 positions further; r ≥ 3",
        },
    )

    def forward(self, Q: Tensor, K: Tensor, V: Tensor, *, r: int) -> Tensor:  # each (batch, n, d)
        inside = windows(Q.new_ones(1, len(Q[0]), 1), r)  # (1, n, 1, r): 1 within the sequence
        scores = Q.unsqueeze(2) @ windows(K, r)  # (batch, n, 1, d) @ (batch, n, d, r)
        scores.masked_fill_(inside == 0, -torch.inf)  # (batch, n, 1, r)
        weights = torch.softmax(scores, dim=-1)  # each row sums to 1
        return (weights @ windows(V, r).mT).squeeze(2)  # (batch, n, 1, r) @ (batch, n, r, d)


@register
class GroupedQueryAttention(Textbook):
    """Multi-head attention whose h heads share g keys and values, h/g heads each.

    With g = h it is multi-head attention, with g = 1 multi-query attention. The heads of a group
    are stacked as further rows of one product.
    """

    name = "grouped_query"
    title = "grouped-query attention"
    formula = "Concat_i(Softmax(Q_i K_{⌈ig/h⌉}ᵀ / √(d/h)) V_{⌈ig/h⌉}) W_Oᵀ"
    ties = {"h": 4, "g": 2}
    integer_expressions = (d / h, h / g)
    weights = {"W_Q": (h, d / h, d), "W_K": (g, d / h, d), "W_V": (g, d / h, d), "W_O": (d, d)}
    theory = Theory(
        time=4 * n**2 * d + 4 * n * d**2 * (1 + g / h),
        flops=4 * n**2 * d + 4 * n * d**2 * (1 + g / h) + 6 * h * n**2,
        parameters=2 * d**2 * (1 + g / h),
        memory=h * n**2 + n * d,
        sequential_ops=Integer(1),
        path_length=Integer(1),
        temporaries=2 * h * n**2 + (3 + 2 * g / h) * n * d,
        depth=Integer(10),
        distance=Integer(3),
        sources={
            **MultiHeadAttention.theory.sources,
            "time": "Ainslie et al. 2023: multi-head attention with g pairs of keys and values",
            "flops": "as multihead; two of the four projections have g/h of the width",
            "parameters": "Ainslie et al. 2023",
            "temporaries": "each head's scores and weights; Q, K, V, the sums in two orders",
        },
    )

    def forward(self, x: Tensor, W_Q: Tensor, W_K: Tensor, W_V: Tensor, W_O: Tensor) -> Tensor:
        groups, width, _ = W_K.shape  # g, d/h
        batch, length, _ = x.shape

        def project(W: Tensor) -> Tensor:  # (batch, g, heads of a group · n, d/h)
            heads = (x @ W.flatten(0, 1).mT).view(batch, length, groups, -1, width)
            return heads.permute(0, 2, 3, 1, 4).flatten(2, 3)

        Q, K, V = project(W_Q), project(W_K), project(W_V)
        scores = Q @ K.mT / sqrt(width)  # (batch, g, h/g · n, n)
        weights = torch.softmax(scores, dim=-1)  # each row sums to 1
        per_group = (weights @ V).view(batch, groups, -1, length, width)
        return per_group.permute(0, 3, 1, 2, 4).flatten(2) @ W_O.mT  # (batch, n, d)
