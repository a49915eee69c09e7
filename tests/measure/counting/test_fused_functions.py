"""Fused functions count as what they are written with: FLOPs, and operations one after another."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from layerlaw.measure.counting.critical_path import DepthTracer
from layerlaw.measure.counting.flops import FlopCounter
from layerlaw.measure.counting.reachability_tracer import ReachabilityTracer
from torch import Tensor
from torch.nn import functional

SQUARE, CUBE = torch.ones(8, 8, device="meta"), torch.ones(5, 8, 8, device="meta")
GAIN, BIAS, ROWS = torch.ones(8, device="meta"), torch.ones(8, device="meta"), (6, 8)


def mean(x: Tensor) -> Tensor:
    return x.mean(-1, keepdim=True)


def norm(x: Tensor, centre: bool = True) -> Tensor:
    centred = x - mean(x)
    return centred * torch.rsqrt(mean(centred * centred) + 1e-5)


def variance(x: Tensor) -> Tensor:
    centred = x - mean(x)
    return (centred * centred).sum(-1) / 7


def shifted(x: Tensor) -> Tensor:
    return x - x.amax(-1, keepdim=True)


def log_softmax(x: Tensor) -> Tensor:
    from_top = shifted(x)
    return from_top - from_top.exp().sum(-1, keepdim=True).log()


def logsumexp(x: Tensor) -> Tensor:
    top = x.amax(-1)
    return (x - top[:, None]).exp().sum(-1).log() + top


def tanh_gelu(x: Tensor) -> Tensor:
    return (0.5 * x) * (1 + torch.tanh(0.8 * (x + 0.04 * x**3)))


def known(x: Tensor) -> Tensor:  # of a batch norm, (batch, channels)
    return (x - GAIN) * torch.rsqrt(BIAS + 1e-5) * GAIN + BIAS


PAIRS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "silu": (functional.silu, lambda x: x * x.sigmoid()),
    "glu": (functional.glu, lambda x: x[:, :4] * x[:, 4:].sigmoid()),
    "mish": (functional.mish, lambda x: x * functional.softplus(x).tanh()),
    "leaky_relu": (functional.leaky_relu, lambda x: torch.maximum(x, 0.1 * x)),
    "relu6": (functional.relu6, lambda x: x.clamp_min(0).clamp_max(6)),
    "clamp": (lambda x: x.clamp(min=0), lambda x: x.clamp_min(0)),
    "hardsigmoid": (functional.hardsigmoid, lambda x: (x + 3).clamp_min(0).clamp_max(6) / 6),
    "hardswish": (functional.hardswish, lambda x: (x + 3).clamp_min(0).clamp_max(6) * x / 6),
    "logsigmoid": (functional.logsigmoid, lambda x: -functional.softplus(-x)),
    "celu": (functional.celu, lambda x: 2 * ((x / 2).exp() - 1)),
    "tanh gelu": (lambda x: functional.gelu(x, approximate="tanh"), tanh_gelu),
    "lerp": (lambda x: torch.lerp(x, x, 0.3), lambda x: x + 0.3 * (x - x)),
    "addcmul": (lambda x: torch.addcmul(x, x, x), lambda x: x + x * x),
    "layer norm": (
        lambda x: functional.layer_norm(x, (8,), GAIN, BIAS),
        lambda x: norm(x) * GAIN + BIAS,
    ),
    "plain layer norm": (lambda x: functional.layer_norm(x, (8,)), norm),
    "batch norm": (lambda x: functional.batch_norm(x, GAIN, BIAS, GAIN, BIAS), known),
    "log softmax": (lambda x: functional.log_softmax(x, -1), log_softmax),
    "logsumexp": (lambda x: x.logsumexp(-1), logsumexp),
    "variance": (lambda x: x.var(-1), variance),
    "deviation": (lambda x: x.std(-1), lambda x: variance(x).sqrt()),
    "length": (lambda x: x.norm(dim=-1), lambda x: (x * x).sum(-1).sqrt()),
    "largest": (lambda x: x.max(-1)[0], lambda x: x.amax(-1)),
    "vector": (lambda x: torch.mv(x, GAIN), lambda x: x @ GAIN[:, None]),
    "vector and sum": (
        lambda x: torch.addmv(x[:, 0], x, GAIN),
        lambda x: torch.addmm(x[:, :1], x, GAIN[:, None]),
    ),
    "scaled product and sum": (
        lambda x: torch.addmm(SQUARE, x.mT, x, beta=0.5, alpha=2.0),
        lambda x: 0.5 * SQUARE + 2.0 * (x.mT @ x),
    ),
    "scaled product alone": (
        lambda x: torch.addmm(SQUARE, x.mT, x, beta=0, alpha=2.0),
        lambda x: 2.0 * (x.mT @ x),
    ),
    "scaled products and sums": (
        lambda x: torch.baddbmm(SQUARE[None], x.mT[None], x[None], alpha=2.0),
        lambda x: SQUARE + 2.0 * (x.mT[None] @ x),
    ),
    "sum of products": (
        lambda x: torch.addbmm(SQUARE, x.mT.expand(3, 8, 6), x.expand(3, 6, 8), beta=2, alpha=3),
        lambda x: 2 * SQUARE + 3 * (x.mT.expand(3, 8, 6) @ x.expand(3, 6, 8)).sum(0),
    ),
    "scaled vector and sum": (
        lambda x: torch.addmv(x[:, 0], x, GAIN, beta=0.5, alpha=2.0),
        lambda x: 0.5 * x[:, 0] + 2.0 * (x @ GAIN[:, None])[:, 0],
    ),
    "outer product and sum": (
        lambda x: torch.addr(SQUARE, GAIN, BIAS, alpha=2.0),
        lambda x: SQUARE + 2.0 * (GAIN[:, None] * BIAS),
    ),
    "elu": (lambda x: functional.elu(x, 2.0), lambda x: 2.0 * (x.exp() - 1)),
    "softplus": (lambda x: functional.softplus(x, 2.0), lambda x: (1 + (2 * x).exp()).log() / 2),
    "softshrink": (
        lambda x: functional.softshrink(x),
        lambda x: torch.where(x > 0, x - 0.5, torch.where(x < 0, x + 0.5, 0)),
    ),
    "hardshrink": (functional.hardshrink, lambda x: torch.where(x.abs() > 0.5, x, 0)),
    "tanhshrink": (functional.tanhshrink, lambda x: x - x.tanh()),
    "rrelu": (functional.rrelu, lambda x: torch.maximum(x, 0.1 * x)),
    "logaddexp": (
        lambda x: torch.logaddexp(x, 2 * x),
        lambda x: torch.maximum(x, y := 2 * x) + torch.log1p((-(x - y).abs()).exp()),
    ),
    "taxicab length": (lambda x: x.norm(p=1, dim=-1), lambda x: x.abs().sum(-1)),
    "largest length": (lambda x: x.norm(p=torch.inf, dim=-1), lambda x: x.abs().amax(-1)),
    "distance": (
        lambda x: functional.pairwise_distance(x, 2 * x),
        lambda x: ((x - 2 * x + 1e-6) ** 2).sum(-1).sqrt(),
    ),
    "all distances": (
        lambda x: torch.cdist(x, x),
        lambda x: ((x[:, None] - x).square()).sum(-1).sqrt(),
    ),
    "taxicab distances": (
        lambda x: torch.cdist(x, x, p=1.0),
        lambda x: ((x[:, None] - x).abs()).sum(-1),
    ),
    "weight norm": (
        lambda x: torch._weight_norm_interface(x, GAIN[:6, None], 0)[0],
        lambda x: x * (GAIN[:6, None] / (x * x).sum(-1, keepdim=True).sqrt()),
    ),
    "bilinear form": (
        lambda x: functional.bilinear(x, x, SQUARE[None].expand(5, 8, 8)),
        lambda x: torch.einsum("bkj,bj->bk", torch.einsum("bi,kij->bkj", x, CUBE), x),
    ),
    "polar": (
        lambda x: torch.view_as_real(torch.polar(x, x)),
        lambda x: torch.stack([x * x.cos(), x * x.sin()], -1),
    ),
    "squared error": (
        lambda x: functional.mse_loss(x, 2 * x),
        lambda x: (x - 2 * x).square().mean(),
    ),
    "running product": (lambda x: x.cumprod(0), lambda x: x.cumsum(0)),
    "running maximum": (lambda x: x.cummax(0)[0], lambda x: x.cumsum(0)),
    "argmax": (lambda x: x * x.argmax(-1, keepdim=True), lambda x: x * x.amax(-1, keepdim=True)),
    "average": (
        lambda x: functional.avg_pool1d(x[None], 3),
        lambda x: x[None].unfold(-1, 3, 3).mean(-1),
    ),
    "pool": (
        lambda x: functional.max_pool1d(x[None], 3),
        lambda x: x[None].unfold(-1, 3, 3).amax(-1),
    ),
}


def counted(function: Callable[[Tensor], Tensor]) -> tuple[int, int]:
    x, flops, depth = torch.empty(ROWS, device="meta"), FlopCounter(), DepthTracer()
    with torch.no_grad():
        with flops:
            function(x)
        with depth:
            out = function(x)
    return flops.total, depth.depth(out)


@pytest.mark.parametrize("name", PAIRS)
def test_a_fused_function_counts_as_what_it_is_written_with(name: str) -> None:
    fused, written = PAIRS[name]
    assert counted(fused) == counted(written)


@pytest.mark.parametrize(
    "free",
    [
        lambda x: torch.where(x > 0, x, -x.new_ones(())),
        lambda x: x.masked_fill(torch.isnan(x) | (x < 0), 0),
        lambda x: x.roll(1, 0).repeat(2, 1).gather(0, torch.zeros_like(x, dtype=torch.long)),
        lambda x: functional.embedding(torch.arange(4, device=x.device) * 2 % 3, x),
        lambda x: functional.dropout(x, 0.5, training=False),
        lambda x: x[:, [0, 1]],
    ],
)
def test_moving_comparing_and_counting_positions_is_no_arithmetic(free) -> None:
    x = torch.empty(ROWS, device="meta")
    with torch.no_grad(), FlopCounter() as counter:
        free(x)
    assert counter.total <= 1  # the sign of a one


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.max(0)[0],
        lambda x: x.max(),
        lambda x: functional.max_pool1d(x.mT[None], 8)[0].mT,
        lambda x: torch.where(x > 0, x, 2 * x).logsumexp(0),
        lambda x: functional.log_softmax(x, 0)[-1],
        lambda x: functional.batch_norm(x, None, None, training=True)[-1],
    ],
)
def test_a_signal_goes_from_every_row_through_what_takes_all_of_them(function) -> None:
    for start in range(8):
        x, signal = torch.randn(8, 3, dtype=torch.float64), ReachabilityTracer()
        signal.steps(x)[start] = 0.0
        with torch.no_grad(), signal:
            out = function(x)
        assert signal.steps(out).isfinite().all()
