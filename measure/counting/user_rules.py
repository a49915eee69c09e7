"""Users' own rules: FLOPs and depth of operations that the package does not know.

A rule is given with the decorator `flop_rule`, with torch's `register_flop_formula`, or in the
table ``[tool.layerlaw.flops]`` of the ``pyproject.toml`` in the current folder or above it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from torch._ops import OpOverload
from torch.utils._pytree import tree_map
from torch.utils.flop_counter import flop_registry

from ..files import FileError, JsonObject, as_record, read_text
from .operation_call import OperationCall
from .operation_rules import Rule

Formula = TypeVar("Formula", bound=Callable[..., int])

#: Keys of a rule in the file.
KEYS = ("input", "output", "depth")

_declared: dict[str, Rule] = {}


class _Layerlaw(msgspec.Struct):
    flops: JsonObject = {}


class _Tool(msgspec.Struct):
    layerlaw: _Layerlaw = msgspec.field(default_factory=_Layerlaw)


class _Project(msgspec.Struct):
    """What is read of a ``pyproject.toml``."""

    tool: _Tool = msgspec.field(default_factory=_Tool)


class RuleError(FileError):
    """A user's rule cannot be used; the message is one line with the reason."""


def flop_rule(
    operation: str, *, depth: int | Callable[..., int] = 1
) -> Callable[[Formula], Formula]:
    """State the FLOPs of an operation by a function of the shapes of its arguments.

    The function is called as those of ``torch.utils.flop_counter.register_flop_formula`` are: with
    the operation's arguments, shapes in place of tensors, and the shape of the output as
    ``out_shape``.

    Parameters
    ----------
    operation
        The operation's name, ``library::name``, or ``library::name.overload``.
    depth
        Sequential operations from an argument to the output: a number, or a function of the
        arguments, shapes in place of tensors.

    Raises
    ------
    RuleError
        If the name has no ``::`` or the depth is negative.

    Examples
    --------
    >>> @flop_rule("mylib::scaled_product", depth=2)
    ... def scaled_product(a, b, *, out_shape, **_):
    ...     (n, m), (_, p) = a, b
    ...     return 2 * n * m * p + n * p
    """
    if operation.count("::") != 1:
        raise RuleError(f"{operation!r} is not an operation's name: write library::name")
    if isinstance(depth, int) and depth < 0:
        raise RuleError(f"{operation}: the depth is {depth}; it must not be negative")

    def declare(formula: Formula) -> Formula:
        def flops(call: OperationCall) -> int:
            args, kwargs = _shapes((call.args, dict(call.kwargs)))
            return int(formula(*args, out_shape=_shapes(call.out), **kwargs))

        def steps(call: OperationCall, name: str) -> int:
            if isinstance(depth, int):
                return depth
            args, kwargs = _shapes((call.args, dict(call.kwargs)))
            return int(depth(*args, **kwargs))

        _declared[operation] = Rule(flops, steps)
        return formula

    return declare


def _shapes(tree: Any) -> Any:
    return tree_map(lambda x: getattr(x, "shape", x), tree)


def user_rule(function: OpOverload) -> Rule | None:
    """Return the rule that a user gives for an operation, or None."""
    for rules in (_declared, file_rules() if _of_file is None else _of_file):
        if rules:
            for key in _names(function):
                if key in rules:
                    return rules[key]
    return None


@cache
def _names(function: OpOverload) -> tuple[str, str]:
    """Return library::name.overload and library::name."""
    overload = str(function).replace(".", "::", 1)
    return overload, overload.rpartition(".")[0]


#: The rules of the file where they are read once for all operations of a pass.
_of_file: Mapping[str, Rule] | None = None


@contextmanager
def rules_read_once() -> Iterator[None]:
    """Look for the file of rules once, and not at each operation, in a ``with`` block."""
    global _of_file
    before = _of_file
    if before is None:
        _of_file = file_rules()
    try:
        yield
    finally:
        _of_file = before


def registered_formula(function: OpOverload) -> Callable[..., int] | None:
    """Return the formula of FLOPs that was registered with torch for an operation, or None."""
    registered: Mapping[Any, Callable[..., int]] = flop_registry
    return registered.get(function.overloadpacket) or registered.get(function)


def file_rules() -> Mapping[str, Rule]:
    """Return the rules of the nearest ``pyproject.toml`` that has some.

    Raises
    ------
    RuleError
        If the table has something else than rules.
    """
    for folder in (Path.cwd(), *Path.cwd().parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            found = _read(path, path.stat().st_mtime_ns)
            if found:
                return found
    return {}


@lru_cache(maxsize=16)
def _read(path: Path, changed: int) -> Mapping[str, Rule]:
    try:
        table = tomllib.loads(read_text(path, error=RuleError).decode())
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"{path} cannot be read: {error}") from None
    except RecursionError:
        raise RuleError(f"{path} cannot be read: it is nested too deep") from None
    rules = as_record(table, _Project, str(path), RuleError).tool.layerlaw.flops
    return {name: _parsed(f"{path}: tool.layerlaw.flops", name, one) for name, one in rules.items()}


def _parsed(place: str, name: str, given: Any) -> Rule:
    """Return a rule of the file: FLOPs per number of the input and of the output, and the depth."""
    if name.count("::") != 1:
        raise RuleError(f"{place}: {name!r} is not an operation's name: write library::name")
    if not isinstance(given, dict) or not given or set(given) - set(KEYS):
        raise RuleError(f"{place}: {name}: it must have some of {', '.join(KEYS)}, not {given!r}")
    for key, value in given.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise RuleError(f"{place}: {name}: {key} is {value!r}; it must be a whole number")
    of_input, of_output = given.get("input", 0), given.get("output", 0)
    depth = given.get("depth", 1)

    def flops(call: OperationCall) -> int:
        inputs = call.x.numel() if of_input else 0
        return int(of_input * inputs + of_output * call.made.numel())

    return Rule(flops, lambda call, argument: depth)
