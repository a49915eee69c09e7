"""The programs in the pages about layers run, and the walk-through makes a sound layer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from layerlaw import layers
from layerlaw.layers.core.theory import k, n
from sympy import simplify, sympify

from tests.layers.contract import CLAUSES

pytestmark = pytest.mark.usefixtures("isolated_registry")

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def run_programs(name: str) -> None:
    """Run every Python block of a page, one after the other."""
    programs = re.findall(r"^```python\n(.*?)^```", page(name), re.M | re.S)
    assert programs
    names = {"__name__": "__page__"}
    for program in programs:
        exec(compile(program, name, "exec"), names)


def test_the_page_about_flops_counts_right() -> None:
    run_programs("flops.md")


def test_the_page_about_memory_measures_right() -> None:
    run_programs("memory.md")


def test_the_page_about_python_runs() -> None:
    run_programs("python.md")


def test_the_page_about_counts_counts_right() -> None:
    run_programs("counts.md")


def test_the_page_about_counts_has_what_theory_says() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\S+), (\S+) \| (\S+), (.+) \|$", page("counts.md"), re.M)
    assert len(rows) == 7
    for name, *written in rows:
        theory = layers.get(name).tied_theory()
        for field, text in zip(
            ("sequential_ops", "depth", "path_length", "distance"), written, strict=True
        ):
            text = re.sub(r"(\d)([n(])", r"\1*\2", text.replace("−", "-"))
            text = text.replace("⌈", "ceiling(").replace("⌉", ")").replace("infinite", "oo")
            read = sympify(text.replace("min(", "Min("), {"n": n, "k": k})
            assert simplify(read - getattr(theory, field)) == 0 or read == getattr(theory, field)


def test_the_walk_through_adds_a_layer_that_keeps_to_the_contract() -> None:
    known = layers.names()
    run_programs("layers.md")
    (name,) = set(layers.names()) - set(known)
    for keeps in CLAUSES.values():
        keeps(layers.get(name))


@pytest.mark.parametrize("name", layers.names())
def test_the_page_about_layers_names_every_layer_that_needs_a_word(name: str) -> None:
    plain = {"dense", "token_mixing"}  # the formula says all there is
    assert name in plain or f"`{name}`" in page("layers.md")
