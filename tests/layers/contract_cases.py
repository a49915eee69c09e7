"""What the clauses share: sizes at which layers are held to them, and layers left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import pytest
import sympy
import torch
from hypothesis import given, settings, strategies as st
from layerlaw.layers import Layer, Sizes, Theory
from layerlaw.layers.core.theory import k, n, r, subs
from torch import Tensor, nn

from tests.helpers.sizes import complete

#: Stacks that are held to it too: of loops, windows, heads, a kernel, weights made ready ahead.
STACKS = ["4*rnn", "3*conv", "2*multihead", "2*torch_gru", "2*ssm"]

NEXT = dict.fromkeys(
    ("attention_next", "grouped_query_next", "rnn_next", "retention_next", "ssm_next"),
    "its output is one position alone",
)

#: Clauses that a layer cannot keep, by the layer's name, and why.
LEFT_OUT: dict[str, dict[str, str]] = {
    "causality": NEXT,
    "reach": {**NEXT, "embedding": "words have no gradients"},
    "path_length": {
        "ssm_scan": "it takes two operations for each binary 1 of n - 1: no formula in n",
        **dict.fromkeys(STACKS, "theory does not tell it of stacks"),
    },
    "farthest_ends": {**NEXT, "ssm_scan": "n - 1 may have fewer binary ones than a number below"},
}

#: Path lengths of layers that see a window of positions: it takes several to join the ends.
WINDOWS = {n / k, n / r}

EXPRESSIONS = [field.name for field in fields(Theory) if field.name != "sources"]

#: Batches and sizes: one position, m ≠ d, a kernel longer than the sequence, several heads.
CASES = [
    (1, {"n": 1, "d": 4, "k": 1}),
    (2, {"n": 6, "d": 8, "k": 3, "m": 5, "h": 2}),
    (3, {"n": 3, "d": 6, "k": 7, "m": 1, "h": 3}),
    (2, {"n": 12, "d": 4, "k": 5}),
]


@st.composite
def sizes_that_go_together(draw: st.DrawFn) -> dict[str, int]:
    """Sizes for any layer: k odd, d a multiple of h."""
    h = draw(st.sampled_from([1, 2, 3, 4, 8]))
    return {
        "n": draw(st.integers(1, 24)),
        "d": h * draw(st.integers(1, 40)),
        "k": 2 * draw(st.integers(0, 5)) + 1,
        "m": draw(st.integers(1, 100)),
        "h": h,
        "V": draw(st.integers(1, 50)),
        "N": draw(st.integers(1, 20)),
    }


def equals_theory(layer: Layer, field: str, count: Callable[[Layer, Sizes], int]) -> None:
    """Hold a count against an expression of theory at sizes drawn at random."""

    @settings(max_examples=12, deadline=None, derandomize=True, report_multiple_bugs=False)
    @given(sizes=sizes_that_go_together())
    def at(sizes: dict[str, int]) -> None:
        sizes = complete(sizes, layer)
        assert count(layer, sizes) == subs(getattr(layer.theory, field), layer.resolve(sizes))

    at()


def built(layer: Layer, sizes: Sizes, seed: int = 0) -> nn.Module:
    """Build a layer with the weights of a seed."""
    torch.manual_seed(seed)
    return layer.build(sizes)


def output_and_gradients(module: nn.Module, *inputs: Tensor) -> list[Tensor]:
    """Give the output, and for the same pull each time the gradients of inputs and weights."""
    inputs = tuple(x.detach().clone() for x in inputs)
    leaves = [x.requires_grad_() for x in inputs if x.is_floating_point()]
    out = module(*inputs)
    pull = torch.randn(out.shape, generator=torch.Generator().manual_seed(1)).to(out)
    # In this thread: torch warns where another is the first to call cuBLAS.
    with torch.autograd.set_multithreading_enabled(False):
        gradients = torch.autograd.grad(out, [*leaves, *module.parameters()], pull)
    return [out.detach(), *gradients]


def grows_alike(exact: sympy.Expr, order: sympy.Expr) -> None:
    """Hold an exact count against its order: far out they differ by a factor alone."""
    if sympy.oo in (exact, order):
        assert exact == order
        return
    sizes = {"d": 64, "k": 101, "c": 50, "r": 101, "V": 6, "N": 3}
    near, far = (float(subs(exact / order, {"n": 10**power, **sizes})) for power in (60, 120))
    assert 1 <= far <= 12
    assert near == pytest.approx(far, rel=0.05)
