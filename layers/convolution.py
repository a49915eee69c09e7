"""Convolutions along the sequence, each as one matrix product."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sympy import Integer, ceiling, oo

from ._lazy import torch
from .base import Textbook, register
from .theory import TABLE_1, Theory, d, k, m, n

if TYPE_CHECKING:
    from torch import Tensor


@register
class Convolution(Textbook):
    """Convolution of stride 1 and "same" padding (k−1)/2, as in the course text, A6.4; k is odd.

    Every window of k positions is laid out as one row ("unfolded"), so that the convolution is
    a product with W, whose columns run over the window's positions and, within each, over
    the channels. The rows overlap: together they hold k copies of the input.
    """

    name = "conv"
    title = "convolution (unfolded)"
    formula = "y_t = W · [x_{t−(k−1)/2}; …; x_{t+(k−1)/2}]"
    axes = ("n", "d", "k")
    whole = ((k - 1) / 2,)
    weights = {"W": (d, k * d)}
    theory = Theory(
        time=n * k * d**2,
        flops=2 * n * k * d**2,
        parameters=k * d**2,
        memory=n * k * d,
        sequential_ops=Integer(1),
        path_length=n / k,
        temporaries=n * k * d + (n + k) * d,
        depth=Integer(1),
        distance=ceiling(2 * (n - 1) / (k - 1)),
        sources={
            "time": f"course text A6.4; {TABLE_1}",
            "flops": "one product (n × kd)(kd × d); the padding is multiplied too",
            "parameters": "d kernels of k × d, course text A6.4",
            "memory": "the unfolded input, kept for the gradient of W",
            "sequential_ops": TABLE_1,
            "path_length": "Vaswani et al. 2017, section 4: contiguous kernels, stacked",
            "temporaries": "the unfolded and the padded input",
            "depth": "one product; padding and windows are copies",
            "distance": "each layer, one product, goes (k−1)/2 positions further; k ≥ 3",
        },
    )

    def forward(self, x: Tensor, W: Tensor) -> Tensor:  # x (batch, n, d), W (d, k·d)
        size = W.shape[1] // x.shape[-1]  # k
        reach = (size - 1) // 2
        padded = torch.nn.functional.pad(x, (0, 0, reach, reach))  # (batch, n + k − 1, d)
        windows = padded.unfold(1, size, 1).mT  # (batch, n, k, d), a view
        return windows.flatten(2) @ W.mT  # (batch, n, k·d) @ (k·d, d) -> (batch, n, d)


@register
class Convolution1x1(Textbook):
    """1×1 convolution: each position alone, from m channels to d (course text A6.1).

    It is the position-wise dense layer without its bias, under the convolution's name.
    """

    name = "conv_1x1"
    title = "1×1 convolution"
    formula = "y_t = W x_t"
    inputs = {"x": (n, m)}
    ties = {"m": d}
    weights = {"W": (d, m)}
    theory = Theory(
        time=n * d * m,
        flops=2 * n * d * m,
        parameters=d * m,
        memory=n * m,
        sequential_ops=Integer(1),
        path_length=oo,
        depth=Integer(1),
        distance=oo,
        sources={
            "time": "course text A6.1 and A6.4 with k = 1",
            "flops": "one product (n × m)(m × d)",
            "parameters": "course text A6.1: W changes the number of channels from m to d",
            "memory": "the input, kept for the gradient of W",
            "sequential_ops": TABLE_1,
            "path_length": "a kernel of width 1 never leaves its position",
            "depth": "one product",
            "distance": "a kernel of width 1 never leaves its position",
        },
    )

    def forward(self, x: Tensor, W: Tensor) -> Tensor:  # x (batch, n, m)
        return x @ W.mT  # (batch, n, d)
