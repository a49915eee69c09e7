"""Depth against another tracer, graphs drawn at random, and known answers.

Every layer's is held against its theory in tests/layers/contract.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from hypothesis import given, settings, strategies as st
from layerlaw import layers
from layerlaw.measure.counting.critical_path import DepthTracer, count_steps, longest_chain, trace
from torch import Tensor
from torch._ops import OpOverload
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn import functional as F

from tests.helpers.sizes import complete


def chain_of_the_graph(layer: layers.Layer, sizes: Mapping[str, int]) -> int:
    """Longest chain by another way: the graph that `make_fx` records on real numbers."""
    graph = make_fx(layer.build(sizes))(*layer.make_inputs(sizes)).graph
    depth: dict[torch.fx.Node, int] = {}
    for node in graph.nodes:
        depth[node] = 0
        for place, argument in enumerate([*node.args, *node.kwargs.values()]):
            found: list[torch.fx.Node] = []
            torch.fx.map_arg(argument, found.append)
            for one in found:
                known = isinstance(node.target, OpOverload)
                cost = count_steps(node.target, place, arguments(node), node.kwargs) if known else 0
                depth[node] = max(depth[node], depth[one] + cost)
    return max(depth.values())


def arguments(node: torch.fx.Node) -> tuple[Any, ...]:
    return torch.fx.map_arg(node.args, lambda one: one.meta.get("val"))


@pytest.mark.parametrize("name", [name for name in layers.names() if not layers.get(name).native])
@pytest.mark.parametrize("sizes", [{"n": 1, "d": 4, "k": 3}, {"n": 7, "d": 8, "k": 5}])
def test_make_fx_gives_the_same(name: str, sizes: dict[str, int]) -> None:
    layer = layers.get(name)
    sizes = complete(sizes, layer)
    assert longest_chain(layer, sizes) == chain_of_the_graph(layer, sizes)


def row_by_row(x: Tensor) -> Tensor:
    """Write each row into a buffer, from the one before: they wait for one another."""
    made = x.new_zeros(x.shape)
    for row in range(1, len(x)):
        made[row] = torch.tanh(made[row - 1])
    return made


def rows_apart(x: Tensor) -> Tensor:
    """Change each row in place: none waits for another."""
    y = x.clone()
    for row in range(len(y)):
        y[row].mul_(2)
    return y


def columns_apart(x: Tensor) -> Tensor:
    """Change each column in place: they lie within one another, and share nothing."""
    y = x.clone()
    for column in range(y.shape[1]):
        y[:, column].mul_(2)
    return y


def written_over(x: Tensor) -> Tensor:
    """Compute something, and write over it: nothing waits for it."""
    y = torch.exp(torch.exp(torch.exp(x)))
    y.copy_(torch.tanh(x))
    return y


def row_written_over(x: Tensor) -> Tensor:
    y = torch.exp(torch.exp(x))
    y[0] = x[0]
    return y[0].neg()


def by_a_view(x: Tensor) -> Tensor:
    """Change a part by a view of a view: the whole has it."""
    y = x.clone()
    y.mT[1:].tanh_().exp_()
    return y


@pytest.mark.parametrize(
    ("compute", "depth"),
    [
        (lambda x: x, 0),
        (lambda x: x.mT.reshape(2, 6).clone()[0], 0),
        (lambda x: torch.cat([x, torch.tanh(x)]), 1),
        (lambda x: torch.exp(torch.tanh(x)) + torch.tanh(x), 3),  # of two branches the longer
        (lambda x: torch.tanh(x).split(2)[0] * x[:2], 2),
        (lambda x: x @ x.mT, 1),
        (lambda x: F.linear(x, x), 1),
        (lambda x: F.linear(x, x, x[:, 0]), 2),
        (lambda x: F.linear(x, x, torch.exp(x[:, 0])), 2),  # the product does not wait for it
        (lambda x: F.linear(x, x, torch.exp(torch.exp(x[:, 0]))), 3),
        (lambda x: F.conv1d(x, x.reshape(4, 3, 1), x.flatten()[:4]), 2),
        (lambda x: torch.add(x, x, alpha=2), 2),
        (lambda x: torch.add(torch.exp(x), x, alpha=2), 2),
        (lambda x: torch.add(x, torch.exp(x), alpha=2), 3),
        (lambda x: torch.softmax(x, dim=0), 5),
        (lambda x: x.clone().add_(x).mul_(2), 2),
        (lambda x: torch.exp(x).zero_() + x, 1),
        (row_by_row, 2),
        (rows_apart, 1),
        (columns_apart, 1),
        (written_over, 1),
        (row_written_over, 1),
        (by_a_view, 2),
    ],
)
def test_known_answers(compute: Callable[[Tensor], Tensor], depth: int) -> None:
    x = torch.empty(3, 4, device="meta")
    with torch.no_grad(), DepthTracer() as tracing:
        out = compute(x)
    assert tracing.depth(out) == depth


@pytest.mark.parametrize(
    ("compute", "depth"),
    [
        (lambda x: torch.fft.rfft(x, n=8), 3),
        (lambda x: torch.fft.rfft(x, n=9), 4),
        (lambda x: torch.fft.irfft(torch.fft.rfft(x, n=8), n=8), 6),
        (lambda x: torch.fft.irfft(torch.fft.rfft(x, n=8) * torch.fft.rfft(x, n=8), n=8), 7),
        (lambda x: torch.fft.fft(torch.fft.fft(x, n=16), n=16), 8),
        (lambda x: torch.fft.fft2(x, s=(4, 4)), 4),
    ],
)
def test_a_fourier_transform_has_the_depth_that_is_stated(
    compute: Callable[[Tensor], Tensor], depth: int
) -> None:
    x = torch.empty(3, 8, device="meta")
    with torch.no_grad(), DepthTracer() as tracing:
        out = compute(x)
    assert tracing.depth(out) == depth


def test_the_logarithm_of_a_fourier_layer(toy) -> None:
    layer = toy("fourier", lambda x: torch.fft.irfft(torch.fft.rfft(x, dim=1), n=x.shape[1], dim=1))
    assert [longest_chain(layer, {"n": n, "d": 2}) for n in (2, 8, 64, 1024)] == [2, 6, 12, 20]


@pytest.mark.parametrize(
    ("compute", "operation"),
    [(lambda x: x.lgamma(), "aten.lgamma"), (lambda x: x.digamma(), "aten.digamma")],
)
def test_an_unknown_operation_is_refused_by_name(
    toy, compute: Callable[[Tensor], Tensor], operation: str
) -> None:
    with pytest.raises(NotImplementedError, match=f"depth of {operation}"):
        longest_chain(toy("unknown", compute), {"n": 3, "d": 4})


def test_operations_tell_a_loop(toy) -> None:
    loop = toy("loop", lambda x: torch.stack([torch.tanh(row) for row in x.unbind(1)], dim=1))
    assert trace(loop, {"n": 8, "d": 2}).operations == 8 + 2
    assert trace(loop, {"n": 8, "d": 2}).depth == 1


Instruction = tuple[str, int, int]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["tanh", "add", "product", "view", "cat", "tanh_", "add_", "copy_"]),
            st.integers(0, 7),
            st.integers(0, 7),
        ),
        min_size=1,
        max_size=14,
    )
)
def test_any_program_is_as_deep_as_its_longest_path(program: list[Instruction]) -> None:
    """A program on square matrices, beside the same in plain Python on cells that hold depths."""
    tensors = [torch.empty(3, 3, device="meta") for _ in range(2)]
    cells = [[0], [0]]  # a view is the same cell
    with torch.no_grad(), DepthTracer() as tracing:
        for what, i, j in program:
            x, y = tensors[i % len(tensors)], tensors[j % len(tensors)]
            a, b = cells[i % len(cells)], cells[j % len(cells)]
            match what:
                case "tanh":
                    tensors.append(torch.tanh(x))
                    cells.append([a[0] + 1])
                case "add" | "product":
                    tensors.append(x + y if what == "add" else x @ y)
                    cells.append([max(a[0], b[0]) + 1])
                case "view":
                    tensors.append(x.mT)
                    cells.append(a)
                case "cat":
                    tensors.append(torch.cat([x, y])[:3])
                    cells.append([max(a[0], b[0])])
                case "tanh_":
                    x.tanh_()
                    a[0] += 1
                case "add_":
                    x.add_(y)
                    a[0] = max(a[0], b[0]) + 1
                case "copy_":
                    x.copy_(y)
                    a[0] = b[0]
    assert [tracing.depth(x) for x in tensors] == [cell[0] for cell in cells]
