"""Stacks of layers: ``4*rnn`` is four layers ``rnn``, each with its own weights."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import sympy

from ..core import InputTensor, Layer, Shape, Sizes, Theory, subs
from ..external import LayerError

if TYPE_CHECKING:
    from torch import Tensor, nn

#: Most layers of a stack: more are taken for a typing error, since they could fill the memory.
MAX_DEPTH = 1000

_NAME = re.compile(r"(\d+)\*(.+)")


class Stack(Layer):
    """A stack of equal layers: each gets the output of the one below as all of its inputs.

    Inputs of whole numbers, masks and inputs without a batch are the same for all layers.

    Attributes
    ----------
    each, depth
        The layer, and how many times it occurs.
    """

    each: ClassVar[Layer]
    depth: ClassVar[int]

    def resolve(self, sizes: Sizes) -> dict[str, int]:
        """Complete the sizes by the layer's ties.

        Raises
        ------
        ValueError
            As `Layer.resolve`, and if at these sizes a layer's output does not fit the next layer.
        """
        full = super().resolve(sizes)
        shapes = {
            tuple(subs(side, full) for side in shape)
            for shape in (*_carried_shapes(self.each), self.output)
        }
        if self.depth > 1 and len(shapes) > 1:
            raise ValueError(f"layer {self.name!r}: output and input differ in shape at {full}")
        return full

    def build(self, sizes: Sizes) -> nn.Module:
        """Build all layers, each with fresh random weights."""
        from ..core import StackModule  # loads torch

        full = self.resolve(sizes)
        carried = [one.is_plain for one in self.each.input_tensors]
        return StackModule((self.each.build(full) for _ in range(self.depth)), carried)

    @property
    def input_tensors(self) -> tuple[InputTensor, ...]:
        """What a layer takes."""
        return self.each.input_tensors

    @property
    def has_plain_inputs(self) -> bool:
        """As a layer's."""
        return self.each.has_plain_inputs

    def make_inputs(self, sizes: Sizes, **options: Any) -> tuple[Tensor, ...]:
        """Make the inputs of a layer."""
        self.resolve(sizes)
        return self.each.make_inputs(sizes, **options)

    def largest_weight(self) -> sympy.Expr:
        """Return the elements of the largest weight of one layer, in the swept sizes."""
        return self.each.largest_weight()


def parse_stack_name(name: str) -> tuple[int, str] | None:
    """Split a stack's name into the number and the name of its layers; None for other names."""
    found = _NAME.fullmatch(name)
    return (int(found[1]), found[2]) if found else None


def make_stack(name: str, each: Layer, depth: int) -> Stack:
    """Make a stack of a layer.

    Parameters
    ----------
    name
        Name of the stack.
    each, depth
        The layer, and how many times it occurs.

    Raises
    ------
    LayerError
        If the depth is out of range, or the layer's output and inputs differ in shape.
    """
    if not 1 <= depth <= MAX_DEPTH:
        raise LayerError(f"{name!r}: a stack has 1 to {MAX_DEPTH} layers, not {depth}")
    inside, outside = (
        {tuple(subs(side, each.ties) for side in shape) for shape in shapes}
        for shapes in (_carried_shapes(each), [each.output])
    )
    if inside != outside:
        raise LayerError(
            f"{name!r}: layer {each.name!r} cannot be stacked: its output and input differ in shape"
        )
    attributes = {
        "__doc__": f"A stack of {depth} layers. {type(each).__doc__ or ''}",
        "name": name,
        "title": f"{each.title}, {depth} layers",
        "formula": f"{depth} times: {each.formula}",
        "theory": _theory(each, depth),
        **{
            field: getattr(each, field)
            for field in (
                *("axes", "inputs", "output", "ties", "integer_expressions", "least", "units"),
                *("native", "causal", "runs_on_meta"),
            )
        },
        "each": each,
        "depth": depth,
    }
    made: Stack = type("Stack", (Stack,), attributes)()
    return made


def _carried_shapes(each: Layer) -> list[Shape]:
    """Return the shapes of the inputs that a layer gets from the one below."""
    return [one.sequence_shape for one in each.input_tensors if one.is_plain]


def _theory(each: Layer, depth: int) -> Theory:
    """Return the theory of a stack: costs times the depth; temporaries of one layer at a time."""
    one = each.theory
    between = subs(sympy.Mul(*each.output), each.ties) if depth > 1 else 0  # a layer's input
    sources = {
        **one.sources,
        **dict.fromkeys(
            ("time", "flops", "parameters", "memory", "sequential_ops"),
            f"{depth} times that of {each.name}",
        ),
        "depth": f"{depth} times that of {each.name}, less operations that use no input",
        "path_length": f"that of {each.name}: {depth} layers do not change the order",
        "distance": "not known for stacks",
        "temporaries": f"those of one {each.name}, and the output of the layer below",
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
