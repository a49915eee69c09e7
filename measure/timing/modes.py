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


class RestoringPass:
    """A pass of a module that writes into its inputs: they are copied anew before each call.

    A clock that knows of it calls `restore` outside the timed region, then `run`.

    Parameters
    ----------
    run
        The pass, on copies of the inputs.
    copy
        Makes the copies.
    """

    def __init__(
        self,
        run: Callable[[tuple[Tensor, ...]], tuple[Tensor, ...]],
        copy: Callable[[], tuple[Tensor, ...]],
    ) -> None:
        self._run, self._copy = run, copy
        self._given: tuple[Tensor, ...] | None = None

    def restore(self) -> None:
        """Copy the inputs."""
        self._given = None  # frees the copies of the call before
        self._given = self._copy()

    def run(self) -> tuple[Tensor, ...]:
        """Run the pass on the copies, which are then used."""
        assert self._given is not None  # `restore` is called before
        given, self._given = self._given, None
        return self._run(given)

    def __call__(self) -> tuple[Tensor, ...]:
        """Copy the inputs and run the pass."""
        self.restore()
        return self.run()


def restored(call: Pass) -> Pass:
    """Return a pass for one call, whose inputs have been copied if it writes into them."""
    if not isinstance(call, RestoringPass):
        return call
    call.restore()
    return call.run


def forward(module: nn.Module, inputs: tuple[Tensor, ...]) -> Pass:
    """Return a pass that computes the output and saves nothing for gradients."""
    module.eval()
    if writes_into_inputs(module, inputs):
        return RestoringPass(lambda given: (module(*given),), lambda: copied(inputs))
    return lambda: (module(*inputs),)


def backward(module: nn.Module, inputs: tuple[Tensor, ...]) -> Pass:
    """Return a pass that computes the gradients of inputs and weights from a saved output."""
    _open_gpu(inputs[0].device)
    module.train()
    wanted, given = _wanted(module, inputs), require_gradients(inputs)
    output = module(*(copied(given) if writes_into_inputs(module, inputs) else given))
    along = torch.ones_like(output)
    wanted = _reached(module, output, along, wanted)
    return lambda: torch.autograd.grad(output, wanted, along, retain_graph=True)


def training(module: nn.Module, inputs: tuple[Tensor, ...]) -> Pass:
    """Return a pass that computes the output and the gradients, as a training step does."""
    _open_gpu(inputs[0].device)
    module.train()
    wanted, given = _wanted(module, inputs), require_gradients(inputs)
    writes = writes_into_inputs(module, inputs)
    output = module(*(copied(given) if writes else given))
    along = torch.ones_like(output)
    wanted = _reached(module, output, along, wanted)
    del output

    def step(given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return torch.autograd.grad(module(*given), wanted, along)

    return RestoringPass(step, lambda: copied(given)) if writes else lambda: step(given)


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


def copied(inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Copy inputs, for a module that writes into them; gradients go back to the originals."""
    return tuple(x.clone() if isinstance(x, torch.Tensor) else x for x in inputs)


def writes_into_inputs(module: nn.Module, inputs: tuple[Tensor, ...]) -> bool:
    """Return whether a user's module writes into its inputs, by a pass on copies of them.

    PyTorch counts the writes to a tensor's memory, in inference mode too if the tensor was made
    outside it. Layers of this package write into none.
    """
    if not _is_of_user(module):
        return False
    with torch.inference_mode(False), torch.no_grad():
        probes = copied(inputs)
    before = [x._version for x in probes]
    devices = {x.device for x in probes if x.device.type == "cuda"}
    with torch.random.fork_rng(devices=devices), torch.no_grad():
        module.forward(*probes)  # not compiled
    return [x._version for x in probes] != before


def _is_of_user(module: nn.Module) -> bool:
    """Return whether a module, or a layer of a stack, is a user's own."""
    return any(getattr(one, "may_have_unused_weights", False) for one in module.modules())


def _reached(
    module: nn.Module, output: Tensor, along: Tensor, wanted: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """Drop weights without a gradient, which a user's module may have."""
    if not _is_of_user(module):
        return wanted
    found = torch.autograd.grad(output, wanted, along, retain_graph=True, allow_unused=True)
    return tuple(x for x, gradient in zip(wanted, found, strict=True) if gradient is not None)


def _wanted(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(x for x in (*inputs, *module.parameters()) if x.is_floating_point())
