"""Saved tensors: the memory that a training pass on the CPU saves for the gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd.graph import saved_tensors_hooks

from ...layers import Layer, Sizes
from ..timing import require_gradients
from .aten_operations import operation_name
from .dispatch_mode import DispatchMode


def count_saved(layer: Layer, sizes: Sizes, *, batch: int = 1) -> int:
    """Count the bytes in float32 that a pass saves for the gradients, without the weights.

    Each block of memory counts once, however often it is saved, and as a whole even if only a part
    is. Inputs count. The pass runs on fake tensors, for which torch chooses the kernels of the CPU,
    so a fused kernel counts with what it saves itself. A layer that reads numbers runs on real
    ones, as does oneDNN's LSTM, which saves a workspace of a size of its own.

    Parameters
    ----------
    layer
        A layer, such as ``layers.get("attention")``.
    sizes
        Its sizes by letter; tied sizes may be left out.
    batch
        Sequences per pass.

    Examples
    --------
    >>> from layerlaw import layers
    >>> count_saved(layers.get("dense"), {"n": 20, "d": 8})  # the input, 4·n·d
    640
    """
    like = layer.make_inputs(sizes, batch=batch, device="meta")
    with torch.random.fork_rng(devices=[]):
        if not layer.runs_on_meta:
            return _saved_by(layer.build(sizes), layer.make_inputs(sizes, batch=batch))
        try:
            with FakeTensorMode():
                inputs = tuple(torch.zeros(x.shape, dtype=x.dtype) for x in like)
                module = layer.build(sizes)
                with _RefuseWorkspaces():
                    return _saved_by(module, inputs)
        except _WorkspaceError:
            return _saved_by(layer.build(sizes), layer.make_inputs(sizes, batch=batch))


class _WorkspaceError(Exception):
    """A kernel saves a workspace whose size is known only once it has run."""


class _RefuseWorkspaces(DispatchMode):
    """Raise where a fake kernel does not know how much the real one saves."""

    decomposing = False

    def dispatch(self, func: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run an operation unless it has such a workspace."""
        if operation_name(func) in _WORKSPACES:
            raise _WorkspaceError
        return func(*args, **kwargs)


#: Operations that save a workspace of a size that their library decides: oneDNN's LSTM.
_WORKSPACES = frozenset({"mkldnn_rnn_layer"})


def _saved_by(module: nn.Module, inputs: tuple[Tensor, ...]) -> int:
    """Count the bytes that a training pass of a module saves."""
    weights = {_address(weight) for weight in module.parameters()}
    # Tensors are stored to keep them alive, so that no address is reused.
    saved: dict[int, Tensor] = {}

    def save(x: Tensor) -> Tensor:
        if _address(x) not in weights:
            saved.setdefault(_address(x), x.detach())
        return x

    # Copies, since a module may write into its inputs, which in a network come from another layer.
    given = tuple(x.clone() for x in require_gradients(inputs))
    with torch.enable_grad(), saved_tensors_hooks(save, lambda x: x):
        module.train()(*given)
    return sum(x.untyped_storage().nbytes() for x in saved.values())


def _address(x: Tensor) -> int:
    return int(x.untyped_storage()._cdata)
