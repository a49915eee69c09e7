"""The user's own layers as JSON: what fits and reports need of them, without their modules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import sympy
from sympy import Expr

from ..errors import LayerlawError
from ..layers import Layer, Shape, Sizes, Theory, UserLayer
from ..measure import FileError, cell_text

if TYPE_CHECKING:
    from torch import nn

#: The functions that an expression may consist of; no others are read.
_FUNCTIONS: Mapping[str, Any] = {
    "Add": sympy.Add,
    "Mul": sympy.Mul,
    "Pow": sympy.Pow,
    "Max": sympy.Max,
    "Min": sympy.Min,
    "ceiling": sympy.ceiling,
    "floor": sympy.floor,
    "log": sympy.log,
}
_UNARY = ("ceiling", "floor", "log")
_CONSTANTS: Mapping[str, Expr] = {
    "nan": sympy.nan,
    "oo": sympy.oo,
    "zoo": sympy.zoo,
    "pi": sympy.pi,
}

_LARGEST = 10**300  # number
_DEEPEST, _MOST_ARGUMENTS, _MOST_PARTS = 50, 500, 5_000
_SHOWN = 60  # characters of a value that a message repeats

_Size = Annotated[int, msgspec.Meta(ge=1, le=2**53)]

#: Attributes of a layer that are JSON values already.
_PLAIN = ("name", "title", "formula", "axes", "least", "units", "native", "causal")


class TheoryRecord(msgspec.Struct, forbid_unknown_fields=True):
    """The expressions of a theory, as `expr_to_json` writes them."""

    time: Any
    flops: Any
    parameters: Any
    memory: Any
    sequential_ops: Any
    path_length: Any
    temporaries: Any
    depth: Any
    distance: Any


class LayerRecord(msgspec.Struct):
    """A layer as JSON values, see `layers.Layer`; shapes and ties are expressions."""

    name: str
    title: str
    formula: str
    axes: tuple[str, ...]
    least: dict[str, _Size]
    units: dict[str, _Size]
    native: bool
    causal: bool
    own: bool
    expect: str
    inputs: dict[str, list[Any]]
    output: list[Any]
    ties: dict[str, Any]
    theory: TheoryRecord
    sources: dict[str, str]


class RecordedLayer(Layer):
    """A layer read from a file, with its shapes and its theory, that cannot be built."""

    def build(self, sizes: Sizes) -> nn.Module:
        """Raise LayerlawError: the file has no module."""
        raise LayerlawError(f"layer {self.name!r} was read from a saved result, without its module")


class RecordedOwn(RecordedLayer, UserLayer):
    """A recorded layer made of a user's module, whose theory was derived."""


def layer_to_record(layer: Layer) -> dict[str, Any]:
    """Return a layer as JSON values."""
    theory = layer.theory
    expressions = [one.name for one in fields(theory) if one.name != "sources"]
    return {
        **{name: getattr(layer, name) for name in _PLAIN},
        "own": isinstance(layer, UserLayer),
        "expect": getattr(layer, "expect", ""),
        "inputs": {name: _shape(shape) for name, shape in layer.inputs.items()},
        "output": _shape(layer.output),
        "ties": {letter: expr_to_json(size) for letter, size in layer.ties.items()},
        "theory": {name: expr_to_json(getattr(theory, name)) for name in expressions},
        "sources": dict(theory.sources),
    }


def layer_from_record(record: LayerRecord, name: str) -> Layer:
    """Return the layer of a record; it cannot be built.

    Raises
    ------
    FileError
        If a formula cannot be read; the message begins with `name`.
    """

    def read(value: Any, place: str) -> Expr:
        try:
            return expr_from_json(value)
        except LayerlawError as error:
            raise FileError(f"{name}.{place}: {error}") from None

    theory = {
        field: read(getattr(record.theory, field), f"theory.{field}")
        for field in record.theory.__struct_fields__
    }
    attributes = {
        **{field: getattr(record, field) for field in (*_PLAIN, "expect")},
        "inputs": {
            each: tuple(read(side, f"inputs.{cell_text(each)}") for side in shape)
            for each, shape in record.inputs.items()
        },
        "output": tuple(read(side, "output") for side in record.output),
        "ties": {
            letter: read(size, f"ties.{cell_text(letter)}") for letter, size in record.ties.items()
        },
        "theory": Theory(**theory, sources=record.sources),
    }
    base = RecordedOwn if record.own else RecordedLayer
    layer: Layer = type(base.__name__, (base,), attributes)()
    return layer


def _shape(shape: Shape) -> list[Any]:
    return [expr_to_json(side) for side in shape]


def expr_to_json(expr: Expr | int) -> Any:
    """Write an expression as nested lists, the function first.

    >>> expr_to_json(2 * sympy.Symbol("n", positive=True) ** 2)
    ['Mul', 2, ['Pow', 'n', 2]]
    """
    expr = sympy.sympify(expr, strict=True)
    if expr.is_Symbol:
        return expr.name
    if expr.is_Integer:
        return int(expr)
    if expr.is_Rational:
        return ["Rational", expr.p, expr.q]
    if expr.is_Float:
        return ["Float", float(expr)]
    if (name := str(expr)) in _CONSTANTS:
        return [name]
    if (name := expr.func.__name__) not in _FUNCTIONS:
        raise LayerlawError(f"a formula with the function {name} cannot be saved: {expr}")
    return [name, *map(expr_to_json, expr.args)]


def expr_from_json(value: Any) -> Expr:
    """Read what `expr_to_json` wrote.

    Raises
    ------
    LayerlawError
        If the value is anything else, or its numbers are too large to compute.

    Examples
    --------
    >>> expr_from_json(["Mul", 2, ["Pow", "n", 2]])
    2*n**2
    """
    if _parts(value) > _MOST_PARTS:
        raise LayerlawError(f"a saved formula has more than {_MOST_PARTS:,} parts")
    return _expression(value, 0)


def _parts(value: Any) -> int:
    """Count the functions, numbers and names of a formula, up to a few more than are read."""
    found, rest = 0, [value]
    while rest and found <= _MOST_PARTS:
        found += 1
        if isinstance(each := rest.pop(), list):
            rest += each[: _MOST_PARTS + 1]
    return found


def _expression(value: Any, depth: int) -> Expr:
    if depth > _DEEPEST:
        raise LayerlawError(f"a saved formula has more than {_DEEPEST} levels")
    match value:
        case bool():
            pass
        case int() if abs(value) <= _LARGEST:
            return sympy.Integer(value)
        case str() if value.isidentifier() and value not in _FUNCTIONS:
            return sympy.Symbol(value, positive=True)
        case [str(name)] if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ["Float", int() | float() as number]:
            return sympy.Float(number)
        case ["Rational", int(p), int(q)] if q and max(abs(p), abs(q)) <= _LARGEST:
            return sympy.Rational(p, q)
        case ["Pow", base, power]:
            return _power(_expression(base, depth + 1), _expression(power, depth + 1))
        case [str(name), first, *others] if name in _FUNCTIONS and name != "Pow":
            if (others and name in _UNARY) or len(others) >= _MOST_ARGUMENTS:
                raise LayerlawError(f"a saved formula has {name} of {1 + len(others)} values")
            arguments = [_expression(each, depth + 1) for each in (first, *others)]
            return _FUNCTIONS[name](*arguments)
    raise LayerlawError(f"a saved formula has {ascii(value)[:_SHOWN]}, which is no expression")


def _power(base: Expr, power: Expr) -> Expr:
    """Raise to a power, unless the result is a number that is too large to compute."""
    known = all(each.is_number and each.is_real for each in (base, power))
    if known and base and abs(float(power) * math.log(abs(float(base)))) > math.log(_LARGEST):
        raise LayerlawError(f"a saved formula has a power above {float(_LARGEST):g}")
    return base**power
