"""Layers of one's own as JSON: what fits and reports need of them, without their modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import sympy
from sympy import Expr

from ..errors import LayerlawError
from ..layers import Layer, Shape, Sizes, Theory, UserLayer

if TYPE_CHECKING:
    from torch import nn

#: What an expression may consist of; nothing else is read.
_FUNCTIONS: Mapping[str, Any] = {
    "Add": sympy.Add,
    "Mul": sympy.Mul,
    "Pow": sympy.Pow,
    "Max": sympy.Max,
    "Min": sympy.Min,
    "ceiling": sympy.ceiling,
    "floor": sympy.floor,
    "log": sympy.log,
    "Rational": sympy.Rational,
    "Float": sympy.Float,
}
_CONSTANTS: Mapping[str, Expr] = {
    "nan": sympy.nan,
    "oo": sympy.oo,
    "zoo": sympy.zoo,
    "pi": sympy.pi,
}

#: Attributes of a layer that are kept as they are.
_PLAIN = ("name", "title", "formula", "axes", "least", "units", "native", "causal")


class RecordedLayer(Layer):
    """A layer that was read from a file: what it is is known, but not how it is built."""

    def build(self, sizes: Sizes) -> nn.Module:
        """Refuse: the module is not in the file."""
        raise LayerlawError(f"layer {self.name!r} was read from a result, which holds no modules")


class RecordedOwn(RecordedLayer, UserLayer):
    """The same of a module of one's own, whose theory was derived."""


def layer_record(layer: Layer) -> dict[str, Any]:
    """Give a layer as JSON holds it."""
    theory = layer.theory
    expressions = [one.name for one in fields(theory) if one.name != "sources"]
    return {
        **{name: getattr(layer, name) for name in _PLAIN},
        "own": isinstance(layer, UserLayer),
        "expect": getattr(layer, "expect", ""),
        "inputs": {name: _shape(shape) for name, shape in layer.inputs.items()},
        "output": _shape(layer.output),
        "ties": {letter: written(size) for letter, size in layer.ties.items()},
        "theory": {name: written(getattr(theory, name)) for name in expressions},
        "sources": dict(theory.sources),
    }


def layer_of(record: Mapping[str, Any]) -> Layer:
    """Make the layer of a record; it cannot be built."""
    theory = {name: read(given) for name, given in record["theory"].items()}
    attributes = {
        **{name: record[name] for name in _PLAIN},
        "axes": tuple(record["axes"]),
        "expect": record["expect"],
        "inputs": {name: tuple(map(read, shape)) for name, shape in record["inputs"].items()},
        "output": tuple(map(read, record["output"])),
        "ties": {letter: read(size) for letter, size in record["ties"].items()},
        "theory": Theory(**theory, sources=record["sources"]),
    }
    base = RecordedOwn if record["own"] else RecordedLayer
    made: Layer = type(base.__name__, (base,), attributes)()
    return made


def _shape(shape: Shape) -> list[Any]:
    return [written(side) for side in shape]


def written(expr: Expr | int) -> Any:
    """Write an expression as nested lists, the function first.

    >>> written(2 * sympy.Symbol("n", positive=True) ** 2)
    ['Mul', 2, ['Pow', 'n', 2]]
    """
    expr = sympy.sympify(expr)
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
        raise LayerlawError(f"a formula with {name} cannot be saved: {expr}")
    return [name, *map(written, expr.args)]


def read(given: Any) -> Expr:
    """Read what `written` wrote.

    >>> read(["Mul", 2, ["Pow", "n", 2]])
    2*n**2
    """
    if isinstance(given, int):
        return sympy.Integer(given)
    if isinstance(given, str):
        return sympy.Symbol(given, positive=True)
    name, *arguments = given
    if name in _CONSTANTS:
        return _CONSTANTS[name]
    if name == "Float":
        return sympy.Float(arguments[0])
    return _FUNCTIONS[name](*map(read, arguments))
