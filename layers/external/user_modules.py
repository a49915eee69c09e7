"""Users' own torch modules as layers, measured without changes to their code.

A module's class, or a function that returns a module, is called with the sizes that its parameters
name. How the module is called is found by trying it on small tensors.
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

#: Names of parameters that mean a size, by letter.
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

#: The letter of each parameter name that means a size; the letters themselves do too.
LETTERS: Mapping[str, str] = {
    **{name: letter for letter, names in PARAMETER_NAMES.items() for name in names},
    **{letter: letter for letter in SYMBOLS},
}

#: Sizes that are fixed or follow from others unless given.
TIES: Mapping[str, Expr | int] = {"h": 4, "g": 2, "f": 4 * d, "L": 1, "m": d}

#: Sizes that are passed even to parameters with a default: inputs have these sizes, and a module of
#: other sizes would not accept them. Other parameters use their defaults.
INPUT_SIZES = ("n", "d", "h")

#: Expressions that must be whole numbers, for layers that have all their sizes.
WHOLE: Sequence[Expr] = (d / h, h / g, n / c)

#: Sizes at which a module is tried: no two of them grow alike, so that each dimension of its output
#: identifies its size.
TRIALS: Sequence[Sizes] = (
    {"n": 16, "d": 8, "k": 3, "r": 3, "c": 4, "V": 6, "N": 2},
    {"n": 32, "d": 16, "k": 5, "r": 9, "c": 8, "V": 10, "N": 6},
    {"n": 64, "d": 20, "k": 7, "r": 11, "c": 4, "V": 22, "N": 4},
)

#: Batch size of a trial, which the first dimension of the output must have.
_BATCH = 3

#: The theory of a layer before it is derived (`experiments.derivation`).
UNKNOWN = Theory(nan, nan, nan, nan, nan, nan)


class LayerError(LayerlawError, ValueError):
    """An external layer cannot be used; the message is one line with the reason."""


class UserLayer(Layer):
    """A user's own module; each of its input tensors has the shape (batch, n, d).

    `user_layer` makes a subclass for each module and sets its attributes.

    Attributes
    ----------
    make
        Builds the module: its class, or a function.
    letters
        Parameters of `make` that mean a size, with their letters.
    options
        Further arguments of `make`, as functions of the sizes.
    channels_first
        Whether it takes (batch, d, n), as torch's convolutions do.
    expect
        Order of the time that its author expects; empty if unknown.
    """

    theory = UNKNOWN
    make: ClassVar[Callable[..., nn.Module]]
    letters: ClassVar[Mapping[str, str]] = {}
    options: ClassVar[Mapping[str, Callable[[Sizes], object]]] = {}
    channels_first: ClassVar[bool] = False
    expect: ClassVar[str] = ""

    def build(self, sizes: Sizes) -> nn.Module:
        """Build the module in evaluation mode, with its own random weights."""
        from ..core import UserModule  # loads torch

        full = self.resolve(sizes)
        given: dict[str, object] = {name: full[letter] for name, letter in self.letters.items()}
        given |= {name: value(full) for name, value in self.options.items()}
        module = type(self).make(**given)
        if not isinstance(module, torch.nn.Module):
            raise LayerError(f"{self.name}: got a {type(module).__name__}, not a torch module")
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
    """Make a layer from a module's class or a function that returns a module.

    Parameters
    ----------
    name
        The layer's name.
    make
        A subclass of ``torch.nn.Module``, or a function that returns a module. Its parameters name
        sizes, by their letter or as in `PARAMETER_NAMES`; the others must have defaults.
    title, formula
        Title and formula for reports; the formula may be empty.
    expect
        Expected order of the time, such as ``n*d**2``.
    units
        By letter, a number that the size must be a multiple of.

    Raises
    ------
    LayerError
        If `make` is neither, has another required parameter, or does not return a tensor from
        tensors of (batch, n, d) or (batch, d, n).
    """
    if isinstance(make, torch.nn.Module):
        raise LayerError(
            f"{name}: this module has fixed sizes; give its class, or a function of the sizes"
        )
    if not callable(make) or (inspect.isclass(make) and not issubclass(make, torch.nn.Module)):
        kind = make.__name__ if inspect.isclass(make) else type(make).__name__
        raise LayerError(
            f"{name}: a {kind} is not a layer; give a Layer, a subclass of torch.nn.Module, "
            "or a function that returns a module"
        )
    letters, options = _arguments(name, make)
    used = {"n", "d", *letters.values()}
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
        "axes": tuple(letter for letter in SYMBOLS if letter in used - set(TIES)),
        "ties": {letter: size for letter, size in TIES.items() if letter in used},
        "integer_expressions": (
            *(e for e in _whole(options) if {s.name for s in e.free_symbols} <= used),
            *(SYMBOLS[axis] / unit for axis, unit in (units or {}).items()),
        ),
    }
    untried = _subclass(UserLayer, found)
    made: UserLayer = _subclass(untried, _try_calls(untried()))()
    return made


def _subclass(cls: type[UserLayer], attributes: Mapping[str, Any]) -> type[UserLayer]:
    """Make a subclass with these attributes."""
    return type("UserLayer", (cls,), dict(attributes))


def _arguments(name: str, make: Callable[..., Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the size that each parameter gets, by letter, and the other arguments."""
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
            f"{name}: no size has the name of its parameter {', '.join(missing)}; give a function "
            "that takes sizes (n, d, k, heads, …) and returns the module"
        )
    for one, parameter in parameters.items():
        letter = LETTERS.get(one)
        # `dim` may also be the number of an axis, such as −1.
        if letter in INPUT_SIZES and letter not in letters.values() and _is_size(parameter.default):
            letters[one] = letter
    options: dict[str, Any] = {}
    if "batch_first" in parameters:
        options["batch_first"] = lambda sizes: True
    if "padding" in parameters and "k" in letters.values() and "padding" not in letters:
        options["padding"] = lambda sizes: (sizes["k"] - 1) // 2  # so that the length is unchanged
    return letters, options


def _parameters(make: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return parameters by name; for ``*args, **kwargs`` those of the first overload."""
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


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _whole(options: Mapping[str, Any]) -> tuple[Expr, ...]:
    return (*WHOLE, (k - 1) / 2) if "padding" in options else tuple(WHOLE)


def _try_calls(layer: UserLayer) -> dict[str, Any]:
    """Call a module at small sizes; return its inputs, its layout and its output's shape."""
    shapes: list[tuple[int, ...]] = []
    refused: Exception | None = None
    steps = {axis: layer.in_units(axis, tuple(at[axis] for at in TRIALS)) for axis in layer.axes}
    trials = [dict(zip(steps, values, strict=True)) for values in zip(*steps.values(), strict=True)]
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        for channels_first in (False, True):
            tried = _subclass(type(layer), {"channels_first": channels_first})()
            try:
                for at in trials:
                    module = tried.build(at)
                    names = _tensors(module)
                    x = (torch.randn(_BATCH, at["n"], at["d"]) for _ in names)
                    shapes.append(tuple(module(*x).shape))
                break
            except LayerError:
                raise
            except Exception as error:  # a module may raise anything for a wrong shape
                refused, shapes = refused or error, []
    if not shapes:
        why = " ".join(str(refused).split()) or "no message"
        raise LayerError(
            f"{layer.name}: it does not accept tensors of shape (batch, n, d): "
            f"{type(refused).__name__}: {why}"
        )
    return {
        "channels_first": channels_first,
        "inputs": dict.fromkeys(names, (n, d)),
        "output": _shape(layer, trials, shapes),
        "runs_on_meta": _on_meta(tried, trials[0], len(names)),
    }


def _on_meta(layer: UserLayer, sizes: Sizes, inputs: int) -> bool:
    """Return whether a module runs on meta tensors."""
    try:
        with torch.no_grad(), torch.device("meta"):
            layer.build(sizes)(*(torch.empty(1, sizes["n"], sizes["d"]) for _ in range(inputs)))
    except Exception:  # a module may raise anything when it reads a number
        return False
    return True


def _tensors(built: nn.Module) -> list[str]:
    """Return the names of the required arguments of a module's `forward`."""
    parameters = inspect.signature(built.get_submodule("module").forward).parameters.values()
    needed = [
        one.name
        for one in parameters
        if one.default is one.empty and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    return needed or ["x"]


def _shape(layer: UserLayer, trials: Sequence[Sizes], shapes: Sequence[tuple[int, ...]]) -> Shape:
    """Return the shape of an output, without the batch, as formulas of the sizes."""
    seen = f"its output is {', '.join(str(shape) for shape in shapes)} at {_sizes_text(trials)}"
    if len({len(shape) for shape in shapes}) > 1 or not all(shapes):
        raise LayerError(f"{layer.name}: {seen}; the number of dimensions must not vary")
    if any(shape[0] != _BATCH for shape in shapes):
        raise LayerError(f"{layer.name}: {seen}; the first dimension must be the batch, {_BATCH}")
    sides = []
    for values in zip(*(shape[1:] for shape in shapes), strict=True):
        side = _side(trials, values)
        if side is None:
            raise LayerError(f"{layer.name}: {seen}: no formula of the sizes gives {values}")
        sides.append(side)
    return tuple(sides)


def _sizes_text(trials: Sequence[Sizes]) -> str:
    each = (", ".join(f"{axis}={size}" for axis, size in at.items()) for at in trials)
    return ", ".join(f"({sizes})" for sizes in each)


def _side(trials: Sequence[Sizes], values: Sequence[int]) -> Expr | None:
    """Find a dimension as a linear function of one size, such as 2d, n/2 or n − 1."""
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
