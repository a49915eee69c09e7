"""Attempts to call a user's module: the inputs that are told, made by its author, or tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sympy import Expr, Rational

from ...messages import error_line
from ..core import BATCH, SYMBOLS, InputTensor, d, n, torch
from .call_arguments import required_arguments
from .errors import LayerError
from .example_inputs import ExampleInputs, example_beside, own_example
from .input_specification import options_text, symbols_of
from .parameters import TIES, whole_expressions
from .trials import batch_of, output_of, runs_on_meta, tensors_of, trial_sizes, trying

if TYPE_CHECKING:
    from .user_modules import UserLayer

Units = tuple[tuple[str, int], ...]

_SHOWN_TRIES, _SHOWN = 1, 90  # errors that a refusal repeats, and characters of each


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


def find_inputs(untried: type[UserLayer], told: tuple[InputTensor, ...], units: Units) -> UserLayer:
    """Return the layer with its inputs: those told, of its class's example, or found by trying.

    Raises
    ------
    LayerError
        If its `forward` accepts none; the message says what was tried, and what to type.
    """
    if told:
        attempt = Attempt(told, units=units)
        try:
            return _tried(untried, attempt)
        except LayerError:
            raise
        except Exception as error:  # a module may raise anything for a wrong shape
            raise LayerError(
                f"{untried.name}: its forward does not accept {attempt}: "
                f"{error_line(error, _SHOWN)}{_hint(told)}"
            ) from error
    if (example := own_example(untried.make)) is not None:
        try:
            return _tried(untried, Attempt(example=example, units=units))
        except LayerError:
            raise
        except Exception as error:  # as above
            raise LayerError(
                f"{untried.name}: example_inputs: {error_line(error, _SHOWN)}"
            ) from error
    return _first_accepted(untried, list(_attempts(untried, units)))


def _attempts(untried: type[UserLayer], units: Units) -> Iterator[Attempt]:
    if (example := example_beside(untried.make)) is not None:
        yield Attempt(example=example, units=units)
    layer = _with_inputs(untried, Attempt(_sequences(["x"]), units=units))()
    with trying():
        names = required_arguments(layer.plain_module(trial_sizes(layer)[0]))
    yield Attempt(_sequences(names), units=units)
    yield Attempt(_sequences(names), channels_first=True, units=units)


def _sequences(names: Sequence[str]) -> tuple[InputTensor, ...]:
    return tuple(InputTensor(name, (BATCH, n, d)) for name in names)


def _first_accepted(untried: type[UserLayer], attempts: Sequence[Attempt]) -> UserLayer:
    refused: list[tuple[Attempt, Exception]] = []
    for attempt in attempts:
        try:
            return _tried(untried, attempt)
        except LayerError:
            raise
        except Exception as error:  # a module may raise anything for a wrong shape
            refused.append((attempt, error))
    tried = "; ".join(f"{one} ({error_line(why, _SHOWN)})" for one, why in refused[:_SHOWN_TRIES])
    raise LayerError(
        f"{untried.name}: its forward accepts none of the inputs that were tried: {tried}; "
        f"say what it takes, such as {options_text(refused[0][0].tensors)}"
    )


def _hint(told: Sequence[InputTensor]) -> str:
    """Say how inputs that are all without a batch are told with one."""
    if any(one.batch_axis is not None for one in told):
        return ""
    return f'; with a batch it would be "{told[0].name}: {told[0].kind}[batch, …]"'


def _with_inputs(untried: type[UserLayer], attempt: Attempt) -> type[UserLayer]:
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


def _tried(untried: type[UserLayer], attempt: Attempt) -> UserLayer:
    """Call a module at small sizes, and return its layer with the shape of its output."""
    prepared = _with_inputs(untried, attempt)
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
