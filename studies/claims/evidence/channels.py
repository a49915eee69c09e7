"""Exercise A6.1: what a 1×1 convolution does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import sympy

from .... import layers
from ....analysis import formula_text, number, percent
from ....layers import k, torch
from ..costs import layer_formulas
from ..statement import (
    Evidence,
    Setting,
    Statement,
    auxiliary_evidence,
    claim,
    limiting_evidence,
    required_evidence,
)

if TYPE_CHECKING:
    from torch import Tensor

    from ....analysis import Law

#: Positions and input channels of the random inputs.
POSITIONS, CHANNELS = 20, 8

#: Two results are equal if they differ by no more than this, in float64.
TOLERANCE = 1e-12


def convolve(x: Tensor, W: Tensor) -> Tensor:
    """Apply the layer `conv_1x1` with W, (d, m), to x, (batch, n, m)."""
    out: Tensor = layers.get("conv_1x1").forward(x, W=W)  # type: ignore[attr-defined]
    return out


@claim(
    Statement(
        id="channels",
        exercise="A6.1",
        text="A 1×1 convolution changes the number of channels: where there are more or fewer "
        "kernels than input channels, the output has another number of channels.",
        original="1. 改变通道数：当卷积核的个数大于或小于输入通道数时，可以改变输出的通道数",
        how="Shapes of the output for fewer, as many and more kernels than channels; values "
        "compared with torch's nn.functional.conv1d with a kernel of 1.",
    )
)
def channels(setting: Setting) -> Iterator[Evidence]:
    """Test that the output has as many channels as there are kernels."""
    x = setting.normal(1, POSITIONS, CHANNELS)
    kernels = (CHANNELS // 2, CHANNELS, 2 * CHANNELS)
    outputs, off = [], 0.0
    for count in kernels:
        W = setting.normal(count, CHANNELS, stream=count)
        outputs.append(convolve(x, W))
        torchs = torch.nn.functional.conv1d(x.mT, W[:, :, None]).mT
        off = max(off, (outputs[-1] - torchs).abs().max().item())
    yield required_evidence(
        f"{CHANNELS} channels, {', '.join(map(str, kernels))} kernels: channels of the output",
        ", ".join(str(y.shape[-1]) for y in outputs),
        tuple(y.shape[-1] for y in outputs) == kernels,
        "the output has another number of channels",
    )
    yield required_evidence(
        "positions of the output",
        ", ".join(str(y.shape[1]) for y in outputs),
        {y.shape[1] for y in outputs} == {POSITIONS},
        "the number of positions changes",
    )
    yield auxiliary_evidence("largest difference from torch's convolution", number(off, 2))
    ranks = [int(torch.linalg.matrix_rank(y[0])) for y in outputs]
    yield auxiliary_evidence(
        "rank of the output over positions: channels beyond the input's add no information",
        ", ".join(map(str, ranks)),
    )


@claim(
    Statement(
        id="nonlinearity",
        exercise="A6.1",
        text="A 1×1 convolution adds non-linearity: it can add a non-linear activation without "
        "changing the dimension of the features.",
        original="2. 增加非线性：1x1卷积核可以在不改变特征维度的情况下添加非线性激活",
        how="Two 1×1 convolutions with and without an activation between them: f(x + y) − f(x) − "
        "f(y), and the distance from the best single 1×1 convolution.",
    )
)
def nonlinearity(setting: Setting) -> Iterator[Evidence]:
    """Test that it is the activation that is non-linear: the convolution alone is linear."""
    first, second = (setting.normal(CHANNELS, CHANNELS, stream=s) for s in (1, 2))
    x, y = (setting.normal(1, 50 * POSITIONS, CHANNELS, stream=s) for s in (3, 4))

    def plain(z: Tensor) -> Tensor:
        return convolve(convolve(z, first), second)

    def activated(z: Tensor) -> Tensor:
        return convolve(convolve(z, first).relu(), second)

    yield required_evidence(
        "shape of the features before, and after a 1×1 convolution with ReLU",
        f"{tuple(x.shape[1:])}, {tuple(activated(x).shape[1:])}",
        x.shape == activated(x).shape,
        "the features have another dimension",
    )
    bent = _nonlinearity(activated, x, y)
    yield required_evidence(
        "with ReLU between two: largest |f(x + y) − f(x) − f(y)| / largest |f(x + y)|",
        number(bent, 2),
        bent > TOLERANCE,
        "the result is linear",
    )
    residue = _nonlinear_share(activated, x)
    yield auxiliary_evidence(
        "share of its variance that no single 1×1 convolution explains", percent(residue)
    )
    straight = _nonlinearity(plain, x, y)
    one = (plain(x) - convolve(x, second @ first)).abs().max().item()
    yield limiting_evidence(
        "without activation: the same, and the largest difference between two 1×1 convolutions and "
        "the one with W_2 W_1",
        f"{number(straight, 2)}, {number(one, 2)}",
        straight < TOLERANCE and one < TOLERANCE,
        "only the activation is non-linear: two 1×1 convolutions alone are one 1×1 convolution",
    )


def _nonlinearity(function: Callable[[Tensor], Tensor], x: Tensor, y: Tensor) -> float:
    whole = function(x + y)
    return ((whole - function(x) - function(y)).abs().max() / whole.abs().max()).item()


def _nonlinear_share(function: Callable[[Tensor], Tensor], x: Tensor) -> float:
    """Compute the share of the variance that the best linear map of a position leaves."""
    inputs, outputs = x[0], function(x)[0]
    left = outputs - inputs @ torch.linalg.lstsq(inputs, outputs).solution
    return float(left.var(0).sum() / outputs.var(0).sum())


@claim(
    Statement(
        id="position-wise",
        exercise="A6.1",
        text="A 1×1 convolution is a dense layer at each position (implied by its definition).",
        original="",
        how="Output and gradients, compared with torch's nn.functional.linear and the layer dense "
        "without its bias; and the positions of the input that an output depends on.",
    )
)
def position_wise(setting: Setting) -> Iterator[Evidence]:
    """Test that both are the same function."""
    x = setting.normal(1, POSITIONS, CHANNELS)
    W = setting.normal(CHANNELS, CHANNELS, stream=1)
    along = setting.normal(1, POSITIONS, CHANNELS, stream=2)
    none = torch.zeros(CHANNELS, dtype=x.dtype)
    others: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "torch's linear": torch.nn.functional.linear,
        "the layer dense, b = 0": lambda x, W: layers.get("dense").forward(x, W=W, b=none),  # type: ignore[attr-defined]
    }
    mine = _with_gradients(convolve, x, W, along)
    for name, other in others.items():
        theirs = _with_gradients(other, x, W, along)
        off = max((a - b).abs().max().item() for a, b in zip(mine, theirs, strict=True))
        yield required_evidence(
            f"output and gradients of input and weights: largest difference from {name}",
            number(off, 2),
            off < TOLERANCE,
            "it is another function",
        )
    from ....measure import reach  # loads torch

    seen = reach(layers.get("conv_1x1"), {"n": 6, "d": 4})
    yield required_evidence(
        "positions that an output of 6 depends on",
        ", ".join(str(int(row.sum())) for row in seen),
        bool((seen == torch.eye(6, dtype=torch.bool)).all()),
        "it looks at other positions",
    )


def _with_gradients(
    function: Callable[[Tensor, Tensor], Tensor], x: Tensor, W: Tensor, along: Tensor
) -> tuple[Tensor, ...]:
    x, W = x.clone().requires_grad_(), W.clone().requires_grad_()
    out = function(x, W)
    return (out.detach(), *torch.autograd.grad(out, (x, W), along))


@claim(
    Statement(
        id="one-kth",
        exercise="A6.1",
        text="A 1×1 convolution costs 1/k of a convolution with a kernel of k (implied: that is "
        "why it is used to change the number of channels).",
        original="",
        how="FLOPs and parameters of both as formulas solved from counts; if both were measured, "
        "the ratio of times by their laws.",
        timed=("conv", "conv_1x1"),
    )
)
def one_kth(setting: Setting) -> Iterator[Evidence]:
    """Test the ratio of FLOPs and of parameters, as formulas."""
    small, large = layer_formulas("conv_1x1"), layer_formulas("conv")
    for metric, what in {"flops": "FLOPs", "parameters": "parameters"}.items():
        one, other = small[metric].expression, large[metric].expression
        ratio = sympy.cancel(one / other)
        yield required_evidence(
            f"{what} of the 1×1 convolution, of the one with k, and their ratio",
            ", ".join(map(formula_text, (one, other, ratio))),
            ratio == 1 / k,
            "the ratio is not 1/k",
        )
    conv, alone = setting.law("conv"), setting.law("conv_1x1")
    if conv and alone and conv.law and alone.law:
        yield _ratio_of_times(conv.law, alone.law)


def _ratio_of_times(conv: Law, alone: Law) -> Evidence:
    """Compute the ratio of times by both laws, at the convolution's largest point."""
    point = conv.sizes[np.argmax(conv.sizes.prod(axis=1))]
    at = dict(zip(conv.axes, point.tolist(), strict=True))
    of_conv, of_alone = (
        float(law.predict(np.array([[at[axis] for axis in law.axes]]))[0]) for law in (conv, alone)
    )
    where = ", ".join(f"{axis} = {size:g}" for axis, size in at.items())
    return auxiliary_evidence(
        f"time of the convolution / time of the 1×1 convolution, by their laws at {where}",
        number(of_conv / of_alone, 2),
    )
