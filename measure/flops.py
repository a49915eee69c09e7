"""Exact FLOPs of a layer, counted operation by operation on meta tensors.

Nothing is computed: meta tensors have shapes alone, so any size is counted at once. Products
are counted as torch's ``FlopCounterMode`` counts them, 2 FLOPs for a multiply-add; element-wise
work by the convention of docs/flops.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import ceil
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from ..layers import Layer, Sizes

#: FLOPs per element of the output, by the operation's name in ATen (`add` stands for `add_` too).
ELEMENTWISE: Mapping[str, int] = {
    **dict.fromkeys(("add", "sub", "rsub", "mul", "div", "neg", "reciprocal"), 1),
    **dict.fromkeys(("exp", "log", "sqrt", "rsqrt", "sin", "cos"), 1),
    **dict.fromkeys(("tanh", "sigmoid", "relu", "maximum", "minimum", "pow"), 1),
    "elu": 2,  # exponential, difference
    "softplus": 3,  # exponential, sum, logarithm
    "gelu": 5,  # quotient by √2, error function, sum, half, product
    # maximum, difference, exponential, sum, quotient
    **dict.fromkeys(("_softmax", "_safe_softmax"), 5),
}

#: Reductions: 1 FLOP per element of the input, and so many more per element of the output.
REDUCTIONS: Mapping[str, int] = {
    **dict.fromkeys(("sum", "amax", "amin", "cumsum"), 0),
    "mean": 1,  # the division
}

#: Products, each with the place of a bias among its arguments: 1 FLOP per element of the output.
PRODUCTS: Mapping[str, int | None] = {
    "mm": None,
    "bmm": None,
    "addmm": 0,
    "baddbmm": 0,
    "convolution": 2,
}

#: Fast Fourier transforms: 5/2 FLOPs of each real number and stage, a complex one being two.
TRANSFORMS = frozenset({"_fft_r2c", "_fft_c2c", "_fft_c2r"})

#: FLOPs of a product and of a sum of complex numbers; of one with a real factor, a product has 2.
COMPLEX: Mapping[str, int] = {"mul": 6, "add": 2, "sub": 2}

#: Operations that make or move numbers without arithmetic. Views need no entry.
FREE = frozenset(
    {
        "empty",
        "zeros",
        "new_zeros",
        "new_ones",
        "ones",
        "full",
        "arange",
        "fill",
        "index",
        "eq",
        "masked_fill",
        "flip",
        "tril",
        "triu",
        "zero",
        "clone",
        "copy",
        "_to_copy",
        "cat",
        "stack",
        "complex",
        "constant_pad_nd",
        "transpose",  # in place, as nn.RNN does it: no view to PyTorch
        "_unsafe_view",
        "unsafe_split",
    }
)


class FlopCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch gives no types
    """Count the FLOPs of what runs inside it.

    Attributes
    ----------
    products
        FLOPs of matrix products and convolutions, by operation.
    elementwise
        FLOPs of everything else, by operation; a product's bias counts here.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the same
        self.products: Counter[str] = Counter()
        self.elementwise: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """All FLOPs counted so far."""
        return self.products.total() + self.elementwise.total()

    def __torch_dispatch__(
        self,
        func: OpOverload,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run one operation and count it."""
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        name = operation(func)
        if name in PRODUCTS:
            count = flop_registry[func.overloadpacket]
            self.products[name] += count(*args, **kwargs, out_val=out)
            bias = PRODUCTS[name]
            if bias is not None and args[bias] is not None:
                self.elementwise[name] += out.numel()
        elif name in ELEMENTWISE and not out.is_complex():
            scaled = kwargs.get("alpha", 1) != 1  # a + alpha·b is one product more
            self.elementwise[name] += (ELEMENTWISE[name] + scaled) * out.numel()
        elif name in COMPLEX and all(isinstance(x, Tensor) and x.is_complex() for x in args):
            self.elementwise[name] += COMPLEX[name] * out.numel()
        elif name in TRANSFORMS:
            real = args[0].numel() if name == "_fft_r2c" else out.numel()
            numbers = 2 * real if name == "_fft_c2c" else real
            self.elementwise[name] += ceil(5 / 2 * numbers * stages(name, *args))
        elif name in REDUCTIONS:
            self.elementwise[name] += args[0].numel() + REDUCTIONS[name] * out.numel()
        elif not is_free(func):
            raise NotImplementedError(
                f"the FLOPs of {func} are not known: enter it in layerlaw.measure.flops, "
                "in ELEMENTWISE with its FLOPs per element, or in FREE if it does no arithmetic"
            )
        return out


def stages(name: str, x: Tensor, axes: list[int], *further: int | bool) -> int:
    """Stages of a transform or a scan: log₂ of its length, rounded up (Cooley & Tukey 1965)."""
    lengths = [x.shape[axis] for axis in axes]
    if name == "_fft_c2r":  # of the numbers that it gives it is given half
        lengths[-1] = further[-1]
    return sum((length - 1).bit_length() for length in lengths)


def operation(func: OpOverload) -> str:
    """Name of an operation, the same in place or not: ``aten.add_.Tensor`` is ``add``."""
    name: str = func.overloadpacket.__name__
    return name.rstrip("_")


def is_free(func: OpOverload) -> bool:
    """Whether an operation only makes, moves or views numbers."""
    return func.is_view or operation(func) in FREE


def count_flops(layer: Layer, sizes: Sizes, *, batch: int = 1) -> int:
    """FLOPs of the layer's forward pass at these sizes.

    Parameters
    ----------
    layer
        A layer, such as ``layers.get("attention")``.
    sizes
        Its sizes by letter; those that the layer ties may be left out.
    batch
        Sequences per pass.

    Raises
    ------
    NotImplementedError
        If the layer uses an operation whose FLOPs are not known; it is never counted as 0.
    """
    counter = FlopCounter()
    on_meta(layer, sizes, counter, batch=batch)
    return counter.total


def on_meta(layer: Layer, sizes: Sizes, watching: TorchDispatchMode, *, batch: int = 1) -> Tensor:
    """Carry out a layer's forward pass on meta tensors, watched; give its output."""
    with torch.device("meta"):
        module = layer.build(sizes)
    inputs = layer.make_inputs(sizes, batch=batch, device="meta")
    with torch.no_grad(), watching:
        output: Tensor = module(*inputs)
    return output
