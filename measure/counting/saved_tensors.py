"""What a pass keeps for the gradients, counted on meta tensors."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.nn.attention import SDPBackend, sdpa_kernel

from ...layers import Layer, Sizes
from ..timing import require_gradients


def count_saved(layer: Layer, sizes: Sizes, *, batch: int = 1) -> int:
    """Bytes in float32 that a pass keeps for the gradients, inputs among them, weights apart.

    Each piece of memory counts once, however often it is kept, and as a whole where only a part
    of it is. A fused kernel is taken apart on meta tensors, so it may keep less than is counted.

    Parameters
    ----------
    layer
        A layer, such as ``layers.get("attention")``.
    sizes
        Its sizes by letter; those that the layer ties may be left out.
    batch
        Sequences per pass.

    Examples
    --------
    >>> from layerlaw import layers
    >>> count_saved(layers.get("dense"), {"n": 20, "d": 8})  # the input, 4·n·d
    640
    """
    device = "meta" if layer.meta else "cpu"
    with torch.random.fork_rng(devices=[]), torch.device(device):
        module = layer.build(sizes)
    inputs = layer.make_inputs(sizes, batch=batch, device=device)
    weights = {_address(weight) for weight in module.parameters()}
    # Held by their tensors, lest an address go to another.
    kept: dict[int, Tensor] = {}

    def keep(x: Tensor) -> Tensor:
        if _address(x) not in weights:
            kept.setdefault(_address(x), x.detach())
        return x

    math = sdpa_kernel(SDPBackend.MATH)
    with torch.enable_grad(), math, saved_tensors_hooks(keep, lambda x: x):
        module(*require_gradients(inputs))
    return sum(x.untyped_storage().nbytes() for x in kept.values())


def _address(x: Tensor) -> int:
    return int(x.untyped_storage()._cdata)
