"""What a user's module takes, as told: ``tokens: int[batch, n] < 32000``.

The grammar: a name, a kind (``float``, ``int``, ``bool``), the sides in brackets; of whole numbers
also the bound that they are below (``< 32000``, ``<= n``), or their one value (``= n``). A side is
an expression of ``+ - * / **`` in numbers, ``batch`` and the sizes, by letter or usual name
(``seq_len``).
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, cast

from sympy import Expr, Integer

from ...messages import quoted
from ..core import BATCH, SYMBOLS, InputTensor, Kind
from .errors import LayerError
from .parameters import LETTERS

#: An example for error messages.
EXAMPLE = "tokens: int[batch, n] < 32000"

KINDS = ("float", "int", "bool")

#: Names of the batch.
BATCH_NAMES = ("batch", "batch_size", "b", "B")

_INPUT = re.compile(
    r"\s*(?P<name>[A-Za-z_]\w*(\.\w+)*)\s*:\s*(?P<kind>\w+)\s*\[(?P<sides>[^][]*)\]\s*"
    r"((?P<relation><=|<|=)\s*(?P<limit>[^<>=]+))?"
)
_MULTIPLE = re.compile(r"\s*(?P<size>\w+)\s*=\s*(?P<unit>[0-9]{1,7})\s*")

_LONGEST, _MOST_SIDES, _LARGEST, _HIGHEST = 200, 8, 10**9, 4

_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True)
class InputSpecification:
    """What a user's module takes, as far as it is told.

    Parameters
    ----------
    tensors
        Its inputs; empty if they are to be found.
    multiples
        Sizes, by letter, each with a number that it must be a multiple of.

    Examples
    --------
    >>> print(InputSpecification.parse(["x: float[batch, n, d]", "mask: bool[n, n]"], ["n=64"]))
    x: float[batch, n, d]; mask: bool[n, n]; n=64
    """

    tensors: tuple[InputTensor, ...] = ()
    multiples: tuple[tuple[str, int], ...] = ()

    @classmethod
    def parse(
        cls, inputs: Iterable[str] | str = (), multiples: Mapping[str, int] | Iterable[str] = ()
    ) -> Self:
        """Read inputs, and multiples such as ``n=64`` or ``{"n": 64}``.

        Raises
        ------
        LayerError
            If one of them is not of the grammar, or two inputs have one name.
        """
        texts = [inputs] if isinstance(inputs, str) else list(inputs)
        tensors = tuple(map(parse_input, texts))
        names = [one.name for one in tensors]
        if twice := [name for name in names if names.count(name) > 1]:
            raise LayerError(f"two inputs are called {twice[0]!r}")
        if isinstance(multiples, Mapping):
            multiples = [f"{size}={unit}" for size, unit in multiples.items()]
        given = [multiples] if isinstance(multiples, str) else list(multiples)
        return cls(tensors, tuple(dict(map(_multiple, given)).items()))

    def __bool__(self) -> bool:
        return bool(self.tensors or self.multiples)

    def __str__(self) -> str:
        return "; ".join([*map(str, self.tensors), *(f"{s}={unit}" for s, unit in self.multiples)])

    @property
    def texts(self) -> tuple[list[str], dict[str, int]]:
        """What `parse` reads to give the same."""
        return [str(one) for one in self.tensors], dict(self.multiples)


def options_text(tensors: Iterable[InputTensor], multiples: Iterable[tuple[str, int]] = ()) -> str:
    """Write inputs and multiples as options of the command."""
    inputs = [f'--input "{one}"' for one in tensors]
    return " ".join([*inputs, *(f"--multiple {size}={unit}" for size, unit in multiples)])


def parse_input(text: str) -> InputTensor:
    """Read one input.

    Raises
    ------
    LayerError
        If it is not of the grammar; the message is one line.

    Examples
    --------
    >>> parse_input("mask: bool[batch, seq_len]")
    mask: bool[batch, n]
    """
    found = _INPUT.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise _refused(text, f'write it as NAME: KIND[SIDE, …], such as "{EXAMPLE}"')
    kind = found["kind"]
    if kind not in KINDS:
        raise _refused(text, f"{quoted(kind)} is not a kind; there are: {', '.join(KINDS)}")
    written = [side for side in found["sides"].split(",") if side.strip()]
    if len(written) > _MOST_SIDES:
        raise _refused(text, f"{len(written)} sides; at most {_MOST_SIDES}")
    sides = tuple(_expression(side, text) for side in written)
    below, value = None, None
    if found["limit"] is not None:
        if kind != "int":
            raise _refused(text, f"a bound is for whole numbers, int, not for {kind}")
        limit = _expression(found["limit"], text)
        value = limit if found["relation"] == "=" else None
        below = None if value is not None else limit + int(found["relation"] == "<=")
    elif kind == "int":
        raise _refused(text, f'whole numbers need a bound, such as "{text.strip()} < 32000"')
    for each in (*sides, *((below,) if below is not None else ())):
        if each.is_number and not (each.is_Integer and each > 0):
            raise _refused(text, f"{each} is not a whole number above 0")
    return InputTensor(found["name"], sides, cast(Kind, kind), below, value)


def _multiple(text: str) -> tuple[str, int]:
    found = _MULTIPLE.fullmatch(text)
    letter = LETTERS.get(found["size"]) if found else None
    if found is None or letter is None or not int(found["unit"]):
        raise LayerError(f"multiple {quoted(text)}: write it as SIZE=NUMBER, such as n=64")
    return letter, int(found["unit"])


def _expression(written: str, text: str) -> Expr:
    try:
        return _value(ast.parse(written.strip(), mode="eval").body, text)
    except LayerError:
        raise
    except (SyntaxError, ValueError, RecursionError, MemoryError, ZeroDivisionError):
        raise _refused(
            text, f"{quoted(written.strip())} is not an expression in the sizes"
        ) from None


def _value(node: ast.expr, text: str) -> Expr:
    match node:
        case ast.Constant(value=number) if type(number) is int and number <= _LARGEST:
            return Integer(number)
        case ast.Name(id=name) if name in BATCH_NAMES:
            return BATCH
        case ast.Name(id=name) if name in LETTERS:
            return SYMBOLS[LETTERS[name]]
        case ast.Name(id=name):
            sizes = ", ".join(["batch", *SYMBOLS])
            raise _refused(text, f"{quoted(name)} is not a size; there are: {sizes}")
        case ast.BinOp(left, ast.Pow(), ast.Constant(value=int() as power)) if (
            1 <= power <= _HIGHEST
        ):
            return _checked(_value(left, text)) ** power
        case ast.BinOp(left, operation, right) if type(operation) in _OPERATORS:
            return _checked(_OPERATORS[type(operation)](_value(left, text), _value(right, text)))
    raise SyntaxError


def _checked(made: Expr) -> Expr:
    """Refuse infinity, and numbers whose powers would take long."""
    if made.is_number and not (made.is_finite and abs(made) <= _LARGEST):
        raise ValueError
    return made


def _refused(text: str, why: str) -> LayerError:
    return LayerError(f"input {quoted(text)}: {why}")


def symbols_of(tensors: Sequence[InputTensor]) -> set[str]:
    """Return the letters of the sizes in shapes and bounds."""
    given = [each for one in tensors for each in (*one.shape, one.below, one.value)]
    found = {
        symbol.name for each in given if isinstance(each, Expr) for symbol in each.free_symbols
    }
    return found - {BATCH.name}
