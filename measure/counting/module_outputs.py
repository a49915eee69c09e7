"""All outputs of a module: a user's may return several tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from .operation_call import tensors


def outputs_of(module: nn.Module, inputs: Sequence[Any]) -> tuple[Tensor, ...]:
    """Call a module and return its floating-point tensors, the layer's output first.

    Where a user's module returns several, their order is that of its tuple or mapping.
    """
    call: Callable[..., Any] = getattr(module, "all_outputs", module)
    return tuple(tensors(call(*inputs)))
