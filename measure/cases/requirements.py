"""What a case requires by theory: FLOPs, bytes of memory, weights read at each step."""

from __future__ import annotations

from functools import lru_cache
from math import prod

import sympy
from sympy import Expr

from ...layers import SYMBOLS, Layer, Shape, evaluate, get, subs
from .case import Case

#: Bytes of one element of float32, the dtype of the profiles' limits.
ELEMENT_BYTES = 4

#: Bytes from which a case is large: its measured memory corrects the forecasts, and its process
#: returns free memory to the system afterwards, since idle processes would all retain their peaks.
LARGE_BYTES = 2**26

_BYTES = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2}


def is_stepwise(layer: Layer) -> bool:
    """Return whether a layer runs step by step over positions or chunks."""
    order = layer.tied_theory().sequential_ops
    return bool(order.free_symbols) and bool(order.is_rational_function())


def rereads_matrices(layer: Layer) -> bool:
    """Return whether a layer reads weight matrices at each step; they may exceed a cache."""
    parameters, width = layer.tied_theory().parameters, SYMBOLS["d"]
    square = parameters.is_polynomial(width) and sympy.degree(parameters, width) >= 2
    return bool(square) and is_stepwise(layer)


def activations(layer: Layer) -> Expr:
    """Return the elements of inputs, temporaries and output, which a pass holds at once."""
    return layer.tied_theory().temporaries + operands(layer)


def operands(layer: Layer) -> Expr:
    """Return the elements of inputs and output together."""
    return sum(_elements(layer, shape) for shape in (*layer.inputs.values(), layer.output))


def _elements(layer: Layer, shape: Shape) -> Expr:
    return prod(subs(side, layer.ties) for side in shape)


def flops_of(case: Case) -> float:
    """Return the FLOPs of a forward pass by theory."""
    return _flops(get(case.layer), case)


def bytes_of(case: Case) -> float:
    """Return the bytes of a case by theory: weights, inputs, temporaries and output.

    A pass with gradients also holds the saved tensors and the gradients of inputs and weights.
    """
    return _pass_bytes(get(case.layer), case)


def persistent_bytes(case: Case) -> float:
    """Return the bytes allocated between passes: weights, inputs and at most an output.

    A backward pass also needs the saved activations, and a CUDA graph all of its memory.
    """
    if case.mode == "backward" or "graph" in case.options:
        return bytes_of(case)
    return _operand_bytes(get(case.layer), case)


# Cached by layer too: within `layers.override_layers` a case's name may mean another layer.
@lru_cache(maxsize=2**14)
def _flops(layer: Layer, case: Case) -> float:
    return case.batch * evaluate(layer.tied_theory().flops, case.sizes)


@lru_cache(maxsize=2**14)
def _pass_bytes(layer: Layer, case: Case) -> float:
    theory = layer.tied_theory()
    held, weights = activations(layer), theory.parameters
    if case.mode != "forward":
        held, weights = 2 * held + theory.memory, 2 * weights
    return _bytes(case, held, weights)


@lru_cache(maxsize=2**14)
def _operand_bytes(layer: Layer, case: Case) -> float:
    return _bytes(case, operands(layer), layer.tied_theory().parameters)


def _bytes(case: Case, held: Expr, weights: Expr) -> float:
    elements = case.batch * evaluate(held, case.sizes) + evaluate(weights, case.sizes)
    return _BYTES[case.dtype] * elements
