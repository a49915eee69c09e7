"""Layers upon one another, by name."""

from __future__ import annotations

import pytest
import torch
from layerlaw import layers
from layerlaw.layers import LayerError
from layerlaw.layers.core.theory import subs
from layerlaw.measure.counting.counts import count_parameters, path_length
from layerlaw.measure.counting.critical_path import longest_chain
from layerlaw.measure.counting.flops import count_flops

from tests.helpers.sizes import complete

#: Their outputs have other shapes than their inputs, or a pair of inputs has two.
NOT = {
    *("attention_scores", "attention_sum", "birnn", "bilstm", "bigru", "conv_product"),
    *("attention_next", "grouped_query_next", "retention_next", "ssm_next"),
    *("embedding", "softmax_output"),
}
STACKABLE = [name for name in layers.names() if name not in NOT]


@pytest.mark.parametrize("name", sorted(NOT))
def test_a_layer_whose_output_has_another_shape_cannot_be_stacked(name: str) -> None:
    with pytest.raises(LayerError, match=f"'2\\*{name}': layer '{name}' cannot be stacked"):
        layers.get(f"2*{name}")


@pytest.mark.parametrize("name", STACKABLE)
def test_a_stack_is_its_layers_one_after_the_other(name: str) -> None:
    stack, one = layers.get(f"3*{name}"), layers.get(name)
    sizes = complete({"n": 6, "d": 4, "k": 3}, one)
    module = stack.build(sizes).double().eval()
    inputs = stack.make_inputs(sizes, batch=2, dtype=torch.float64)
    with torch.no_grad():
        x = inputs
        for each in module.layers:
            x = (each(*x),) * len(inputs)
        torch.testing.assert_close(module(*inputs), x[0], rtol=0, atol=0)


@pytest.mark.parametrize("name", STACKABLE)
def test_its_counts_are_those_of_theory(name: str) -> None:
    stack = layers.get(f"3*{name}")
    sizes = complete({"n": 8, "d": 8, "k": 3}, layers.get(name))
    sizes = {axis: sizes[axis] for axis in stack.axes}
    full = stack.resolve(sizes)
    assert count_flops(stack, sizes) == subs(stack.theory.flops, full)
    assert count_parameters(stack, sizes) == subs(stack.theory.parameters, full)
    assert longest_chain(stack, sizes) == subs(stack.theory.depth, full)


def test_sizes_at_which_a_layer_cannot_be_given_what_one_below_gives_are_refused() -> None:
    stack = layers.get("2*rnn")
    assert stack.resolve({"n": 3, "d": 4, "m": 4})["m"] == 4
    assert layers.get("1*rnn").resolve({"n": 3, "d": 4, "m": 5})["m"] == 5
    with pytest.raises(ValueError, match=r"'2\*rnn': output and input differ in shape"):
        stack.build({"n": 3, "d": 4, "m": 5})


def test_a_deeper_stack_reaches_further() -> None:
    """Course text A6.4: a deep network is one way to far positions."""
    sizes = {"n": 17, "d": 4, "k": 5}
    each = path_length(layers.get("conv"), sizes)
    assert each == path_length(layers.get("8*conv"), sizes) == 8
    assert layers.get("8*conv").theory.path_length == layers.get("conv").theory.path_length


def test_names_that_are_no_stack_are_told() -> None:
    with pytest.raises(KeyError, match="no layer is called 'nosuch'"):
        layers.get("2*nosuch")
    with pytest.raises(LayerError, match="1 to 1000 layers, not 0"):
        layers.get("0*rnn")
    assert layers.find("2*nosuch") is None
    assert layers.find("2*rnn") is layers.get("2*rnn")
    assert layers.get("2*2*rnn").theory.flops == 4 * layers.get("rnn").theory.flops
    assert layers.import_path("2*rnn") == ""
