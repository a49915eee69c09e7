"""The registry, and what a layer says of its sizes."""

from __future__ import annotations

import subprocess
import sys
from math import sqrt

import pytest
import torch
from layerlaw import layers
from layerlaw.layers.core.random_tensors import MAX_DRAWN

SEEDS_LAYERS = {"rnn", "lstm", "gru", "conv", "conv_1x1", "attention", "multihead", "dense"}


def test_the_seeds_layers_are_registered_once_each() -> None:
    assert set(layers.names()) >= SEEDS_LAYERS
    assert len(layers.names()) == len(set(layers.names()))
    assert all(layers.get(name).name == name for name in layers.names())


@pytest.mark.usefixtures("isolated_registry")
def test_a_taken_name_is_refused() -> None:
    with pytest.raises(ValueError, match="'rnn' is registered already"):
        layers.register(type(layers.get("rnn")))


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"'atention'; there are: attention, .* and \d+ more"):
        layers.get("atention")


def test_reading_theory_does_not_load_torch() -> None:
    program = (
        "import sys; from layerlaw import layers; "
        "[layers.get(name).tied_theory() for name in layers.names()]; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0


@pytest.mark.parametrize(
    ("name", "sizes", "complaint"),
    [
        ("rnn", {"n": 4}, "needs the size 'd'"),
        ("conv", {"n": 4, "d": 4}, "needs the size 'k'"),
        ("conv", {"n": 4, "d": 4, "k": None}, "needs the size 'k'"),
        ("conv", {"n": 4, "d": 4, "k": 4}, "k/2 - 1/2 must be a whole number"),
        ("multihead", {"n": 4, "d": 6}, "d/h must be a whole number"),
        ("rnn", {"n": 0, "d": 4}, "size n must be a whole number"),
        ("rnn", {"n": 2.5, "d": 4}, "size n must be a whole number"),
    ],
)
def test_sizes_that_do_not_go_are_refused(name: str, sizes: dict, complaint: str) -> None:
    with pytest.raises(ValueError, match=f"layer '{name}'.*{complaint}"):
        layers.get(name).resolve(sizes)


def test_ties_give_way_to_sizes_that_are_given() -> None:
    assert layers.get("rnn").resolve({"n": 2, "d": 8, "k": None}) == {"n": 2, "d": 8, "m": 8}
    assert layers.get("rnn").resolve({"n": 2, "d": 8, "m": 3})["m"] == 3
    assert layers.get("multihead").resolve({"n": 2, "d": 8})["h"] == 4
    assert layers.get("multihead").resolve({"n": 2, "d": 8, "h": 2})["h"] == 2


def test_many_numbers_repeat_but_no_row_is_like_another() -> None:
    layer = layers.get("dense")
    (x,) = layer.make_inputs({"n": 1024, "d": 512}, seed=1)
    weight = layer.build({"n": 1, "d": 1024}).W.detach()
    for rows, spread in ((x[0], 1.0), (weight, 1 / (32 * 3**0.5))):
        assert rows.numel() > MAX_DRAWN
        assert rows.is_contiguous()
        assert len(rows.unique(dim=0)) == len(rows)
        assert rows.std().item() == pytest.approx(spread, rel=0.01)
        assert torch.equal(rows.flatten()[:100], rows.flatten()[MAX_DRAWN : MAX_DRAWN + 100])


@pytest.mark.parametrize("name", ["torch_rnn", "torch_lstm", "torch_gru", "torch_conv"])
def test_large_weights_of_torchs_repeat_but_spread_as_they_do(name: str) -> None:
    layer = layers.get(name)
    sizes = {axis: {"n": 4, "d": 784, "k": 3}[axis] for axis in layer.axes}
    torch.manual_seed(0)
    for weight in layer.build(sizes).parameters():
        bound = 1 / sqrt((3 if name == "torch_conv" else 1) * 784)
        assert float(weight.detach().abs().max()) == pytest.approx(bound, rel=1e-2)
        assert float(weight.detach().std()) == pytest.approx(bound / sqrt(3), rel=0.05)
        row = weight.detach().flatten()
        if len(row) > MAX_DRAWN:
            assert row[MAX_DRAWN:].equal(row[:-MAX_DRAWN])
            assert len(weight.detach().flatten(1).unique(dim=0)) == len(weight)


def test_sizes_are_observed_inside_the_block_alone() -> None:
    seen: list[tuple[str, dict[str, int]]] = []
    with layers.observing_sizes(lambda layer, sizes: seen.append((layer.name, dict(sizes)))):
        layers.get("dense").resolve({"n": 2, "d": 3})
    layers.get("dense").resolve({"n": 4, "d": 5})
    assert seen == [("dense", {"n": 2, "d": 3})]
