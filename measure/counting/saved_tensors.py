"""Saved tensors: the memory that a pass saves for the gradients, counted on meta tensors."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.nn.attention import SDPBackend, sdpa_kernel

from ...layers import Layer, Sizes
from ..timing import require_gradients


def count_saved(layer: Layer, sizes: Sizes, *, batch: int = 1) -> int:
    """Count the bytes in float32 that a pass saves for the gradients, without the weights.

    Each block of memory counts once, however often it is saved, and as a whole even if only a part
    is. Inputs count. Fused kernels are decomposed on meta tensors and may save less than is
    counted.

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
    device = "meta" if layer.runs_on_meta else "cpu"
    with torch.random.fork_rng(devices=[]), torch.device(device):
        module = layer.build(sizes)
    inputs = layer.make_inputs(sizes, batch=batch, device=device)
    weights = {_address(weight) for weight in module.parameters()}
    # Tensors are stored to keep them alive, so that no address is reused.
    saved: dict[int, Tensor] = {}

    def save(x: Tensor) -> Tensor:
        if _address(x) not in weights:
            saved.setdefault(_address(x), x.detach())
        return x

    math = sdpa_kernel(SDPBackend.MATH)
    with torch.enable_grad(), math, saved_tensors_hooks(save, lambda x: x):
        module(*require_gradients(inputs))
    return sum(x.untyped_storage().nbytes() for x in saved.values())


def _address(x: Tensor) -> int:
    return int(x.untyped_storage()._cdata)
