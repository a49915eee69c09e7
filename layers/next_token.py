"""One decoding step: the next position, given a cache of keys and values or a state.

n is the context length, the new position included. Attention caches the keys and values of all n
positions, so the cost of a step grows with n (Shazeer 2019, section 2.4); a recurrence has a state
of fixed size.
"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import TYPE_CHECKING

from sympy import Integer, oo

from .core import N, Textbook, Theory, d, g, h, m, n, register, torch
from .recurrent import ElmanRNN
from .retention import DECAY
from .state_space import StateSpace, discretise

if TYPE_CHECKING:
    from torch import Tensor

#: Sources for a step of a recurrence: one position, with the past in the state.
_ALONE = {
    "path_length": "one position: the past is in the state",
    "distance": "one position: the past is in the state",
}


@register
class AttentionNext(Textbook):
    """Attention of the next position to the cached keys and values."""

    name = "attention_next"
    title = "next position, attention"
    formula = "y = Softmax(q Kᵀ) V"
    inputs = {"q": (1, d), "K": (n, d), "V": (n, d)}
    output = (1, d)
    theory = Theory(
        time=n * d,
        flops=4 * n * d + 5 * n,
        parameters=Integer(0),
        memory=n * d,
        sequential_ops=Integer(1),
        path_length=Integer(1),
        temporaries=2 * n,
        depth=Integer(7),
        distance=Integer(1),
        sources={
            "time": "Shazeer 2019, section 2.4: a row of attention",
            "flops": "q Kᵀ and the weighted sum, 2nd each; softmax 5 per element",
            "parameters": "no projections, as in attention",
            "memory": "the cached keys and values, and the weights",
            "sequential_ops": "two products and a softmax, however long the context",
            "path_length": "each cached position is in the sum",
            "temporaries": "the scores and the weights",
            "depth": "two products, and the softmax's 5 between them",
            "distance": "through the values: the weighted sum",
        },
    )

    def forward(self, q: Tensor, K: Tensor, V: Tensor) -> Tensor:
        scores = q @ K.mT  # (batch, 1, d) @ (batch, d, n)
        weights = torch.softmax(scores, dim=-1)  # (batch, 1, n), it sums to 1
        return weights @ V  # (batch, 1, d)


@register
class GroupedQueryNext(Textbook):
    """The next position with h heads that share g keys and values: a cache g/h as wide."""

    name = "grouped_query_next"
    title = "next position, grouped-query attention"
    formula = "y = Concat_i(Softmax(q_i K_{⌈ig/h⌉}ᵀ / √(d/h)) V_{⌈ig/h⌉})"
    inputs = {"q": (1, d), "K": (g, n, d / h), "V": (g, n, d / h)}
    output = (1, d)
    ties = {"h": 4, "g": 2}
    integer_expressions = (d / h, h / g)
    theory = replace(
        AttentionNext.theory,
        flops=4 * n * d + 6 * h * n,
        memory=n * d * g / h + h * n,
        temporaries=2 * h * n,
        depth=Integer(8),
        sources={
            **AttentionNext.theory.sources,
            "time": "Ainslie et al. 2023: as many products, on a cache of g/h of the size",
            "flops": "q Kᵀ and the weighted sum, 2nd each; of each score 1 to scale, 5 for softmax",
            "memory": "keys and values of g heads, and each head's weights",
            "temporaries": "each head's scores and weights",
            "depth": "as attention_next, and the scaling",
        },
    )

    def forward(self, q: Tensor, K: Tensor, V: Tensor) -> Tensor:
        batch, groups, _, width = K.shape  # K (batch, g, n, d/h)
        per_group = q.view(batch, groups, -1, width)  # (batch, g, h/g, d/h)
        scores = per_group @ K.mT / sqrt(width)  # (batch, g, h/g, n)
        weights = torch.softmax(scores, dim=-1)  # each row sums to 1
        return (weights @ V).view(batch, 1, -1)  # (batch, 1, d)


@register
class RNNNext(Textbook):
    """One step of the Elman network from the previous state."""

    name = "rnn_next"
    title = "next position, recurrent"
    formula = "h' = tanh(U x + W h)"
    axes = ("d",)
    inputs = {"x": (1, m), "h": (1, d)}
    output = (1, d)
    ties = {"m": d}
    weights = ElmanRNN.weights
    theory = Theory(
        time=d**2,
        flops=2 * d**2 + 2 * d * m + 2 * d,
        parameters=d**2 + d * m,
        memory=d,
        sequential_ops=Integer(1),
        path_length=oo,
        temporaries=2 * d,
        depth=Integer(3),
        distance=oo,
        sources={
            **_ALONE,
            "time": "course text A6.4: one step",
            "flops": "U x and W h, their sum and tanh",
            "parameters": "U and W",
            "memory": "the new state, saved for the gradient",
            "sequential_ops": "one step",
            "temporaries": "both products",
            "depth": "a product, the sum, tanh",
        },
    )

    def forward(self, x: Tensor, h: Tensor, U: Tensor, W: Tensor) -> Tensor:
        return torch.tanh(x @ U.mT + h @ W.mT)  # (batch, 1, d)


@register
class RetentionNext(Textbook):
    """One step of retention, a linear attention, from the previous d × d state."""

    name = "retention_next"
    title = "next position, retention"
    formula = "S' = γ S + k vᵀ; y = q S'"
    axes = ("d",)
    inputs = {"q": (1, d), "k": (1, d), "v": (1, d), "S": (d, d)}
    output = (1, d)
    theory = Theory(
        time=d**2,
        flops=5 * d**2,
        parameters=Integer(0),
        memory=d**2,
        sequential_ops=Integer(1),
        path_length=oo,
        temporaries=3 * d**2,
        depth=Integer(3),
        distance=oo,
        sources={
            **_ALONE,
            "time": "Sun et al. 2023, equation 6: one step",
            "flops": "k vᵀ d², γ S d², their sum d², q S 2d²",
            "parameters": "no projections, as in attention",
            "memory": "the new S, saved for the gradient of q",
            "sequential_ops": "one step",
            "temporaries": "the state decayed, the increment and the new state",
            "depth": "γ S, the sum, the product with q",
        },
    )

    def forward(self, q: Tensor, k: Tensor, v: Tensor, S: Tensor) -> Tensor:
        S = DECAY * S + k.mT * v  # (batch, d, 1) * (batch, 1, d)
        return q @ S  # (batch, 1, d)


@register
class StateSpaceNext(Textbook):
    """One step of the diagonal state space from the previous states."""

    name = "ssm_next"
    title = "next position, state space"
    formula = "x' = a ⊙ x + b ⊙ u; y = Σ_N c ⊙ x'"
    axes = ("d", "N")
    inputs = {"u": (1, d), "x": (d, N)}
    output = (1, d)
    weights = StateSpace.weights
    theory = replace(
        StateSpace.theory,
        time=d * N,
        flops=10 * d * N,
        memory=d * N,
        sequential_ops=Integer(1),
        path_length=oo,
        temporaries=5 * d * N - d,
        depth=Integer(9),
        distance=oo,
        sources={
            **StateSpace.theory.sources,
            **_ALONE,
            "time": "Gu et al. 2022, section 3: N states per channel, one step",
            "flops": "a x, b u, their sum, c x and its sum; a and b 5",
            "memory": "the states, saved for the gradients",
            "sequential_ops": "one step",
            "temporaries": "a, b, the products with both and the new states; no output yet",
            "depth": "5 into b, b u, the sum, c x and the sum over states",
        },
    )

    def forward(self, u: Tensor, x: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:
        a, b = discretise(A, B)
        x = a * x + b * u.mT  # (batch, d, N); u (batch, 1, d)
        return (C * x).sum(dim=-1).unsqueeze(1)  # (batch, 1, d)
