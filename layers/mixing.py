"""Fully connected layers: over the positions (token mixing), and at each position (dense)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sympy import Integer, oo

from .core import TABLE_1, Textbook, Theory, d, f, n, register, torch

if TYPE_CHECKING:
    from torch import Tensor


@register
class TokenMixing(Textbook):
    """Fully connected over the positions: the weights are learnt for one fixed n.

    The course text, A6.4, compares it with self-attention, whose weights are computed from the
    input and so serve every n.
    """

    name = "token_mixing"
    title = "token mixing (fully connected)"
    formula = "Y = W X"
    weights = {"W": (n, n)}
    theory = Theory(
        time=n**2 * d,
        flops=2 * n**2 * d,
        parameters=n**2,
        memory=n * d,
        sequential_ops=Integer(1),
        path_length=Integer(1),
        temporaries=n * d,
        depth=Integer(1),
        distance=Integer(1),
        sources={
            "time": "Tolstikhin et al. 2021",
            "flops": "one product (n × n)(n × d)",
            "parameters": "one weight for each pair of positions",
            "memory": "the input, saved for the gradient of W",
            "sequential_ops": f"one matrix product; {TABLE_1}",
            "path_length": "course text A6.4: each position is connected to every other",
            "temporaries": "a copy of the input, laid out for the product",
            "depth": "one product",
            "distance": "one product",
        },
    )

    def forward(self, x: Tensor, W: Tensor) -> Tensor:  # x (batch, n, d), W (n, n)
        return W @ x  # (batch, n, d)


@register
class Mixer(Textbook):
    """MLP-Mixer's token mixing: an MLP of inner width f over the positions, shared by all channels.

    It has no norm and no skip connection.
    """

    name = "mixer"
    title = "token mixing (MLP-Mixer)"
    formula = "Y = W_2 GELU(W_1 X)"
    ties = {"f": 2 * n}
    weights = {"W_1": (f, n), "W_2": (n, f)}
    theory = Theory(
        time=n * d * f,
        flops=4 * n * d * f + 5 * f * d,
        parameters=2 * n * f,
        memory=f * d,
        sequential_ops=Integer(1),
        path_length=Integer(1),
        temporaries=2 * f * d - n * d,
        depth=Integer(7),
        distance=Integer(7),
        sources={
            "time": "Tolstikhin et al. 2021, section 2: n² where f grows with n",
            "flops": "two products of 2ndf; GELU 5 per element",
            "parameters": "two matrices for each pair of position and inner unit",
            "memory": "the inner activations before and after GELU, saved for the gradients",
            "sequential_ops": TABLE_1,
            "path_length": "each position is connected to every other",
            "temporaries": "the inner activations before and after GELU; no output yet",
            "depth": "product, GELU (5), product",
            "distance": "product, GELU (5), product",
        },
    )

    def forward(self, x: Tensor, W_1: Tensor, W_2: Tensor) -> Tensor:  # x (batch, n, d)
        return W_2 @ torch.nn.functional.gelu(W_1 @ x)  # (batch, f, d) -> (batch, n, d)


@register
class Dense(Textbook):
    """Position-wise dense layer: the same d × d matrix and bias at every position."""

    name = "dense"
    title = "position-wise dense"
    formula = "y_t = W x_t + b"
    weights = {"W": (d, d), "b": (d,)}
    theory = Theory(
        time=n * d**2,
        flops=2 * n * d**2 + n * d,
        parameters=d**2 + d,
        memory=n * d,
        sequential_ops=Integer(1),
        path_length=oo,
        temporaries=n * d,
        depth=Integer(2),
        distance=oo,
        sources={
            "time": "course text A6.1: a 1×1 convolution; Vaswani et al. 2017, section 3.3",
            "flops": "one product (n × d)(d × d), one bias",
            "parameters": "W and b",
            "memory": "the input, saved for the gradient of W",
            "sequential_ops": f"one matrix product; {TABLE_1}",
            "path_length": "it never leaves its position",
            "temporaries": "the product, before the bias",
            "depth": "one product, one bias",
            "distance": "it never leaves its position",
        },
    )

    def forward(self, x: Tensor, W: Tensor, b: Tensor) -> Tensor:  # x (batch, n, d)
        return x @ W.mT + b  # (batch, n, d)
