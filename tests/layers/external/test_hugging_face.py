"""Blocks of Hugging Face's transformers, where it is installed."""

from __future__ import annotations

import importlib.util

import pytest
import torch
from layerlaw import layers
from layerlaw.experiments.derivation import derive
from layerlaw.layers.core.theory import d, n
from sympy import expand

here = importlib.util.find_spec("transformers") is not None
needed = pytest.mark.skipif(not here, reason="transformers is not installed")

pytestmark = pytest.mark.filterwarnings("default")  # of transformers and what it imports


@pytest.mark.skipif(here, reason="transformers is installed")
def test_without_it_the_error_says_how_to_get_it() -> None:
    with pytest.raises(layers.LayerError, match=r"pip install 'layerlaw\[transformers\]'"):
        layers.get("transformers:llama")


@needed
@pytest.mark.parametrize("kind", ["llama", "bert", "gpt2", "mamba"])
def test_a_block_maps_vectors_to_vectors(kind: str) -> None:
    layer = layers.get(f"transformers:{kind}")
    sizes = {"n": 12, "d": 32}
    module = layer.build(sizes)
    assert layer.output == (n, d)
    assert module(torch.randn(2, 12, 32)).shape == (2, 12, 32)
    assert layer.title == kind


@needed
def test_the_work_of_a_block_is_that_of_its_products() -> None:
    """Llama: four products d × d of attention, three d × 4d of its MLP, and scores and sums."""
    found = derive("transformers:llama", ["flops", "parameters"])
    work = 2 * n * (4 * d**2 + 3 * 4 * d**2) + 2 * 2 * n**2 * d
    rest = expand(found.expression("flops") - work).as_poly(n, d)
    assert all(sum(powers) <= 2 for powers in rest.monoms())
    assert found.expression("parameters") == 4 * d**2 + 3 * 4 * d**2 + 3 * d


@needed
def test_a_type_that_is_none_is_refused() -> None:
    with pytest.raises(layers.LayerError, match="no model type 'nothing'"):
        layers.get("transformers:nothing")
