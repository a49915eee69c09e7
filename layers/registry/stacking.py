"""Stacks of layers: ``4*rnn`` is four layers ``rnn``, each with weights of its own."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import sympy

from ..core import Layer, Sizes, Theory, subs
from ..external import LayerError

if TYPE_CHECKING:
    from torch import nn

#: Most layers of a stack: more are a slip, whose modules would fill all memory.
MAX_DEPTH = 1000

_NAME = re.compile(r"(\d+)\*(.+)")


class Stack(Layer):
    """Several of one layer: each is given what the one below gives, for all of its inputs.

    Attributes
    ----------
    each, depth
        The layer, and how many of it.
    """

    each: ClassVar[Layer]
    depth: ClassVar[int]

    def resolve(self, sizes: Sizes) -> dict[str, int]:
        """Complete the sizes by the layer's ties.

        Raises
        ------
        ValueError
            As that of any layer; and where at these sizes a layer's output is no input of the next.
        """
        full = super().resolve(sizes)
        shapes = {
            tuple(subs(side, full) for side in shape)
            for shape in (*self.inputs.values(), self.output)
        }
        if self.depth > 1 and len(shapes) > 1:
            raise ValueError(f"layer {self.name!r}: its output has not its input's shape at {full}")
        return full

    def build(self, sizes: Sizes) -> nn.Module:
        """Build all of them, with fresh random weights."""
        from ..core import StackModule  # loads torch

        full = self.resolve(sizes)
        return StackModule(self.each.build(full) for _ in range(self.depth))

    def largest_weight(self) -> sympy.Expr:
        """Elements of the largest weight of one of them, in the swept sizes."""
        return self.each.largest_weight()


def parse_stack_name(name: str) -> tuple[int, str] | None:
    """Take a stack's name apart: how many, and of what; None of any other name."""
    found = _NAME.fullmatch(name)
    return (int(found[1]), found[2]) if found else None


def make_stack(name: str, each: Layer, depth: int) -> Stack:
    """Stack a layer upon itself.

    Parameters
    ----------
    name
        What the stack is called.
    each, depth
        The layer, and how many of it.

    Raises
    ------
    LayerError
        If there are none, or too many, or the layer's output is not of its inputs' shape.
    """
    if not 1 <= depth <= MAX_DEPTH:
        raise LayerError(f"{name!r}: a stack has 1 to {MAX_DEPTH} layers, not {depth}")
    inside, outside = (
        {tuple(subs(side, each.ties) for side in shape) for shape in shapes}
        for shapes in (each.inputs.values(), [each.output])
    )
    if inside != outside or each.token_inputs:
        raise LayerError(
            f"{name!r}: layer {each.name!r} cannot be stacked, its output has not its input's shape"
        )
    attributes = {
        "__doc__": f"{depth} layers upon one another. {type(each).__doc__ or ''}",
        "name": name,
        "title": f"{each.title}, {depth} layers",
        "formula": f"{depth} times: {each.formula}",
        "theory": _theory(each, depth),
        **{
            field: getattr(each, field)
            for field in (
                *("axes", "inputs", "output", "ties", "whole", "least", "units"),
                *("native", "causal", "meta"),
            )
        },
        "each": each,
        "depth": depth,
    }
    made: Stack = type("Stack", (Stack,), attributes)()
    return made


def _theory(each: Layer, depth: int) -> Theory:
    """So many times the layer's, one after the other; a pass holds what one of them does."""
    one = each.theory
    between = subs(sympy.Mul(*each.output), each.ties) if depth > 1 else 0  # what a layer is given
    sources = {
        **one.sources,
        **dict.fromkeys(
            ("time", "flops", "parameters", "memory", "sequential_ops"),
            f"{depth} times that of {each.name}",
        ),
        "depth": f"{depth} times that of {each.name}, but for what waits for no input",
        "path_length": f"of {each.name}: as an order, {depth} layers change nothing",
        "distance": "not told of stacks",
        "temporaries": f"those of one {each.name}, and what the layer below gave",
    }
    return replace(
        one,
        time=depth * one.time,
        flops=depth * one.flops,
        parameters=depth * one.parameters,
        memory=depth * one.memory,
        sequential_ops=depth * one.sequential_ops,
        depth=depth * one.depth - (depth - 1) * each.input_free_depth,
        distance=sympy.nan,
        temporaries=one.temporaries + between,
        sources=sources,
    )
