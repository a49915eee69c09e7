"""Theory against the layers themselves: parameters, steps in sequence, and who reaches whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from math import ceil

import pytest
import sympy
import torch
from layerlaw import layers
from layerlaw.layers.theory import SYMBOLS, Theory, d, k, n, put, r
from torch import Tensor

from ..sizes import complete

EXPRESSIONS = [f.name for f in fields(Theory) if f.name != "sources"]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("name", layers.names())
def test_every_expression_has_its_source_and_is_in_the_size_symbols(name: str) -> None:
    theory = layers.get(name).theory
    without = {"temporaries"} if theory.temporaries == 0 else set()
    assert set(EXPRESSIONS) - without <= set(theory.sources) <= set(EXPRESSIONS)
    for field in EXPRESSIONS:
        assert getattr(theory, field).free_symbols <= set(SYMBOLS.values())


@pytest.mark.parametrize("name", layers.names())
def test_tied_theory_is_in_the_axes_alone(name: str) -> None:
    layer = layers.get(name)
    axes = {SYMBOLS[letter] for letter in layer.axes}
    for field in EXPRESSIONS:
        assert getattr(layer.tied_theory(), field).free_symbols <= axes


@pytest.mark.parametrize("name", layers.names())
def test_time_leads_the_flops(name: str) -> None:
    """Time and FLOPs grow alike where all sizes are large and equal."""
    theory = layers.get(name).tied_theory()
    near, far = (
        float(put(theory.flops / theory.time, dict.fromkeys(SYMBOLS, 10**power)))
        for power in (30, 60)
    )
    assert near == pytest.approx(far, rel=0.05)
    assert far > 0


def test_an_expression_takes_sizes_and_passes_over_other_letters() -> None:
    assert put(n * d, {"n": 3, "d": d / 2, "k": 7, "batch": 2}) == 3 * d / 2
    assert put(4, {"n": 3}) == 4


@pytest.mark.parametrize("m", [1, 4, 7])
@pytest.mark.parametrize("name", layers.names())
def test_parameters_are_those_of_the_module(name: str, m: int) -> None:
    layer, sizes = layers.get(name), complete({"n": 5, "d": 8, "k": 3, "m": m, "h": 2})
    counted = sum(weight.numel() for weight in layer.build(sizes).parameters())
    assert counted == put(layer.theory.parameters, layer.resolve(sizes))


@pytest.mark.parametrize(
    ("order", "exact"), [("sequential_ops", "depth"), ("path_length", "distance")]
)
@pytest.mark.parametrize("name", layers.names())
def test_exact_counts_grow_as_their_order(name: str, order: str, exact: str) -> None:
    theory = layers.get(name).tied_theory()
    if getattr(theory, exact) is sympy.nan:
        pytest.skip(f"no formula in the sizes gives the {exact} of {name}")
    if getattr(theory, order).is_infinite:
        assert getattr(theory, exact).is_infinite
        return
    ratio = getattr(theory, exact) / getattr(theory, order)
    sizes = {"d": 64, "k": 101, "c": 50, "r": 101, "V": 6, "N": 3}
    near, far = (float(put(ratio, {"n": 10**power, **sizes})) for power in (60, 120))
    assert 1 <= far <= 12
    assert near == pytest.approx(far, rel=0.05)


def reach(layer: layers.Layer, sizes: Mapping[str, int]) -> Tensor:
    """Whether output position i (row) depends on input position j (column), by gradients."""

    def by_position(x: Tensor) -> Tensor:
        # each row of the softmax is alone: its positions are the keys, the columns
        return x.mT[0] if layer.name == "attention_softmax" else x[0]

    inputs = [x.requires_grad_() for x in layer.make_inputs(sizes, dtype=torch.float64)]
    rows = []
    for out in by_position(layer.build(sizes).double()(*inputs)):
        gradients = torch.autograd.grad(out, inputs, torch.randn_like(out), retain_graph=True)
        rows.append(sum(by_position(gradient).abs().sum(dim=-1) for gradient in gradients))
    return torch.stack(rows) != 0


#: By the transform rounding takes the place of zeros (tests/layers/test_forms.py has their reach);
#: of a maximum the gradient is that of the largest alone, and words have none.
OTHERWISE = {"long_conv", "hyena", "ssm_conv", "max_pool", "embedding"}


@pytest.mark.parametrize(
    "name",
    [name for name in layers.names() if name not in OTHERWISE and n in layers.get(name).output],
)
def test_positions_reach_one_another_as_the_path_length_says(name: str) -> None:
    layer, sizes = layers.get(name), complete({"n": 9, "d": 4, "k": 5})
    i, j = torch.arange(9)[:, None], torch.arange(9)
    expected = {
        n / k: abs(i - j) <= 2,  # (k − 1)/2 to either side
        n / r: abs(i - j) <= 2,
        sympy.oo: i == j,  # its own position alone
    }
    past = j <= i if layer.causal else torch.ones(9, 9, dtype=torch.bool)
    assert torch.equal(reach(layer, sizes), expected.get(layer.theory.path_length, past))


@pytest.mark.parametrize("kernel", [3, 5, 9])
@pytest.mark.parametrize("name", ["conv", "torch_conv"])
def test_stacked_convolutions_join_the_ends_after_the_order_of_n_over_k(
    name: str, kernel: int
) -> None:
    length = 13
    one_layer = reach(layers.get(name), {"n": length, "d": 2, "k": kernel}).double()
    depth, joined = 1, one_layer
    while not joined[0, -1]:
        depth, joined = depth + 1, joined @ one_layer
    assert depth == ceil(2 * (length - 1) / (kernel - 1))
