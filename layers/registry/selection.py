"""Select layers for a run: by name, the core by default, or all."""

from __future__ import annotations

from collections.abc import Sequence

from .lookup import find, names

#: The layers measured by default: the course text's layers, attention's phases, and torch's own
#: layers.
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


def select_layers(layers: str | Sequence[str] | None) -> list[str]:
    """Return the names of the layers of a run: those given, `CORE` by default, or ``all``.

    Layers of packages that cannot be loaded are left out of ``all``; see `find`.

    Examples
    --------
    >>> select_layers("attention"), len(select_layers(None)) == len(CORE)
    (['attention'], True)
    """
    asked = [layers] if isinstance(layers, str) else list(CORE if layers is None else layers)
    return [name for name in names() if find(name) is not None] if "all" in asked else asked
