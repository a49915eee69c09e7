"""Layers that are one function in several forms."""

from __future__ import annotations

import pytest
import torch
from layerlaw import layers
from layerlaw.layers.retention import DECAY
from layerlaw.layers.state_space import discretise
from torch import Tensor

from tests.helpers.sizes import complete
from tests.layers.contract_cases import output_and_gradients

FORMS = [
    ("linear_attention_parallel", "linear_attention_recurrent"),
    ("retention", "retention_recurrent"),
    ("retention", "retention_chunkwise"),
    ("ssm", "ssm_scan"),
    ("ssm", "ssm_conv"),
]


@pytest.mark.parametrize("length", [1, 2, 12, 31])
@pytest.mark.parametrize(("one", "other"), FORMS)
def test_forms_are_equal_and_have_equal_gradients(one: str, other: str, length: int) -> None:
    sizes = complete({"n": length, "d": 6})
    torch.manual_seed(length)
    first = layers.get(one).build(sizes).double()
    second = layers.get(other).build(sizes).double()
    second.load_state_dict(first.state_dict())
    inputs = layers.get(one).make_inputs(sizes, batch=2, dtype=torch.float64, seed=length)
    results = (output_and_gradients(module, *inputs) for module in (first, second))
    for x, y in zip(*results, strict=True):
        torch.testing.assert_close(x, y, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["retention", "retention_chunkwise", "ssm_conv", "hyena"])
def test_positions_beyond_256_are_told_apart_in_bfloat16(name: str) -> None:
    layer, sizes = layers.get(name), complete({"n": 512, "d": 4})
    torch.manual_seed(0)
    module = layer.build(sizes)
    inputs = layer.make_inputs(sizes)
    with torch.no_grad():
        exact = module(*inputs)
        low = module.bfloat16()(*(x.bfloat16() for x in inputs))
    assert low.dtype == torch.bfloat16
    assert (low.float() - exact).abs().mean() < 0.03 * exact.abs().mean()


def test_the_last_position_of_linear_attention_is_that_of_its_causal_form() -> None:
    sizes = {"n": 9, "d": 5}
    whole, causal = layers.get("linear_attention"), layers.get("linear_attention_recurrent")
    inputs = whole.make_inputs(sizes, dtype=torch.float64)
    torch.testing.assert_close(
        whole.forward(*inputs)[:, -1], causal.forward(*inputs)[:, -1], rtol=0, atol=1e-12
    )


def test_one_chunk_is_the_parallel_form_and_one_group_a_head_multi_head_attention() -> None:
    sizes = {"n": 8, "d": 8}
    chunks = layers.get("retention_chunkwise")
    inputs = chunks.make_inputs({**sizes, "c": 8}, dtype=torch.float64)
    torch.testing.assert_close(
        chunks.forward(*inputs, c=8), layers.get("retention").forward(*inputs), rtol=0, atol=1e-12
    )
    grouped = layers.get("grouped_query").build({**sizes, "h": 4, "g": 4}).double()
    multihead = layers.get("multihead").build({**sizes, "h": 4}).double()
    multihead.load_state_dict(grouped.state_dict())
    (x,) = layers.get("multihead").make_inputs(sizes, dtype=torch.float64)
    torch.testing.assert_close(grouped(x), multihead(x), rtol=0, atol=1e-12)


def test_the_next_position_is_the_last_of_the_whole_sequence() -> None:
    """What is kept of the others, and one step, give what the layer gives over all of them."""
    torch.manual_seed(0)
    sizes = {"n": 6, "d": 8, "N": 3}

    def last(name: str, *inputs: Tensor, **weights: Tensor) -> Tensor:
        return layers.get(name).forward(*inputs, **weights)[:, -1:]

    def follows(name: str, *inputs: Tensor, **weights: Tensor) -> Tensor:
        return layers.get(f"{name}_next").forward(*inputs, **weights)

    Q, K, V = layers.get("attention").make_inputs(sizes, batch=2, dtype=torch.float64)
    q, k, v, x = Q[:, -1:], K[:, -1:], V[:, -1:], Q
    S = K[:, :-1].mT @ (DECAY ** torch.arange(4, -1, -1)[:, None] * V[:, :-1])
    rnn = dict(layers.get("rnn").build(sizes).double().named_parameters())
    ssm = dict(layers.get("ssm").build(sizes).double().named_parameters())
    a, b = discretise(ssm["A"], ssm["B"])
    fading = a ** torch.arange(4, -1, -1)[:, None, None]  # (n − 1, d, N)
    states = (fading * b * x[:, :-1, :, None]).sum(1)
    pairs = {
        "attention": (last("causal_attention", Q, K, V), follows("attention", q, K, V)),
        "rnn": (
            last("rnn", x, **rnn),
            follows("rnn", x[:, -1:], last("rnn", x[:, :-1], **rnn), **rnn),
        ),
        "retention": (last("retention", Q, K, V), follows("retention", q, k, v, S)),
        "ssm": (last("ssm", x, **ssm), follows("ssm", x[:, -1:], states, **ssm)),
    }
    for whole, step in pairs.values():
        torch.testing.assert_close(step, whole, rtol=0, atol=1e-12)
