"""The FLOP counter against torch's own, its convention, and what it cannot know.

Every layer's count is held against its theory in tests/layers/contract.py.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from layerlaw import layers
from layerlaw.measure.counting.flops import FlopCounter
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from tests.helpers.sizes import complete


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
        (lambda x: torch.linalg.inv(x[:, :3]), "aten.linalg_inv_ex"),
        (lambda x: x.digamma(), "aten.digamma"),
    ],
)
def test_an_unknown_operation_is_refused_by_name(
    compute: Callable[[Tensor], Tensor], operation: str
) -> None:
    x = torch.empty(3, 4, device="meta")
    with FlopCounter(), pytest.raises(NotImplementedError, match=operation):
        compute(x)
