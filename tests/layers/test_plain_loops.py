"""An independent count: every layer once more in plain loops, over numbers that count themselves.

Each function of `tests/layers/plain_loops/` is written from the formula alone, on nested lists,
and has to give the layer's numbers with exactly as many operations as theory says.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from layerlaw import layers
from torch import Tensor

from tests.helpers.sizes import complete
from tests.layers.plain_loops.attention import (
    attention,
    causal_attention,
    grouped_query,
    grouped_query_next,
    linear_attention,
    linear_attention_recurrent,
    local_attention,
    multihead,
    retention,
    retention_chunkwise,
    retention_next,
    retention_recurrent,
    scores,
    sdpa,
    softmax,
    weighted_sum,
)
from tests.layers.plain_loops.convolution import (
    average_pool,
    conv,
    dilated_stack,
    hyena,
    long_conv,
    max_pool,
    separable_conv,
    torch_conv,
)
from tests.layers.plain_loops.numbers import Matrix, Number, apply, over_root, plus, times
from tests.layers.plain_loops.pointwise import embedding, gated_mlp, layer_norm, mixer
from tests.layers.plain_loops.recurrent import (
    bidirectional,
    blend,
    gru,
    lstm,
    reset_after,
    rnn,
    rnn_next,
    rnn_states,
    selective_scan,
    ssm,
    ssm_next,
    torch_blend,
    torch_lstm,
)

PLAIN: dict[str, Callable[..., Matrix]] = {
    "rnn": rnn,
    "torch_rnn": rnn,
    "rnn_states": rnn_states,
    "lstm": lstm,
    "torch_lstm": torch_lstm,
    "gru": gru,
    "gru_reset_after": reset_after(blend),
    "torch_gru": reset_after(torch_blend),
    "conv": conv,
    "torch_conv": torch_conv,
    "conv_product": lambda rows, W: [apply(W, row) for row in rows],
    "conv_1x1": lambda x, W: [apply(W, x_t) for x_t in x],
    "dense": lambda x, W, b: [plus(apply(W, x_t), b) for x_t in x],
    "token_mixing": lambda x, W: weighted_sum(W, x),
    "attention": attention,
    "attention_scores": scores,
    "attention_softmax": softmax,
    "attention_sum": weighted_sum,
    "multihead": multihead,
    "sdpa": sdpa,
    "causal_attention": causal_attention,
    "local_attention": local_attention,
    "grouped_query": grouped_query,
    "attention_next": attention,
    "grouped_query_next": grouped_query_next,
    "rnn_next": rnn_next,
    "retention_next": retention_next,
    "ssm_next": ssm_next,
    "separable_conv": separable_conv,
    "linear_attention": linear_attention,
    "linear_attention_parallel": linear_attention_recurrent,
    "linear_attention_recurrent": linear_attention_recurrent,
    "retention": retention,
    "retention_recurrent": retention_recurrent,
    "retention_chunkwise": retention_chunkwise,
    "average_pool": average_pool,
    "max_pool": max_pool,
    "layer_norm": layer_norm,
    "rms_norm": lambda x, gamma: [times(gamma, over_root(row)) for row in x],
    "gated_mlp": gated_mlp,
    "dilated_stack": dilated_stack,
    "birnn": bidirectional(rnn),
    "bilstm": bidirectional(lstm),
    "bigru": bidirectional(gru),
    "ssm": ssm,
    "ssm_scan": ssm,
    "ssm_conv": ssm,
    "selective_scan": selective_scan,
    "mixer": mixer,
    "long_conv": long_conv,
    "hyena": hyena,
    "embedding": embedding,
    "softmax_output": lambda x, E: softmax([apply(E, x_t) for x_t in x]),
}


#: Layers that do the same with other operations: by Fourier transforms, or a scan.
OTHERWISE = {"ssm_scan", "ssm_conv", "long_conv", "hyena"}


def numbers(tensor: Tensor) -> list:
    """Nested lists of counting numbers."""
    if tensor.dim() == 0:
        return Number(tensor.item())
    return [numbers(row) for row in tensor]


def test_every_layer_is_written_in_plain_loops() -> None:
    assert set(layers.names()) <= set(PLAIN), "write the missing layers in tests/layers/plain_loops"


@pytest.mark.parametrize(
    "sizes",
    [
        {"n": 3, "d": 4, "k": 3, "m": 2, "h": 2},
        {"n": 4, "d": 3, "k": 5, "m": 5, "h": 1},
        {"n": 1, "d": 4, "k": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", layers.names())
def test_plain_loops_give_the_layers_numbers_and_theorys_count(name: str, sizes: dict) -> None:
    torch.manual_seed(0)
    layer = layers.get(name)
    sizes = complete(sizes, layer)
    module = layer.build(sizes).double()
    inputs = layer.make_inputs(sizes, dtype=torch.float64)
    arguments = [numbers(x[0]) for x in inputs] + [numbers(w) for w in module.parameters()]

    Number.operations = 0
    given = {
        letter: layer.resolve(sizes)[letter] for letter in getattr(layer, "size_arguments", ())
    }
    rows = PLAIN[name](*arguments, **given)
    if name not in OTHERWISE:
        assert Number.operations == layer.theory.at(layer.resolve(sizes)).flops

    values = torch.tensor([[x.value for x in row] for row in rows], dtype=torch.float64)
    torch.testing.assert_close(values, module(*inputs)[0].detach(), rtol=0, atol=1e-12)
