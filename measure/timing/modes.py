"""The modes: a pass computes the output, the gradients, or both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cache
from typing import TYPE_CHECKING

from ...layers import torch

if TYPE_CHECKING:
    from torch import Tensor, nn

#: The call that is timed; it returns the output or the gradients.
Pass = Callable[[], "tuple[Tensor, ...]"]


def forward(module: nn.Module, inputs: tuple[Tensor, ...]) -> Pass:
    """Return a pass that computes the output and saves nothing for gradients."""
    module.eval()
    return lambda: (module(*inputs),)


def backward(module: nn.Module, inputs: tuple[Tensor, ...]) -> Pass:
    """Return a pass that computes the gradients of inputs and weights from a saved output."""
    _open_gpu(inputs[0].device)
    output, wanted = module.train()(*require_gradients(inputs)), _wanted(module, inputs)
    along = torch.ones_like(output)
    wanted = _reached(module, output, along, wanted)
    return lambda: torch.autograd.grad(output, wanted, along, retain_graph=True)


def training(module: nn.Module, inputs: tuple[Tensor, ...]) -> Pass:
    """Return a pass that computes the output and the gradients, as a training step does."""
    _open_gpu(inputs[0].device)
    module.train()
    wanted, given = _wanted(module, inputs), require_gradients(inputs)
    output = module(*given)
    along = torch.ones_like(output)
    wanted = _reached(module, output, along, wanted)
    del output
    return lambda: torch.autograd.grad(module(*given), wanted, along)


#: The modes by name.
MODES: Mapping[str, Callable[[nn.Module, tuple[Tensor, ...]], Pass]] = {
    "forward": forward,
    "backward": backward,
    "training": training,
}


def gradient_mode(mode: str) -> AbstractContextManager[object]:
    """Return the context of a mode: inference mode or enabled gradients."""
    return torch.inference_mode() if mode == "forward" else torch.enable_grad()


@cache
def _open_gpu(device: torch.device) -> None:
    """Initialise the thread in which torch computes gradients on a GPU, by a simple operation.

    If its first operation is a matrix product, torch warns.
    """
    if device.type == "cuda":
        torch.ones((), device=device, requires_grad=True).exp().backward()  # type: ignore[no-untyped-call]


def require_gradients(inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Require the gradients of inputs, which in a network come from another layer."""
    return tuple(x.requires_grad_() if x.is_floating_point() else x for x in inputs)


def _reached(
    module: nn.Module, output: Tensor, along: Tensor, wanted: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """Drop weights without a gradient, which a user's module may have."""
    if not getattr(module, "may_have_unused_weights", False):
        return wanted
    found = torch.autograd.grad(output, wanted, along, retain_graph=True, allow_unused=True)
    return tuple(x for x, gradient in zip(wanted, found, strict=True) if gradient is not None)


def _wanted(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(x for x in (*inputs, *module.parameters()) if x.is_floating_point())
