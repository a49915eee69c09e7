"""Attempts to call a user's module with certain inputs at small sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sympy import Expr, Rational

from ..core import SYMBOLS, InputTensor, torch
from .errors import LayerError
from .example_inputs import ExampleInputs
from .input_specification import symbols_of
from .parameters import TIES, whole_expressions
from .trials import batch_of, output_of, runs_on_meta, tensors_of, trial_sizes, trying

if TYPE_CHECKING:
    from .user_modules import UserLayer

Units = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Attempt:
    """Inputs with which a module is tried.

    Parameters
    ----------
    tensors
        The tensors; empty where `example` makes them.
    example
        A function that makes them.
    channels_first
        Whether numbers of (batch, n, d) are given as (batch, d, n).
    units
        Sizes, by letter, each with a number that it must be a multiple of.
    """

    tensors: tuple[InputTensor, ...] = ()
    example: ExampleInputs | None = None
    channels_first: bool = False
    units: Units = ()

    def __str__(self) -> str:
        if self.example is not None:
            return "example_inputs"
        return ", ".join(map(str, self.tensors))


def with_inputs(untried: type[UserLayer], attempt: Attempt) -> type[UserLayer]:
    """Return a subclass with these inputs, and the sizes that follow from them."""
    used = {*untried.letters.values(), *symbols_of(attempt.tensors)}
    used |= attempt.example.letters if attempt.example else set()
    if unused := [axis for axis, _ in attempt.units if axis not in used]:
        raise LayerError(f"{untried.name}: {unused[0]} is not one of its sizes: {', '.join(used)}")
    sides = [side for one in attempt.tensors for side in one.shape if isinstance(side, Expr)]
    whole = (
        *(
            e
            for e in whole_expressions(untried.options)
            if {s.name for s in e.free_symbols} <= used
        ),
        *(SYMBOLS[axis] / unit for axis, unit in attempt.units),
        *(
            side
            for side in dict.fromkeys(sides)
            if any(not x.is_Integer for x in side.atoms(Rational))
        ),
    )
    return type(
        "UserLayer",
        (untried,),
        {
            "tensors": attempt.tensors,
            "example": attempt.example,
            "channels_first": attempt.channels_first,
            "units": dict(attempt.units),
            "axes": tuple(letter for letter in SYMBOLS if letter in used - set(TIES)),
            "ties": {letter: size for letter, size in TIES.items() if letter in used},
            "integer_expressions": whole,
        },
    )


def accepted(untried: type[UserLayer], attempt: Attempt) -> UserLayer:
    """Call a module at small sizes, and return its layer with the shape of its output."""
    prepared = with_inputs(untried, attempt)
    layer = prepared()
    trials, batch = trial_sizes(layer), batch_of(layer)
    shapes: list[tuple[int, ...]] = []
    examples: list[Mapping[str, torch.Tensor]] = []
    with trying():
        for at in trials:
            module = layer.build(at)
            x = layer.make_inputs(at, batch=batch)
            shapes.append(tuple(module(*x).shape))
            if attempt.example is not None:
                examples.append(
                    attempt.example.call(layer.plain_module(at), at, batch=batch).tensors
                )
    output, batch_axis = output_of(layer, shapes)
    tensors = tensors_of(layer, examples) if attempt.example is not None else attempt.tensors
    found = {
        "tensors": tensors,
        "inputs": {one.name: one.sequence_shape for one in tensors},
        "output": output,
        "batch_axis": batch_axis,
    }
    made: UserLayer = type("UserLayer", (prepared,), found)()
    type(made).runs_on_meta = runs_on_meta(made, trials[0])
    return made
