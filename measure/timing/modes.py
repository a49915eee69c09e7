"""What one pass of a mode is: the layer alone, its gradient alone, or both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cache
from typing import TYPE_CHECKING

from ...layers import torch

if TYPE_CHECKING:
    from torch import Tensor, nn

#: What is timed; it gives the output, or the gradients.
Pass = Callable[[], "tuple[Tensor, ...]"]


def forward(module: nn.Module, inputs: tuple[Tensor, ...]) -> Pass:
    """Compute the layer's output; nothing is kept for gradients."""
    module.eval()
    return lambda: (module(*inputs),)


def backward(module: nn.Module, inputs: tuple[Tensor, ...]) -> Pass:
    """Compute the gradient alone, of inputs and weights, from an output that is there already."""
    _open_gpu(inputs[0].device)
    output, wanted = module.train()(*require_gradients(inputs)), _wanted(module, inputs)
    along = torch.ones_like(output)
    wanted = _reached(module, output, along, wanted)
    return lambda: torch.autograd.grad(output, wanted, along, retain_graph=True)


def training(module: nn.Module, inputs: tuple[Tensor, ...]) -> Pass:
    """Compute the output, then the gradient of inputs and weights, as a step of training does."""
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
    """Whether torch records what gradients need, as the mode has it."""
    return torch.inference_mode() if mode == "forward" else torch.enable_grad()


@cache
def _open_gpu(device: torch.device) -> None:
    """Have the thread in which torch computes gradients on a GPU open it, by something simple.

    Where a matrix product is the first thing that it does there, torch warns.
    """
    if device.type == "cuda":
        torch.ones((), device=device, requires_grad=True).exp().backward()  # type: ignore[no-untyped-call]


def require_gradients(inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Make torch follow inputs: in a network they come from another layer."""
    return tuple(x.requires_grad_() if x.is_floating_point() else x for x in inputs)


def _reached(
    module: nn.Module, output: Tensor, along: Tensor, wanted: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """Leave out weights that take no part, as a module that is none of ours may have some."""
    if not getattr(module, "may_idle", False):
        return wanted
    found = torch.autograd.grad(output, wanted, along, retain_graph=True, allow_unused=True)
    return tuple(x for x, gradient in zip(wanted, found, strict=True) if gradient is not None)


def _wanted(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(x for x in (*inputs, *module.parameters()) if x.is_floating_point())
