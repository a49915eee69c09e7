"""The ``nn.Module`` around a layer. It loads torch: import it when one is built."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import sqrt
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ._drawing import drawn

if TYPE_CHECKING:
    from .base import Native, Sizes, Textbook


def _uniform(bound: float, count: int) -> Tensor:
    return torch.empty(count).uniform_(-bound, bound)


class TextbookModule(nn.Module):
    """Hold a textbook layer's weights and pass them to its formula."""

    def __init__(
        self, layer: Textbook, shapes: Mapping[str, tuple[int, ...]], given: Sizes
    ) -> None:
        super().__init__()
        self.layer = layer
        self.given = dict(given)
        for name, shape in shapes.items():
            bound = 1 / sqrt(shape[-1])  # the fan-in: as torch draws the weights of nn.Linear
            weight = drawn(shape, partial(_uniform, bound))
            self.register_parameter(name, nn.Parameter(weight))

    def forward(self, *inputs: Tensor) -> Tensor:
        """Compute the layer's formula."""
        return self.layer.forward(*inputs, **self._parameters, **self.given)

    def extra_repr(self) -> str:
        """Show the formula where torch shows a module."""
        return f"{self.layer.name}: {self.layer.formula}"


class NativeModule(nn.Module):
    """Give one of torch's modules the inputs and the output of a textbook layer."""

    def __init__(self, layer: Native, module: nn.Module) -> None:
        super().__init__()
        self.layer = layer
        self.module = module

    def forward(self, *inputs: Tensor) -> Tensor:
        """Call torch's module."""
        return self.layer.forward(self.module, *inputs)
