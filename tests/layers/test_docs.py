"""The programs in the pages about layers run, and the walk-through makes a sound layer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from layerlaw import layers
from layerlaw.layers import base
from layerlaw.layers.theory import put
from layerlaw.measure.flops import count_flops

DOCS = Path(__file__).parents[2] / "docs"


def run_programs(page: str) -> None:
    """Run every Python block of a page."""
    programs = re.findall(r"^```python\n(.*?)^```", (DOCS / page).read_text("utf-8"), re.M | re.S)
    assert programs
    for program in programs:
        exec(compile(program, page, "exec"), {"__name__": "__page__"})


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_registry", dict(base._registry))


def test_the_page_about_flops_counts_right() -> None:
    run_programs("flops.md")


def test_the_page_about_memory_measures_right() -> None:
    run_programs("memory.md")


def test_the_walk_through_adds_a_layer_that_agrees_with_its_theory() -> None:
    known = layers.names()
    run_programs("layers.md")
    (name,) = set(layers.names()) - set(known)
    layer, sizes = layers.get(name), {"n": 5, "d": 8}
    (x,) = layer.make_inputs(sizes, batch=2)
    module = layer.build(sizes)
    assert module(x).shape == (2, 5, 8)
    assert count_flops(layer, sizes) == put(layer.theory.flops, sizes)
    assert sum(w.numel() for w in module.parameters()) == put(layer.theory.parameters, sizes)


@pytest.mark.parametrize("name", layers.names())
def test_the_page_about_layers_names_every_layer_that_needs_a_word(name: str) -> None:
    plain = {"dense", "token_mixing"}  # the formula says all there is
    assert name in plain or f"`{name}`" in (DOCS / "layers.md").read_text("utf-8")
