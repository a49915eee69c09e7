"""Layers that read like the textbook, each with its theory beside it, in one registry.

Importing this package does not load torch: theory is SymPy, and torch comes with the first
module that is built.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence

from ._places import bring, layer
from .base import Layer, Native, Shape, Sizes, Textbook, seen
from .own import LayerError, Own
from .registry import (
    BrokenLayer,
    digest,
    elsewhere,
    find,
    get,
    home,
    names,
    register,
)
from .theory import Theory

# Every module of this folder registers its layers: a new file needs no line here.
for _found in pkgutil.iter_modules(__path__):
    if not _found.name.startswith("_"):
        importlib.import_module(f"{__name__}.{_found.name}")

#: What is measured where no layer is named: the course text's layers with attention's phases, and
#: torch's own beside them.
CORE = (
    "attention",
    "attention_scores",
    "attention_softmax",
    "attention_sum",
    "multihead",
    "conv",
    "conv_1x1",
    "token_mixing",
    "dense",
    "rnn",
    "lstm",
    "gru",
    "gru_reset_after",
    "torch_rnn",
    "torch_lstm",
    "torch_gru",
    "torch_conv",
    "sdpa",
)


def chosen(layers: str | Sequence[str] | None) -> list[str]:
    """Name the layers that were asked for: some, `CORE` where none is named, or ``all``.

    Those of other packages that cannot be loaded are none of all; see `find`.
    """
    asked = [layers] if isinstance(layers, str) else list(CORE if layers is None else layers)
    return [name for name in names() if find(name) is not None] if "all" in asked else asked


__all__ = [
    "CORE",
    "BrokenLayer",
    "Layer",
    "LayerError",
    "Native",
    "Own",
    "Shape",
    "Sizes",
    "Textbook",
    "Theory",
    "bring",
    "chosen",
    "digest",
    "elsewhere",
    "find",
    "get",
    "home",
    "layer",
    "names",
    "register",
    "seen",
]
