"""A user's own modules as layers: they know nothing of layerlaw, and are measured as they are.

What builds a module, its class or a function, is asked for one at the sizes that its parameters
name. How the module is to be called is found by calling it, on small tensors.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from sympy import Expr, Integer, Rational, nan

from ...errors import LayerlawError
from ..core import SYMBOLS, Layer, Shape, Sizes, Theory, c, d, g, h, k, n, subs, torch

if TYPE_CHECKING:
    from torch import nn

#: Names that parameters of modules have for the sizes, by letter.
PARAMETER_NAMES: Mapping[str, tuple[str, ...]] = {
    "n": (
        *("length", "seq_len", "seq_length", "sequence_length", "max_len", "max_length"),
        *("max_seq_len", "block_size", "context_length", "num_tokens", "num_patches"),
    ),
    "d": (
        *("dim", "width", "channels", "features", "d_model", "dim_model", "model_dim", "n_embd"),
        *("embed_dim", "embedding_dim", "hidden_size", "hidden_dim", "input_size", "input_dim"),
        *("in_features", "out_features", "in1_features", "in2_features", "num_features"),
        *("in_channels", "out_channels", "num_channels", "normalized_shape", "output_dim"),
    ),
    "k": ("kernel", "kernel_size"),
    "h": ("heads", "num_heads", "n_heads", "n_head", "nhead", "num_attention_heads"),
    "g": ("groups", "num_groups", "kv_heads", "num_kv_heads", "num_key_value_heads"),
    "r": ("window", "window_size"),
    "c": ("chunk", "chunk_size"),
    "N": ("state_size", "d_state", "state_dim"),
    "f": ("d_ff", "ff_dim", "ffn_dim", "d_inner", "dim_feedforward", "intermediate_size"),
    "V": ("vocab_size", "num_classes"),
    "L": ("num_layers", "n_layers", "depth"),
}

#: The letter of each parameter that names a size; the letters themselves do too.
LETTERS: Mapping[str, str] = {
    **{name: letter for letter, names in PARAMETER_NAMES.items() for name in names},
    **{letter: letter for letter in SYMBOLS},
}

#: Sizes that are not varied, unless they are given.
TIES: Mapping[str, Expr | int] = {"h": 4, "g": 2, "f": 4 * d, "L": 1, "m": d}

#: Sizes whose parameter is given a value though it has one: inputs have these sizes, and a module
#: of others would not take them. Other parameters that have a value keep it.
FOLLOWED = ("n", "d", "h")

#: What must be whole numbers, where all its sizes take part.
WHOLE: Sequence[Expr] = (d / h, h / g, n / c)

#: Sizes at which a module is tried: no two of them grow alike, so that each side of its output
#: tells which size it is.
TRIALS: Sequence[Sizes] = (
    {"n": 16, "d": 8, "k": 3, "r": 3, "c": 4, "V": 6, "N": 2},
    {"n": 32, "d": 16, "k": 5, "r": 9, "c": 8, "V": 10, "N": 6},
    {"n": 64, "d": 20, "k": 7, "r": 11, "c": 4, "V": 22, "N": 4},
)

#: Sequences of a trial: the first side of the output has to be this.
_BATCH = 3

#: What is not known before it is derived (`analysis.derive`).
UNKNOWN = Theory(nan, nan, nan, nan, nan, nan)


class LayerError(LayerlawError, ValueError):
    """A layer of one's own cannot be used; the message is one line that says why."""


class UserLayer(Layer):
    """A user's own module. Each tensor that it asks for has the shape (batch, n, d).

    `user_layer` makes one class for each, whose attributes say what was found.

    Attributes
    ----------
    make
        Builds the module: its class, or a function.
    letters
        Its parameters that name sizes, with their letters.
    options
        Further arguments of it: functions of the sizes.
    channels_first
        Whether it takes (batch, d, n), as torch's convolutions do.
    expect
        Order of the time that whoever wrote it expects; empty where nothing is said.
    """

    theory = UNKNOWN
    make: ClassVar[Callable[..., nn.Module]]
    letters: ClassVar[Mapping[str, str]] = {}
    options: ClassVar[Mapping[str, Callable[[Sizes], object]]] = {}
    channels_first: ClassVar[bool] = False
    expect: ClassVar[str] = ""

    def build(self, sizes: Sizes) -> nn.Module:
        """Build the module, with its own random weights, as it is used and not trained."""
        from ..core import UserModule  # loads torch

        full = self.resolve(sizes)
        given: dict[str, object] = {name: full[letter] for name, letter in self.letters.items()}
        given |= {name: value(full) for name, value in self.options.items()}
        module = type(self).make(**given)
        if not isinstance(module, torch.nn.Module):
            raise LayerError(f"{self.name}: it gives a {type(module).__name__}, not a torch module")
        return UserModule(module, channels_first=self.channels_first).eval()


def user_layer(
    name: str,
    make: Any,
    *,
    title: str = "",
    formula: str = "",
    expect: str = "",
    units: Sizes | None = None,
) -> UserLayer:
    """Make a layer of what builds a module.

    Parameters
    ----------
    name
        What it is to be called.
    make
        A class of ``torch.nn.Module``, or a function that gives a module. Its parameters name
        sizes, by their letter or as in `PARAMETER_NAMES`; the others must have values.
    title, formula
        For a reader; the formula may stay empty.
    expect
        Order of the time that is expected, such as ``n*d**2``.
    units
        Sizes that others have to be multiples of.

    Raises
    ------
    LayerError
        If it is none of these, needs something that is no size, or does not give a tensor from
        tensors of (batch, n, d) or (batch, d, n).
    """
    if isinstance(make, torch.nn.Module):
        raise LayerError(
            f"{name}: it is a module of fixed sizes; give its class, or a function of the sizes"
        )
    if not callable(make) or (inspect.isclass(make) and not issubclass(make, torch.nn.Module)):
        kind = make.__name__ if inspect.isclass(make) else type(make).__name__
        raise LayerError(
            f"{name}: it is no layer but a {kind}; a layer is a Layer, a class of torch.nn.Module, "
            "or a function that gives a module"
        )
    letters, options = _asked(name, make)
    there = {"n", "d", *letters.values()}
    found = {
        "__doc__": inspect.getdoc(make),
        "__module__": __name__,
        "name": name,
        "title": title or name.rpartition(":")[2],
        "formula": formula,
        "make": staticmethod(make),
        "letters": letters,
        "options": options,
        "expect": expect,
        "units": dict(units or {}),
        "axes": tuple(letter for letter in SYMBOLS if letter in there - set(TIES)),
        "ties": {letter: size for letter, size in TIES.items() if letter in there},
        "whole": (
            *(e for e in _whole(options) if {s.name for s in e.free_symbols} <= there),
            *(SYMBOLS[axis] / unit for axis, unit in (units or {}).items()),
        ),
    }
    made: UserLayer = _like(_like(UserLayer, found), _tried(_like(UserLayer, found)()))()
    return made


def _like(cls: type[UserLayer], changes: Mapping[str, Any]) -> type[UserLayer]:
    """Make a class with other attributes: a layer's are those of its class."""
    return type("Own", (cls,), dict(changes))


def _asked(name: str, make: Callable[..., Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """Tell which parameters are given which size, and what else is given."""
    parameters = _parameters(make)
    letters, missing = {}, []
    for one, parameter in parameters.items():
        if parameter.default is parameter.empty:
            if (letter := LETTERS.get(one)) is None:
                missing.append(one)
            else:
                letters[one] = letter
    if missing:
        raise LayerError(
            f"{name}: it needs {', '.join(missing)}, which names no size; give a function instead "
            "that takes sizes (n, d, k, heads, …) and gives the module"
        )
    for one, parameter in parameters.items():
        letter = LETTERS.get(one)
        # An axis may be called dim too, and is −1.
        if letter in FOLLOWED and letter not in letters.values() and _counts(parameter.default):
            letters[one] = letter
    options: dict[str, Any] = {}
    if "batch_first" in parameters:
        options["batch_first"] = lambda sizes: True
    if "padding" in parameters and "k" in letters.values() and "padding" not in letters:
        options["padding"] = lambda sizes: (sizes["k"] - 1) // 2  # so that the length stays
    return letters, options


def _parameters(make: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Parameters by name; of a class that takes anything, those that it states for type checks."""
    try:
        signature = inspect.signature(make)
    except (TypeError, ValueError):
        return {}
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    start = inspect.getattr_static(make, "__init__", None) if inspect.isclass(make) else None
    if start and kinds <= {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
        for stated in typing.get_overloads(start):
            signature = inspect.signature(stated)
            signature = signature.replace(parameters=list(signature.parameters.values())[1:])
            break
    return {
        name: parameter
        for name, parameter in signature.parameters.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }


def _counts(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _whole(options: Mapping[str, Any]) -> tuple[Expr, ...]:
    return (*WHOLE, (k - 1) / 2) if "padding" in options else tuple(WHOLE)


def _tried(layer: UserLayer) -> dict[str, Any]:
    """Call a module at small sizes: what it takes, and the shape of what it gives."""
    shapes: list[tuple[int, ...]] = []
    refused: Exception | None = None
    steps = {axis: layer.in_units(axis, tuple(at[axis] for at in TRIALS)) for axis in layer.axes}
    trials = [dict(zip(steps, values, strict=True)) for values in zip(*steps.values(), strict=True)]
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        for channels_first in (False, True):
            tried = _like(type(layer), {"channels_first": channels_first})()
            try:
                for at in trials:
                    module = tried.build(at)
                    names = _tensors(module)
                    x = (torch.randn(_BATCH, at["n"], at["d"]) for _ in names)
                    shapes.append(tuple(module(*x).shape))
                break
            except LayerError:
                raise
            except Exception as error:  # whatever a module does with a shape that is not its own
                refused, shapes = refused or error, []
    if not shapes:
        why = " ".join(str(refused).split()) or "nothing said"
        raise LayerError(
            f"{layer.name}: it takes no tensors of shape (batch, n, d): "
            f"{type(refused).__name__}: {why}"
        )
    return {
        "channels_first": channels_first,
        "inputs": dict.fromkeys(names, (n, d)),
        "output": _shape(layer, trials, shapes),
        "meta": _on_meta(tried, trials[0], len(names)),
    }


def _on_meta(layer: UserLayer, sizes: Sizes, inputs: int) -> bool:
    """Whether a module runs on tensors without numbers."""
    try:
        with torch.no_grad(), torch.device("meta"):
            layer.build(sizes)(*(torch.empty(1, sizes["n"], sizes["d"]) for _ in range(inputs)))
    except Exception:  # whatever it does with a number that is not there
        return False
    return True


def _tensors(built: nn.Module) -> list[str]:
    """Names of what the `forward` of a module that was built has to be given."""
    parameters = inspect.signature(built.get_submodule("module").forward).parameters.values()
    needed = [
        one.name
        for one in parameters
        if one.default is one.empty and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    return needed or ["x"]


def _shape(layer: UserLayer, trials: Sequence[Sizes], shapes: Sequence[tuple[int, ...]]) -> Shape:
    """Give the shape of an output, without the batch, in the sizes."""
    seen = f"its output is {', '.join(str(shape) for shape in shapes)} at {_listed(trials)}"
    if len({len(shape) for shape in shapes}) > 1 or not all(shapes):
        raise LayerError(f"{layer.name}: {seen}, which is of no one shape")
    if any(shape[0] != _BATCH for shape in shapes):
        raise LayerError(f"{layer.name}: {seen}; its first side must be the batch, {_BATCH}")
    sides = []
    for values in zip(*(shape[1:] for shape in shapes), strict=True):
        side = _side(trials, values)
        if side is None:
            raise LayerError(f"{layer.name}: {seen}: {values} is no formula of the sizes")
        sides.append(side)
    return tuple(sides)


def _listed(trials: Sequence[Sizes]) -> str:
    each = (", ".join(f"{axis}={size}" for axis, size in at.items()) for at in trials)
    return ", ".join(f"({sizes})" for sizes in each)


def _side(trials: Sequence[Sizes], values: Sequence[int]) -> Expr | None:
    """Find the size, a multiple of it and more perhaps, that a side is: 2d, n/2 or n − 1."""
    if len({*values}) == 1:
        return Integer(values[0])
    for axis in trials[0]:
        sizes = [at[axis] for at in trials]
        slopes = {
            Fraction(value - values[0], size - sizes[0])
            for value, size in zip(values[1:], sizes[1:], strict=True)
            if size != sizes[0]
        }
        if len(slopes) == 1:
            slope = slopes.pop()
            found = Rational(slope.numerator, slope.denominator) * SYMBOLS[axis]
            found += values[0] - subs(found, {axis: sizes[0]})
            if all(subs(found, {axis: s}) == v for s, v in zip(sizes, values, strict=True)):
                return found
    return None
