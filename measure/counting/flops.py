"""Exact FLOPs of a layer, counted operation by operation on meta tensors.

Nothing is computed: meta tensors have only shapes, so any size is counted quickly. Products are
counted as torch's ``FlopCounterMode`` counts them, 2 FLOPs for a multiply-add; element-wise work by
the convention of docs/flops.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from math import ceil
from typing import Any

import torch
from torch import Tensor, nn
from torch._ops import OpOverload

from ...layers import Layer, Sizes
from .aten_operations import (
    COMPLEX,
    COMPLEX_BY_REAL,
    COMPLEX_PRODUCT,
    ELEMENTWISE,
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
    transform_stages,
)
from .dispatch_mode import DispatchMode, signature_of, unfused
from .known_operations import of_aten, rule_of, unknown, written_out
from .operation_call import OperationCall, tensors, window
from .user_rules import registered_formula, rules_read_once, user_rule


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
        self._known: dict[Hashable, tuple[int, int]] = {}

    @property
    def total(self) -> int:
        """All FLOPs counted so far."""
        return self.products.total() + self.elementwise.total()

    def dispatch(self, func: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run one operation and count it."""
        signature = signature_of(func, args, kwargs)
        out = self.run(func, args, kwargs, signature)
        name = operation_name(func)
        flops = self._known.get(signature) if signature else None
        if flops is None:
            flops = _flops(name, OperationCall(func, args, kwargs, out))
            if signature:
                self._known[signature] = flops
        products, others = flops
        if products:
            self.products[name] += products
        if others:
            self.elementwise[name] += others
        return out


def _flops(name: str, call: OperationCall) -> tuple[int, int]:
    """Return the FLOPs of an operation in products and in everything else."""
    products = _products(name, call)
    if products is None:
        return 0, _other_flops(name, call)
    return products, _summands(name, call)


def _products(name: str, call: OperationCall) -> int | None:
    """Return the FLOPs of a matrix product or convolution, whole numbers too; None of others."""
    func = call.function
    known = name in PRODUCTS or name in VECTORS
    if not known or not of_aten(func) or user_rule(func) is not None:
        return None
    complex_numbers = COMPLEX_PRODUCT if call.made.is_complex() else 1
    if name == "_int_mm":
        rows, inner = call.args[0].shape
        return 2 * int(rows * inner * call.made.shape[-1])
    if name in PRODUCTS:
        formula = registered_formula(func)
        assert formula is not None  # torch has one for each of these
        return complex_numbers * formula(*call.args, **call.kwargs, out_val=call.out)
    return complex_numbers * 2 * int(call.args[VECTORS[name][0]].numel())


def _summands(name: str, call: OperationCall) -> int:
    """Return the FLOPs that a fused product has beyond the product: β·summand + α·product."""
    place = PRODUCTS[name] if name in PRODUCTS else VECTORS[name][1]
    scaled = call.made.numel() if call.get("alpha", 1) != 1 else 0
    if place is None or call.args[place] is None or call.get("beta", 1) == 0:
        return scaled
    summand = call.args[place].numel() if call.get("beta", 1) != 1 else 0
    each = 2 if call.made.is_complex() else 1
    return each * (scaled + int(summand) + call.made.numel())


def _other_flops(name: str, call: OperationCall) -> int:
    """Return the FLOPs of an operation that is not a product."""
    func, args, kwargs = call.function, call.args, call.kwargs
    if (rule := rule_of(func)) is not None:
        # Positions and masks are whole numbers, which count as 0 unless the user says otherwise.
        counts = user_rule(func) is not None or _has_numbers(call)
        return rule.flops(call) if counts else 0
    if (formula := registered_formula(func)) is not None:
        return formula(*args, **kwargs, out_val=call.out)
    if is_free(func):
        return 0
    if not of_aten(func):
        raise unknown(func, "number of FLOPs")
    if not _has_numbers(call):
        return 0
    if name in ELEMENTWISE:
        return _of_elements(name, call)
    if name in FUSED:
        return _of_rows(name, args, call.out)
    if name in POOLS:
        size = window(call["kernel_size"], 3 if "3d" in name else 2)
        return (size + POOLS[name]) * call.made.numel()
    if name in TRANSFORMS:
        real = args[0].numel() if name == "_fft_r2c" else call.made.numel()
        numbers = 2 * real if name == "_fft_c2c" else real
        return ceil(5 / 2 * numbers * transform_stages(name, *args))
    if name in REDUCTIONS:
        each = 2 if call.made.is_complex() else 1
        return each * (call.x.numel() + REDUCTIONS[name] * call.made.numel())
    if (function := written_out(func)) is not None:
        counter, meta = FlopCounter(), call.on_meta
        with counter:
            function(*meta.args, **meta.kwargs)
        return counter.total
    raise unknown(func, "number of FLOPs")


def _of_elements(name: str, call: OperationCall) -> int:
    """Return the FLOPs of an element-wise operation, on complex numbers too."""
    numbers = call.made.numel()
    given = tensors((call.args, call.kwargs))
    if not any(x.is_complex() for x in (*given, call.made)):
        return flops_per_element(name, call.args, call.kwargs) * numbers
    factors = call.args[:2] if len(call.args) > 1 else call.args
    real = not all(_is_complex(factor) for factor in factors)
    table = COMPLEX_BY_REAL if real and name in COMPLEX_BY_REAL else COMPLEX
    if name not in table:
        raise unknown(call.function, "number of FLOPs on complex numbers")
    scaled = 2 * numbers if call.kwargs.get("alpha", 1) != 1 else 0
    return table[name] * numbers + scaled


def _is_complex(factor: Any) -> bool:
    return factor.is_complex() if isinstance(factor, Tensor) else isinstance(factor, complex)


def _has_numbers(call: OperationCall) -> bool:
    """Return whether an operation reads or makes floating-point numbers, or no tensor at all."""
    seen = tensors((call.args, call.kwargs, call.out))
    return not seen or any(x.is_floating_point() or x.is_complex() for x in seen)


def _of_rows(name: str, args: tuple[Any, ...], out: Any) -> int:
    """Return the FLOPs of a function of rows."""
    one, x = fused_function(name, args), args[0]
    if "batch_norm" in name:
        rows = x.shape[1]
    elif name.startswith("native"):
        rows = out[1].numel()  # their means
    elif name == "_log_softmax":
        rows = x.numel() // x.shape[args[1]]
    else:
        rows = tensors(out)[0].numel()
    affine = sum(args[place] is not None for place in one.affine)
    return int((one.each + affine) * x.numel() + one.row * rows)


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


def outputs_of(module: nn.Module, inputs: Sequence[Any]) -> tuple[Tensor, ...]:
    """Call a module and return its floating-point tensors, the layer's output first.

    Where a user's module returns several, their order is that of its tuple or mapping.
    """
    call: Callable[..., Any] = getattr(module, "all_outputs", module)
    return tuple(tensors(call(*inputs)))


def run_on_meta(
    layer: Layer, sizes: Sizes, observer: DispatchMode, *, batch: int = 1
) -> tuple[Tensor, ...]:
    """Run a layer's forward pass on meta tensors inside a dispatch mode; return its outputs.

    A layer that reads numbers runs on the CPU instead. Fused kernels are decomposed.
    """
    device = "meta" if layer.runs_on_meta else "cpu"
    with torch.random.fork_rng(devices=[]), torch.device(device):
        module = layer.build(sizes)
    inputs = layer.make_inputs(sizes, batch=batch, device=device)
    with torch.no_grad(), unfused(), rules_read_once(), observer:
        return outputs_of(module, inputs)
