"""The FLOP counter against every layer's theory, torch's own counter, and what it cannot know."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from layerlaw import layers
from layerlaw.layers.theory import put
from layerlaw.measure.flops import FlopCounter, count_flops
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from ..sizes import complete


@st.composite
def sizes(draw: st.DrawFn) -> dict[str, int]:
    """Sizes that go together: k odd, d a multiple of h."""
    h = draw(st.sampled_from([1, 2, 3, 4, 8]))
    sizes = {
        "n": draw(st.integers(1, 20)),
        "d": h * draw(st.integers(1, 40)),
        "k": 2 * draw(st.integers(0, 5)) + 1,
        "m": draw(st.integers(1, 100)),
        "h": h,
        "V": draw(st.integers(1, 50)),
        "N": draw(st.integers(1, 20)),
    }
    return sizes


@pytest.mark.parametrize("name", layers.names())
@settings(max_examples=12, deadline=None, derandomize=True)
@given(sizes=sizes())
def test_the_count_is_what_theory_says(name: str, sizes: dict[str, int]) -> None:
    layer = layers.get(name)
    sizes = complete(sizes, layer)
    assert count_flops(layer, sizes) == put(layer.theory.flops, layer.resolve(sizes))


@pytest.mark.parametrize("name", layers.names())
def test_the_count_is_what_the_tied_theory_says_at_large_sizes(name: str) -> None:
    layer = layers.get(name)
    sizes = complete({"n": 64, "d": 2048, "k": 9})
    assert count_flops(layer, sizes) == put(layer.theory.flops, layer.resolve(sizes))


@pytest.mark.parametrize("name", layers.names())
def test_products_are_those_of_torchs_own_counter(name: str) -> None:
    layer = layers.get(name)
    sizes = complete({"n": 5, "d": 8, "k": 3, "m": 6})
    with torch.device("meta"):
        module = layer.build(sizes)
    inputs = layer.make_inputs(sizes, device="meta")
    with FlopCounterMode(display=False) as theirs:
        module(*inputs)
    with FlopCounter() as ours:
        module(*inputs)
    assert ours.products.total() == theirs.get_total_flops()


@pytest.mark.parametrize(
    ("compute", "flops"),
    [
        (lambda x: torch.tanh(x) + 1, 2 * 12),
        (lambda x: x.add_(x).mul_(2), 2 * 12),
        (lambda x: torch.add(x, x, alpha=2), 2 * 12),
        (lambda x: x + x[:1], 12),  # of the output, not of the inputs
        (lambda x: torch.softmax(x, dim=0), 5 * 12),
        (lambda x: F.linear(x, x), 2 * 3 * 3 * 4),
        (lambda x: F.linear(x, x, x[:, 0]), 2 * 3 * 3 * 4 + 3 * 3),
        (lambda x: F.pad(x.mT.reshape(2, 6).clone(), (1, 1)), 0),
        (lambda x: x.sum(dim=0), 12),
        (lambda x: x.mean(dim=0), 12 + 4),
        (lambda x: x.amax(dim=1), 12),
        (lambda x: x.cumsum(dim=0), 12),
        (lambda x: F.gelu(F.softplus(F.elu(x))), (5 + 3 + 2) * 12),
        (lambda x: 2.0**x, 12),
        (lambda x: torch.fft.rfft(x), 3 * 5 * 4 * 2 // 2),  # three of 4 numbers, two stages
        (lambda x: torch.fft.irfft(torch.fft.rfft(x), 4), 3 * 5 * 4 * 2),
        (lambda x: torch.fft.fft(torch.complex(x, x)), 3 * 5 * 4 * 2),
        (lambda x: torch.complex(x, x) * torch.complex(x, x), 6 * 12),
        (lambda x: torch.complex(x, x) + torch.complex(x, x), 2 * 12),
    ],
)
def test_the_convention(compute: Callable[[Tensor], Tensor], flops: int) -> None:
    x = torch.empty(3, 4, device="meta")
    with FlopCounter() as counter:
        compute(x)
    assert counter.total == flops


def test_a_convolutions_bias_is_one_addition_per_output() -> None:
    x = torch.empty(1, 4, 10, device="meta")
    module = nn.Conv1d(4, 6, 3, padding=1, device="meta")
    with FlopCounter() as counter:
        module(x)
    assert dict(counter.products) == {"convolution": 2 * 10 * 3 * 4 * 6}
    assert dict(counter.elementwise) == {"convolution": 10 * 6}


@pytest.mark.parametrize(
    ("compute", "operation"),
    [
        (lambda x: x.cumprod(dim=0), "aten.cumprod"),
        (lambda x: x.digamma(), "aten.digamma"),
    ],
)
def test_an_unknown_operation_is_refused_by_name(
    compute: Callable[[Tensor], Tensor], operation: str
) -> None:
    x = torch.empty(3, 4, device="meta")
    with FlopCounter(), pytest.raises(NotImplementedError, match=operation):
        compute(x)
