"""Blocks of Hugging Face's transformers: a model of one layer, from a config, with random weights.

``transformers:llama`` is one layer of the model type ``llama`` with its position encoding and its
final norm. Nothing is downloaded.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..core import torch
from .errors import LayerError
from .input_specification import InputSpecification
from .user_modules import UserLayer, user_layer

if TYPE_CHECKING:
    from torch import nn

#: The package that the extra `transformers` installs.
PACKAGE = "transformers"

#: Attention heads of a block; rotary position encodings need an even width per head.
HEADS = 2

#: The fields of configs that set sizes, each with its value at n positions of width d. The block
#: gets vectors, so the vocabulary plays no role.
SIZES: Mapping[str, Callable[[int, int], int]] = {
    **dict.fromkeys(("hidden_size", "embedding_size"), lambda n, d: d),
    **dict.fromkeys(("num_attention_heads", "num_key_value_heads"), lambda n, d: HEADS),
    "head_dim": lambda n, d: d // HEADS,
    **dict.fromkeys(("intermediate_size", "ffn_dim", "hidden_dim"), lambda n, d: 4 * d),
    "max_position_embeddings": lambda n, d: n + 2,  # RoBERTa counts positions from 2
    "num_hidden_layers": lambda n, d: 1,
    "vocab_size": lambda n, d: 2,
}


def block(spec: str, kind: str, inputs: InputSpecification | None = None) -> UserLayer:
    """Make a layer of a model type.

    Parameters
    ----------
    spec
        The layer's name, for error messages.
    kind
        The model type, such as ``llama``.
    inputs
        What is told of its inputs.

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
            "install it with: pip install 'layerlaw[transformers]'"
        ) from None
    if kind not in transformers.CONFIG_MAPPING:
        raise LayerError(
            f"{spec}: {PACKAGE} {transformers.__version__} has no model type {kind!r}; examples: "
            "llama, bert, mamba"
        )
    transformers.logging.set_verbosity_error()  # no warnings about vocabularies and kernels
    config = transformers.CONFIG_MAPPING[kind]
    default = config()
    field_names = {name: default.attribute_map.get(name, name) for name in SIZES}
    fields = default.to_dict()
    size_fields = {name for name in SIZES if fields.get(field_names[name]) is not None}
    if "expand" in fields:
        size_fields.discard("intermediate_size")  # it follows from `expand`

    def build(n: int, d: int) -> nn.Module:
        from ..core import EmbeddedModule  # loads torch

        values = {field_names[name]: SIZES[name](n, d) for name in size_fields}
        if fields.get("pad_token_id"):
            values["pad_token_id"] = 0  # within the vocabulary of two
        made = config(**values)
        made.use_cache = False
        try:  # without the pooling layer, which uses the first position only
            model = transformers.AutoModel.from_config(made, add_pooling_layer=False)
        except TypeError:
            model = transformers.AutoModel.from_config(made)
        model.set_input_embeddings(torch.nn.Identity())
        return EmbeddedModule(model)

    # The rank of Mamba's step projection is ⌈d/16⌉.
    units = {"d": 16} if "time_step_rank" in fields else None
    return user_layer(spec, build, title=kind, units=units, inputs=inputs)
