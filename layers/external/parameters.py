"""The parameters of a user's class or function: which of them are sizes, and which size each is."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sympy import Expr

from ..core import SYMBOLS, c, d, g, h, k, n
from .errors import LayerError

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


def constructor_arguments(
    name: str, make: Callable[..., Any]
) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the size that each parameter gets, by letter, and the other arguments."""
    parameters = parameters_of(make)
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


def parameters_of(make: Callable[..., Any]) -> dict[str, inspect.Parameter]:
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


def whole_expressions(options: Mapping[str, Any]) -> tuple[Expr, ...]:
    """Return the expressions that must be whole numbers."""
    return (*WHOLE, (k - 1) / 2) if "padding" in options else tuple(WHOLE)
