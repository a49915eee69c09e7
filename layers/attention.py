"""Self-attention as the course text writes it, its three phases, and multi-head attention.

Inputs are unit-normal. Without 1/√d the scores' standard deviation is √d, so from about d = 64 the
softmax yields subnormal numbers (up to a tenth of all weights), which slow it down: flush them to
zero when timing (``torch.set_flush_denormal``), or report that they are included. The softmax and
the weighted sum, measured separately, get unit-normal inputs, which yield none.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from sympy import Integer

from .core import TABLE_1, Textbook, Theory, d, h, n, register, torch

if TYPE_CHECKING:
    from torch import Tensor

#: Sources that attention and its phases share.
_SOURCES = {
    "parameters": "course text A6.4: no projections",
    "sequential_ops": TABLE_1,
    "path_length": TABLE_1,
}


@register
class Attention(Textbook):
    """Self-attention without projections or scaling, as in the course text, A6.4."""

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
        temporaries=2 * n**2,
        depth=Integer(7),
        distance=Integer(1),
        sources={
            "time": f"course text A6.4; {TABLE_1}",
            "flops": "two products of 2n²d; softmax 5 per element",
            "memory": "the n × n weights, saved for the backward pass",
            "temporaries": "scores and weights, while the softmax runs",
            **_SOURCES,
            "depth": "two products, and the softmax's 5 between them",
            "distance": "the last product alone: a value reaches every position",
        },
    )

    def forward(self, Q: Tensor, K: Tensor, V: Tensor) -> Tensor:  # each (batch, n, d)
        scores = Q @ K.mT  # (batch, n, n)
        weights = torch.softmax(scores, dim=-1)  # (batch, n, n), each row sums to 1
        return weights @ V  # (batch, n, d)


@register
class AttentionScores(Textbook):
    """First phase of attention: how similar each query is to each key."""

    name = "attention_scores"
    title = "attention's QKᵀ"
    formula = "Q Kᵀ"
    inputs = {"Q": (n, d), "K": (n, d)}
    output = (n, n)
    theory = Theory(
        time=n**2 * d,
        flops=2 * n**2 * d,
        parameters=Integer(0),
        memory=n * d,
        sequential_ops=Integer(1),
        path_length=Integer(1),
        depth=Integer(1),
        distance=Integer(1),
        sources={
            "time": "course text A6.4: n × d times d × n",
            "flops": "one product (n × d)(d × n)",
            "memory": "Q and K, saved for each other's gradient",
            **_SOURCES,
            "depth": "one product",
            "distance": "one product",
        },
    )

    def forward(self, Q: Tensor, K: Tensor) -> Tensor:  # each (batch, n, d)
        return Q @ K.mT  # (batch, n, n)


@register
class AttentionSoftmax(Textbook):
    """Second phase of attention: each row of the n × n scores made to sum to 1.

    The width takes no part. Its cost is a lower-order term of attention's FLOPs, but it is
    bound by memory and takes a visible share of the time.
    """

    name = "attention_softmax"
    title = "attention's softmax"
    formula = "Softmax(S)"
    axes = ("n",)
    inputs = {"S": (n, n)}
    output = (n, n)
    theory = Theory(
        time=n**2,
        flops=5 * n**2,
        parameters=Integer(0),
        memory=n**2,
        sequential_ops=Integer(1),
        path_length=Integer(1),
        depth=Integer(5),
        distance=Integer(5),
        sources={
            "time": "course text A6.4: O(n) for each of n rows",
            "flops": "per element a maximum, a difference, an exponential, a sum and a quotient",
            "memory": "the n × n weights, saved for the gradient",
            **_SOURCES,
            "depth": "maximum, difference, exponential, sum, quotient",
            "distance": "a score reaches its whole row",
        },
    )

    def forward(self, S: Tensor) -> Tensor:  # (batch, n, n)
        return torch.softmax(S, dim=-1)  # (batch, n, n), each row sums to 1


@register
class AttentionSum(Textbook):
    """Third phase of attention: the sum of the values, weighted by A."""

    name = "attention_sum"
    title = "attention's weighted sum"
    formula = "A V"
    inputs = {"A": (n, n), "V": (n, d)}
    theory = Theory(
        time=n**2 * d,
        flops=2 * n**2 * d,
        parameters=Integer(0),
        memory=n**2 + n * d,
        sequential_ops=Integer(1),
        path_length=Integer(1),
        depth=Integer(1),
        distance=Integer(1),
        sources={
            "time": "course text A6.4: n × n times n × d",
            "flops": "one product (n × n)(n × d)",
            "memory": "A and V, saved for each other's gradient",
            **_SOURCES,
            "depth": "one product",
            "distance": "one product",
        },
    )

    def forward(self, A: Tensor, V: Tensor) -> Tensor:  # (batch, n, n), (batch, n, d)
        return A @ V  # (batch, n, d)


@register
class MultiHeadAttention(Textbook):
    """Multi-head self-attention with projections Q, K, V and O, without biases or dropout.

    W_Q, W_K and W_V hold one d/h × d matrix for each of the h heads, as the paper writes them.
    """

    name = "multihead"
    title = "multi-head attention"
    formula = "Concat_i(Softmax(Q_i K_iᵀ / √(d/h)) V_i) W_Oᵀ"
    ties = {"h": 4}
    integer_expressions = (d / h,)
    weights = {"W_Q": (h, d / h, d), "W_K": (h, d / h, d), "W_V": (h, d / h, d), "W_O": (d, d)}
    theory = Theory(
        time=4 * n**2 * d + 8 * n * d**2,
        flops=4 * n**2 * d + 8 * n * d**2 + 6 * h * n**2,
        parameters=4 * d**2,
        memory=h * n**2 + n * d,
        sequential_ops=Integer(1),
        path_length=Integer(1),
        temporaries=2 * h * n**2 + 5 * n * d,
        depth=Integer(10),
        distance=Integer(3),
        sources={
            "time": "Vaswani et al. 2017, section 3.2.2; Table 1 leaves out the projections",
            "flops": "two products of 2n²d, four of 2nd²; per score 1 for √(d/h), 5 for softmax",
            "parameters": "Vaswani et al. 2017, section 3.2.2",
            "memory": "the n × n weights of each head and the projections, saved for the gradient",
            "sequential_ops": TABLE_1,
            "path_length": TABLE_1,
            "temporaries": "each head's scores and weights; Q, K, V, the sums in two orders",
            "depth": "projection, scores, scaling, softmax (5), sum, output projection",
            "distance": "by the values: projection, sum, output projection",
        },
    )

    def forward(self, x: Tensor, W_Q: Tensor, W_K: Tensor, W_V: Tensor, W_O: Tensor) -> Tensor:
        heads, width, _ = W_Q.shape  # h, d/h

        def project(W: Tensor) -> Tensor:  # one product for all heads; x is (batch, n, d)
            return (x @ W.flatten(0, 1).mT).view(*x.shape[:2], heads, width).transpose(1, 2)

        Q, K, V = project(W_Q), project(W_K), project(W_V)  # each (batch, h, n, d/h)
        scores = Q @ K.mT / sqrt(width)  # (batch, h, n, n)
        weights = torch.softmax(scores, dim=-1)  # (batch, h, n, n), each row sums to 1
        per_head = weights @ V  # (batch, h, n, d/h)
        return per_head.transpose(1, 2).flatten(2) @ W_O.mT  # (batch, n, d)
