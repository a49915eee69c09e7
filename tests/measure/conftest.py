"""Layers that misbehave on purpose, in a registry of their own; machines made up of files."""

import pytest
from layerlaw.layers import Textbook
from layerlaw.layers.core import registration
from layerlaw.layers.core.theory import d, n
from layerlaw.layers.registry import lookup

from tests.helpers.toy_theory import TOY_THEORY


class Toy(Textbook):
    """A layer for tests; its `forward` is a test's to give."""

    title = "toy"
    formula = "x"
    inputs = {"x": (n, d)}
    theory = TOY_THEORY


@pytest.fixture
def toy(isolated_registry):
    """Register a toy layer under a name, with a forward pass, for the length of a test."""

    def register(name, forward, **attributes):
        body = {"name": name, "forward": lambda self, x: forward(x), **attributes}
        registration.register(type(name, (Toy,), body))
        return lookup.get(name)

    return register


@pytest.fixture
def root(tmp_path):
    """Write files of /proc and /sys, by their paths, below a root; gives the root."""

    def write(files):
        for path, held in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(held)
        return tmp_path

    return write
