"""Reach and path length against gradients, graphs drawn at random, and known answers.

Those of every layer are held against its theory in tests/layers/contract.py.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, inf

import pytest
import torch
from hypothesis import given, settings, strategies as st
from layerlaw import layers
from layerlaw.layers import Textbook
from layerlaw.layers.core.theory import d, k, n
from layerlaw.measure.counting.reachability import (
    Path,
    furthest_position,
    layers_needed,
    reach,
    shortest_path,
)
from layerlaw.measure.counting.reachability_tracer import ReachabilityTracer
from torch import Tensor
from torch.nn import functional as F

from tests.helpers.reach import reach_of_gradients
from tests.helpers.sizes import complete

CONVOLUTIONS = ["conv", "torch_conv"]


def test_recurrent_layers_never_reach_back() -> None:
    assert shortest_path(layers.get("rnn"), {"n": 5, "d": 4}, start=3, end=2) is None


#: By the transform every position meets every other, though nothing is left where none should be;
#: words have no gradients.
OTHERWISE = {"long_conv", "hyena", "ssm_conv", "embedding"}


@pytest.mark.parametrize(
    "name",
    [name for name in layers.names() if n in layers.get(name).output and name not in OTHERWISE],
)
@pytest.mark.parametrize("sizes", [{"n": 2, "d": 4, "k": 3}, {"n": 7, "d": 4, "k": 5}])
def test_reach_is_that_of_the_gradients(name: str, sizes: dict[str, int]) -> None:
    layer, sizes = layers.get(name), complete(sizes)
    torch.manual_seed(0)
    assert torch.equal(reach(layer, sizes), reach_of_gradients(layer, sizes))


@pytest.mark.parametrize("kernel", [3, 5, 9])
@pytest.mark.parametrize("length", [2, 13, 40])
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions_need_of_the_order_of_n_over_k_layers(
    name: str, length: int, kernel: int
) -> None:
    layer, sizes = layers.get(name), {"n": length, "d": 2, "k": kernel}
    needed = ceil(2 * (length - 1) / (kernel - 1))
    assert layers_needed(layer, sizes) == needed
    assert furthest_position(layer, {**sizes, "n": 40}) == (kernel - 1) // 2
    assert shortest_path([layer] * needed, sizes) == Path(needed, needed)
    assert shortest_path([layer] * (needed - 1), sizes) is None


class Dilated(Textbook):
    """Convolution whose kernel has gaps; `Dilated(k^i)` for the i-th layer of a stack."""

    name, title, formula = "dilated", "dilated convolution", "y_t = Σ_j W_j x_{t + j·dilation}"
    axes = ("n", "d", "k")
    weights = {"W": (d, d, k)}

    def __init__(self, dilation: int) -> None:
        self.dilation = dilation

    def forward(self, x: Tensor, W: Tensor) -> Tensor:
        padding = self.dilation * (W.shape[-1] - 1) // 2
        return F.conv1d(x.mT, W, padding=padding, dilation=self.dilation).mT


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("length", [2, 3, 4, 5, 6, 13, 14, 15, 41, 42, 63])
def test_dilated_convolutions_need_a_logarithm_of_layers(length: int, kernel: int) -> None:
    """Between positions that lie far enough within: at the borders, the way may lead outside."""
    margin = 2 * length
    sizes = {"n": length + 2 * margin, "d": 2, "k": kernel}
    stack = [Dilated(kernel**level) for level in range(6)]
    path = shortest_path(stack, sizes, margin, margin + length - 1)
    needed = next(level for level in range(6) if kernel**level >= 2 * length - 1)  # ⌈log_k(2n−1)⌉
    assert path == Path(needed, needed)


@pytest.mark.parametrize(("length", "kernel"), [(2, 3), (5, 3), (14, 3), (41, 3), (3, 5), (13, 5)])
def test_dilated_convolutions_join_the_ends_where_each_goes_all_the_way(
    length: int, kernel: int
) -> None:
    stack = [Dilated(kernel**level) for level in range(6)]
    needed = layers_needed(stack, {"n": length, "d": 2, "k": kernel})
    assert kernel**needed == 2 * length - 1


def test_at_the_borders_a_dilated_stack_may_miss_a_position() -> None:
    """From 0 to 2 by ±1, then ±3, the only way is −1 + 3, and −1 lies outside."""
    assert layers_needed([Dilated(1), Dilated(3), Dilated(9)], {"n": 3, "d": 2, "k": 3}) is None


def test_a_stack_that_is_too_low_and_layers_that_do_not_fit() -> None:
    sizes = {"n": 40, "d": 2, "k": 3}
    assert shortest_path([Dilated(1), Dilated(3)], sizes) is None
    assert layers_needed([layers.get("dense"), layers.get("attention")], sizes) == 2
    with pytest.raises(ValueError, match="'conv_1x1' does not fit on the layer below"):
        shortest_path([layers.get("conv_1x1")] * 2, {**sizes, "m": 5})


def test_a_stack_of_recurrent_layers_is_crossed_on_the_diagonal() -> None:
    """Three steps a position, and three for each further layer: not the layers times the whole."""
    rnn, sizes = layers.get("rnn"), {"n": 6, "d": 4}
    signal = ReachabilityTracer()
    (x,) = rnn.make_inputs(sizes, dtype=torch.float64)
    signal.steps(x)[:, 0] = 0
    one, two = (rnn.build(sizes).double() for _ in range(2))
    with torch.no_grad(), signal:
        y = two(one(x))
    assert signal.steps(y)[0, :, 0].tolist() == [3 * (t + 1) for t in range(1, 7)]


#: What a zero multiplies does not arrive.
MASK = torch.tensor([[0.0, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [1, 1, 1, 1]]).double()


def in_place(x: Tensor) -> Tensor:
    y = x.clone()
    y[2:].add_(y[:2])
    y[3].tanh_()
    return y


def by_an_index(x: Tensor) -> Tensor:
    return torch.stack([x[3], x[0], torch.tanh(x[0]), x.new_zeros(2)])


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        (lambda x: x, [0, inf, inf, inf]),
        (lambda x: x.reshape(2, 4).mT.reshape(4, 2), [0, 0, inf, inf]),
        (lambda x: MASK @ x, [inf, inf, 1, 1]),
        (lambda x: MASK @ (MASK @ x), [inf, 2, 2, 2]),
        (lambda x: torch.exp(x) + torch.tanh(torch.tanh(x)), [2, inf, inf, inf]),
        (lambda x: x * torch.tensor([0.0, 1, 1, 1]).double()[:, None], [inf, inf, inf, inf]),
        (lambda x: torch.softmax(x, dim=0), [5, 5, 5, 5]),
        (lambda x: torch.softmax(x, dim=1), [5, inf, inf, inf]),
        (in_place, [0, inf, 1, inf]),
        (by_an_index, [inf, 0, 1, inf]),
    ],
)
def test_known_answers(compute: Callable[[Tensor], Tensor], expected: list[float]) -> None:
    x = torch.randn(4, 2, dtype=torch.float64)
    signal = ReachabilityTracer()
    signal.steps(x)[0] = 0
    with torch.no_grad(), signal:
        y = compute(x)
    assert signal.steps(y).amin(1).tolist() == expected


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
def test_any_program_is_crossed_by_its_shortest_path(program: list[tuple[str, int, int]]) -> None:
    """A program on square matrices, beside the same in plain Python on cells that hold steps."""
    torch.manual_seed(0)
    tensors = [torch.randn(3, 3, dtype=torch.float64) for _ in range(2)]
    cells = [[0.0], [inf]]  # the signal starts in the first; a view is the same cell
    signal, cut = ReachabilityTracer(), False
    signal.steps(tensors[0]).fill_(0)
    with torch.no_grad(), signal:
        for what, i, j in program:
            x, y = tensors[i % len(tensors)], tensors[j % len(tensors)]
            a, b = cells[i % len(cells)], cells[j % len(cells)]
            match what:
                case "tanh":
                    tensors.append(torch.tanh(x))
                    cells.append([a[0] + 1])
                case "add" | "product":
                    tensors.append(x + y if what == "add" else x @ y)
                    cells.append([min(a[0], b[0]) + 1])
                case "view":
                    tensors.append(x.mT)
                    cells.append(a)
                case "cat" if not cut:
                    tensors.append(torch.cat([x, y])[2:5])
                    cells.append([min(a[0], b[0])])
                    cut = True
                case "cat":  # a second cut may leave out the rows that a signal has reached
                    continue
                case "tanh_":
                    x.tanh_()
                    a[0] += 1
                case "add_" if a is not b or x is y:  # torch refuses x += xᵀ
                    x.add_(y)
                    a[0] = min(a[0], b[0]) + 1
                case "copy_" if a is not b or x is y:
                    x.copy_(y)
                    a[0] = b[0]
    assert [float(signal.steps(x).min()) for x in tensors] == [cell[0] for cell in cells]
