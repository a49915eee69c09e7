"""Pooling along the sequence: the mean or the maximum of each window, without weights."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sympy import Integer, ceiling

from .core import TABLE_1, Textbook, Theory, d, k, n, register, torch, windows

if TYPE_CHECKING:
    from torch import Tensor

_THEORY = Theory(
    time=n * k * d,
    flops=n * k * d + n * d,
    parameters=Integer(0),
    memory=n * d,
    sequential_ops=Integer(1),
    path_length=n / k,
    temporaries=(n + k) * d,
    depth=Integer(2),
    distance=2 * ceiling(2 * (n - 1) / (k - 1)),
    sources={
        "time": "k numbers for each element of the output",
        "flops": "a sum of k numbers counts as k, and the division as 1",
        "parameters": "it has no parameters",
        "memory": "the padded input, of which windows are views",
        "sequential_ops": f"as a convolution's; {TABLE_1}",
        "path_length": "as conv",
        "temporaries": "the padded input",
        "depth": "sum and quotient",
        "distance": "each layer reaches (k−1)/2 positions further; k ≥ 3",
    },
)


class _Pooling(Textbook):
    axes = ("n", "d", "k")
    integer_expressions = ((k - 1) / 2,)
    size_arguments = ("k",)


@register
class AveragePooling(_Pooling):
    """Mean of each window of k positions, stride 1, zeros beyond the ends; k is odd."""

    name = "average_pool"
    title = "average pooling"
    formula = "y_t = (x_{t−(k−1)/2} + … + x_{t+(k−1)/2}) / k"
    theory = _THEORY

    def forward(self, x: Tensor, *, k: int) -> Tensor:  # x (batch, n, d)
        return windows(x, k).mean(dim=-1)  # (batch, n, d, k) -> (batch, n, d)


@register
class MaxPooling(_Pooling):
    """Maximum of each window of k positions, stride 1; k is odd."""

    name = "max_pool"
    title = "max pooling"
    formula = "y_t = max(x_{t−(k−1)/2}, …, x_{t+(k−1)/2})"
    theory = replace(
        _THEORY,
        flops=n * k * d,
        depth=Integer(1),
        distance=ceiling(2 * (n - 1) / (k - 1)),
        sources={
            **_THEORY.sources,
            "flops": "a maximum of k numbers counts as k",
            "depth": "one maximum",
        },
    )

    def forward(self, x: Tensor, *, k: int) -> Tensor:  # x (batch, n, d)
        return windows(x, k, fill=-torch.inf).amax(dim=-1)  # (batch, n, d, k) -> (batch, n, d)
