"""Exact FLOPs of a layer, counted operation by operation on meta tensors.

Nothing is computed: meta tensors have only shapes, so any size is counted quickly. Products are
counted as torch's ``FlopCounterMode`` counts them, 2 FLOPs for a multiply-add; element-wise work by
the convention of docs/flops.md.
"""

from __future__ import annotations

from collections import Counter
from math import ceil, prod
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import flop_registry

from ...layers import Layer, Sizes
from .aten_operations import (
    COMPLEX,
    ELEMENTWISE,
    FREE,
    FUSED,
    POOLS,
    PRODUCTS,
    REDUCTIONS,
    TRANSFORMS,
    VECTORS,
    flops_per_element,
    fused_function,
    is_free,
    operation_name,
    stages,
)
from .dispatch_mode import DispatchMode, tensors


class FlopCounter(DispatchMode):
    """Count the FLOPs of what runs inside it.

    Attributes
    ----------
    products
        FLOPs of matrix products and convolutions, by operation.
    elementwise
        FLOPs of everything else, by operation; a product's bias counts here.
    """

    def __init__(self) -> None:
        super().__init__()
        self.products: Counter[str] = Counter()
        self.elementwise: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """All FLOPs counted so far."""
        return self.products.total() + self.elementwise.total()

    def dispatch(self, func: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run one operation and count it."""
        out = func(*args, **kwargs)
        name = operation_name(func)
        if name in FREE or not _floats(out):
            pass  # positions and masks are integers, which count as 0
        elif name in PRODUCTS:
            count = flop_registry[func.overloadpacket]
            self.products[name] += count(*args, **kwargs, out_val=out)
            bias = PRODUCTS[name]
            if bias is not None and args[bias] is not None:
                self.elementwise[name] += out.numel()
        elif name in VECTORS:
            matrix, added = VECTORS[name]
            self.products[name] += 2 * args[matrix].numel()
            if added is not None:
                self.elementwise[name] += out.numel()
        elif name in ELEMENTWISE and not first_tensor(out).is_complex():
            self.elementwise[name] += (
                flops_per_element(name, args, kwargs) * first_tensor(out).numel()
            )
        elif name in FUSED:
            self.elementwise[name] += _of_rows(name, args, out)
        elif name in POOLS:
            window = prod(args[1]) if len(args[1]) > 1 else args[1][0] ** 2
            self.elementwise[name] += (window + POOLS[name]) * first_tensor(out).numel()
        elif name in COMPLEX and all(isinstance(x, Tensor) and x.is_complex() for x in args):
            self.elementwise[name] += COMPLEX[name] * out.numel()
        elif name in TRANSFORMS:
            real = args[0].numel() if name == "_fft_r2c" else out.numel()
            numbers = 2 * real if name == "_fft_c2c" else real
            self.elementwise[name] += ceil(5 / 2 * numbers * stages(name, *args))
        elif name in REDUCTIONS:
            self.elementwise[name] += args[0].numel() + REDUCTIONS[name] * first_tensor(out).numel()
        elif not is_free(func):
            raise NotImplementedError(
                f"the FLOPs of {func} are not known: add it to "
                "layerlaw.measure.counting.aten_operations, "
                "to ELEMENTWISE with its FLOPs per element, or to FREE if it does no arithmetic"
            )
        return out


def first_tensor(out: Any) -> Tensor:
    """Return an operation's output, or the first of several, such as maxima and their indices."""
    made: Tensor = out if isinstance(out, Tensor) else out[0]
    return made


def _of_rows(name: str, args: tuple[Any, ...], out: Any) -> int:
    """Return the FLOPs of a function of rows."""
    one, x = fused_function(name, args), args[0]
    if name == "native_batch_norm":
        rows = x.shape[1]
    elif name.startswith("native"):
        rows = out[1].numel()  # their means
    elif name == "_log_softmax":
        rows = x.numel() // x.shape[args[1]]
    else:
        rows = first_tensor(out).numel()
    affine = sum(args[place] is not None for place in one.affine)
    return int((one.each + affine) * x.numel() + one.row * rows)


def _floats(out: Any) -> bool:
    """Return whether an operation's output has floating-point numbers or no tensor at all."""
    made = tensors(out)
    return not made or any(x.is_floating_point() or x.is_complex() for x in made)


def count_flops(layer: Layer, sizes: Sizes, *, batch: int = 1) -> int:
    """Count the FLOPs of a layer's forward pass.

    Parameters
    ----------
    layer
        A layer, such as ``layers.get("attention")``.
    sizes
        Its sizes by letter; tied sizes may be left out.
    batch
        Sequences per pass.

    Raises
    ------
    NotImplementedError
        If the layer uses an operation whose FLOPs are not known.

    Examples
    --------
    >>> from layerlaw import layers
    >>> count_flops(layers.get("attention"), {"n": 512, "d": 64}) == 4 * 512**2 * 64 + 5 * 512**2
    True
    """
    counter = FlopCounter()
    run_on_meta(layer, sizes, counter, batch=batch)
    return counter.total


def run_on_meta(layer: Layer, sizes: Sizes, observer: DispatchMode, *, batch: int = 1) -> Tensor:
    """Run a layer's forward pass on meta tensors inside a dispatch mode; return its output.

    A layer that reads numbers runs on the CPU instead. Fused attention is decomposed.
    """
    device = "meta" if layer.runs_on_meta else "cpu"
    with torch.random.fork_rng(devices=[]), torch.device(device):
        module = layer.build(sizes)
    inputs = layer.make_inputs(sizes, batch=batch, device=device)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), observer:
        output: Tensor = module(*inputs)
    return output
