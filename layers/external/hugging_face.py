"""Blocks of Hugging Face's transformers: a model of one layer, from a config, with random weights.

``transformers:llama`` is the layer of the model type ``llama``, with what the model does before and
after it: positions and the last norm. Nothing is downloaded.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..core import torch
from .user_modules import LayerError, UserLayer, user_layer

if TYPE_CHECKING:
    from torch import nn

#: The package, which the extra `transformers` installs.
PACKAGE = "transformers"

#: Heads of a block with attention: rotary positions take an even width of each.
HEADS = 2

#: What configs call what a block is built from, with its size at n positions of width d. Words
#: take no part: the block is given vectors.
SIZES: Mapping[str, Callable[[int, int], int]] = {
    **dict.fromkeys(("hidden_size", "embedding_size"), lambda n, d: d),
    **dict.fromkeys(("num_attention_heads", "num_key_value_heads"), lambda n, d: HEADS),
    "head_dim": lambda n, d: d // HEADS,
    **dict.fromkeys(("intermediate_size", "ffn_dim", "hidden_dim"), lambda n, d: 4 * d),
    "max_position_embeddings": lambda n, d: n + 2,  # RoBERTa counts positions from 2
    "num_hidden_layers": lambda n, d: 1,
    "vocab_size": lambda n, d: 2,
}


def block(spec: str, kind: str) -> UserLayer:
    """Make a layer of a model type.

    Parameters
    ----------
    spec
        What the layer is called, for errors.
    kind
        The model type, such as ``llama``.

    Raises
    ------
    LayerError
        If transformers is not installed, or has no model of this type.
    """
    try:
        transformers: Any = importlib.import_module(PACKAGE)
    except ImportError as error:
        raise LayerError(
            f"{spec}: {PACKAGE} cannot be imported ({error}); "
            "pip install 'layerlaw[transformers]' brings it"
        ) from None
    if kind not in transformers.CONFIG_MAPPING:
        raise LayerError(
            f"{spec}: {PACKAGE} {transformers.__version__} has no model of the type {kind!r}, such "
            "as llama, bert or mamba"
        )
    transformers.logging.set_verbosity_error()  # of words and kernels that are not there
    config = transformers.CONFIG_MAPPING[kind]
    usual = config()
    called = {name: usual.attribute_map.get(name, name) for name in SIZES}
    there = usual.to_dict()
    sized = {name for name in SIZES if there.get(called[name]) is not None}
    if "expand" in there:
        sized.discard("intermediate_size")  # it follows from it

    def build(n: int, d: int) -> nn.Module:
        from ..core import EmbeddedModule  # loads torch

        given = {called[name]: SIZES[name](n, d) for name in sized}
        if there.get("pad_token_id"):
            given["pad_token_id"] = 0  # one of the words that there are
        made = config(**given)
        made.use_cache = False
        try:  # without what goes on from the first position alone
            model = transformers.AutoModel.from_config(made, add_pooling_layer=False)
        except TypeError:
            model = transformers.AutoModel.from_config(made)
        model.set_input_embeddings(torch.nn.Identity())
        return EmbeddedModule(model)

    # Mamba's steps have a rank of ⌈d/16⌉.
    return user_layer(
        spec, build, title=kind, units={"d": 16} if "time_step_rank" in there else None
    )
