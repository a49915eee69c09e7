"""What a case requires by theory: FLOPs, bytes that a pass holds, weights that it reads again."""

from __future__ import annotations

from functools import lru_cache
from math import prod

import sympy
from sympy import Expr

from ...layers import SYMBOLS, Layer, Shape, evaluate, get, subs
from .case import Case

#: Bytes of one element of the dtype that the limits are meant for, float32.
ELEMENT_BYTES = 4

#: Bytes of a case from which its memory is looked after: what was measured says something of what
#: theory counts, and a process gives back what it keeps of it, since it waits with others until its
#: turn comes again, and all would keep their most.
LARGE_BYTES = 2**26

_BYTES = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2}


def is_stepwise(layer: Layer) -> bool:
    """Whether a layer takes a step for each position, or chunk, and reads its weights in each."""
    order = layer.tied_theory().sequential_ops
    return bool(order.free_symbols) and bool(order.is_rational_function())


def rereads_matrices(layer: Layer) -> bool:
    """Whether what a layer reads again in each step are matrices, which outgrow caches."""
    parameters, width = layer.tied_theory().parameters, SYMBOLS["d"]
    square = parameters.is_polynomial(width) and sympy.degree(parameters, width) >= 2
    return bool(square) and is_stepwise(layer)


def activations(layer: Layer) -> Expr:
    """Elements that a pass holds at once, weights apart: inputs, temporaries and output."""
    return layer.tied_theory().temporaries + operands(layer)


def operands(layer: Layer) -> Expr:
    """Elements of inputs and output together."""
    return sum(_elements(layer, shape) for shape in (*layer.inputs.values(), layer.output))


def _elements(layer: Layer, shape: Shape) -> Expr:
    return prod(subs(side, layer.ties) for side in shape)


def flops_of(case: Case) -> float:
    """FLOPs of a forward pass by theory."""
    return _flops(get(case.layer), case)


def bytes_of(case: Case) -> float:
    """Bytes that a case takes by theory: weights, inputs and what a pass holds.

    A pass with gradients holds what it keeps for them too, and one for each input and weight.
    """
    return _pass_bytes(get(case.layer), case)


def persistent_bytes(case: Case) -> float:
    """Bytes of what is there before and after a pass: weights, inputs and, at most, an output.

    A pass for gradients alone stands on the activations too, and a graph on all that it holds.
    """
    if case.mode == "backward" or "graph" in case.options:
        return bytes_of(case)
    return _operand_bytes(get(case.layer), case)


# Kept by layer too: within `layers.override_layers` another one may stand under a case's name.
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
