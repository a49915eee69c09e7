"""Fused functions written out in simple operations, as which they count.

A function has the arguments of the ATen operation. It runs on meta tensors, so only its shapes
matter: what is not counted, such as a comparison, may be left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

Function = Callable[..., Any]


def _reduced(losses: Tensor, reduction: int) -> Tensor:
    """Return losses, their mean or their sum: ATen's 0, 1 and 2."""
    return losses if reduction == 0 else losses.mean() if reduction == 1 else losses.sum()


def _softshrink(x: Tensor, lambd: float = 0.5) -> Tensor:
    return torch.where(x > lambd, x - lambd, torch.where(x < -lambd, x + lambd, 0.0))


def _logaddexp(x: Tensor, y: Tensor) -> Tensor:
    """log(eˣ + eʸ) = max(x, y) + log(1 + exp(−|x − y|))."""
    return torch.maximum(x, y) + torch.log1p(torch.exp(-(x - y).abs()))


def _hypot(x: Tensor, y: Tensor) -> Tensor:
    return (x * x + y * y).sqrt()


def _logit(x: Tensor, eps: float | None = None) -> Tensor:
    inside = x if eps is None else x.clamp(eps, 1 - eps)
    return (inside / (1 - inside)).log()


def _normal_distribution(x: Tensor) -> Tensor:
    return 0.5 * (1 + torch.erf(x * 0.7071))


def _mse_loss(x: Tensor, target: Tensor, reduction: int = 1) -> Tensor:
    return _reduced((x - target).square(), reduction)


def _smooth_l1_loss(x: Tensor, target: Tensor, reduction: int = 1, beta: float = 1.0) -> Tensor:
    z = (x - target).abs()
    square = 0.5 * z * z if beta == 1 else 0.5 * z * z / beta
    return _reduced(torch.where(z < beta, square, z - 0.5 * beta), reduction)


def _huber_loss(x: Tensor, target: Tensor, reduction: int = 1, delta: float = 1.0) -> Tensor:
    z = (x - target).abs()
    beyond = z - 0.5 * delta if delta == 1 else delta * (z - 0.5 * delta)
    return _reduced(torch.where(z < delta, 0.5 * z * z, beyond), reduction)


def _soft_margin_loss(x: Tensor, target: Tensor, reduction: int = 1) -> Tensor:
    return _reduced(torch.log1p(torch.exp(-target * x)), reduction)


def _binary_cross_entropy(
    x: Tensor, target: Tensor, weight: Tensor | None = None, reduction: int = 1
) -> Tensor:
    losses = -(target * x.log() + (1 - target) * (1 - x).log())
    return _reduced(losses if weight is None else losses * weight, reduction)


def _binary_cross_entropy_with_logits(
    x: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    pos_weight: Tensor | None = None,
    reduction: int = 1,
) -> Tensor:
    likely = torch.nn.functional.logsigmoid(x)
    if pos_weight is not None:
        likely = (1 + (pos_weight - 1) * target) * likely
    losses = (1 - target) * x - likely
    return _reduced(losses if weight is None else losses * weight, reduction)


def _nll_loss(
    x: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: int = 1,
    ignore_index: int = -100,
) -> Tensor:
    chosen = -x.select(1 if x.dim() > 1 else 0, 0)
    return _reduced(chosen if weight is None else chosen * weight[0], reduction)


def _addr(x: Tensor, first: Tensor, second: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    outer = first[:, None] * second
    return _scaled_sum(x, outer, beta, alpha)


def _addbmm(
    x: Tensor, first: Tensor, second: Tensor, *, beta: float = 1, alpha: float = 1
) -> Tensor:
    return _scaled_sum(x, torch.bmm(first, second).sum(0), beta, alpha)


def _scaled_sum(x: Tensor, product: Tensor, beta: float, alpha: float) -> Tensor:
    """Return β·x + α·product; ATen does not read x where β is 0."""
    scaled = product if alpha == 1 else alpha * product
    if beta == 0:
        return scaled
    return (x if beta == 1 else beta * x) + scaled


def _addmm_activation(
    x: Tensor,
    first: Tensor,
    second: Tensor,
    *,
    beta: float = 1,
    alpha: float = 1,
    use_gelu: bool = False,
) -> Tensor:
    sums = _scaled_sum(x, torch.mm(first, second), beta, alpha)
    return torch.nn.functional.gelu(sums, approximate="tanh") if use_gelu else sums.relu()


def _weight_norm(v: Tensor, g: Tensor, dim: int = 0) -> Tensor:
    """Salimans & Kingma 2016: v·g/‖v‖, the length over all axes but one."""
    others = [axis for axis in range(v.dim()) if axis != dim % v.dim()]
    length: Tensor = torch.linalg.vector_norm(v, dim=others, keepdim=True)
    return v * (g / length)


def _rms_norm(
    x: Tensor, shape: list[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """Zhang & Sennrich 2019: x / √(mean(x²) + ε), times a gain."""
    axes = list(range(-len(shape), 0))
    normal = x * torch.rsqrt((x * x).mean(axes, keepdim=True) + 1e-6)
    return normal if weight is None else normal * weight


def _std_mean(x: Tensor, *how: Any, **named: Any) -> Tensor:
    variance: Tensor = torch.ops.aten.var_mean.correction(x, *how, **named)[0]
    return variance.sqrt()


def _cross(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    return x * y - y * x


def _dist(x: Tensor, y: Tensor, p: float = 2) -> Tensor:
    length: Tensor = torch.linalg.vector_norm(x - y, p)
    return length


def _renorm(x: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    others = [axis for axis in range(x.dim()) if axis != dim % x.dim()]
    lengths: Tensor = torch.linalg.vector_norm(x, p, dim=others, keepdim=True)
    return x * (maxnorm / (lengths + 1e-7))


def _affine_grid(theta: Tensor, size: list[int], align_corners: bool) -> Tensor:
    points = theta.new_empty(size[0], *size[2:], len(size) - 1).flatten(1, -2)
    return torch.bmm(points, theta.mT)


#: The functions, by the operation's name in ATen.
WRITTEN_OUT: Mapping[str, Function] = {
    "softshrink": _softshrink,
    **dict.fromkeys(("logaddexp", "logaddexp2"), _logaddexp),
    "hypot": _hypot,
    "logit": _logit,
    "special_ndtr": _normal_distribution,
    "mse_loss": _mse_loss,
    "smooth_l1_loss": _smooth_l1_loss,
    "huber_loss": _huber_loss,
    "soft_margin_loss": _soft_margin_loss,
    "binary_cross_entropy": _binary_cross_entropy,
    "binary_cross_entropy_with_logits": _binary_cross_entropy_with_logits,
    **dict.fromkeys(("nll_loss_forward", "nll_loss2d_forward"), _nll_loss),
    "addr": _addr,
    "addbmm": _addbmm,
    "_addmm_activation": _addmm_activation,
    "_weight_norm_interface": _weight_norm,
    "_fused_rms_norm": _rms_norm,
    "std_mean": _std_mean,
    "linalg_cross": _cross,
    "dist": _dist,
    "renorm": _renorm,
    "affine_grid_generator": _affine_grid,
}
