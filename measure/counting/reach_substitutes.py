"""Substitutes for operations whose output depends on all numbers but changes with only one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor


def _sum(x: Tensor, *how: Any, **named: Any) -> Tensor:
    return torch.where(x.isfinite(), x, 0.0).sum(*how, **named)


def _sum_of(x: Tensor, axis: int | None = None, keepdim: bool = False) -> Any:
    """Sum numbers with the signature of `torch.max`, which along an axis also returns indices."""
    if axis is None:
        return _sum(x)
    total = _sum(x, axis, keepdim=keepdim)
    return total, torch.zeros_like(total, dtype=torch.long)


def _mean_of(x: Tensor, *how: Any) -> Any:
    mean = torch.ops.aten.avg_pool2d(x, *how[:3])
    return mean, torch.zeros_like(mean, dtype=torch.long)


def _sorted(x: Tensor, dim: int = -1, *_: Any, **named: Any) -> Any:
    total = _sum(x, named.get("dim", dim), keepdim=True).expand(x.shape) if x.dim() else x
    return total.clone(), torch.zeros(x.shape, dtype=torch.long)


def _topk(x: Tensor, k: int, dim: int = -1, *_: Any, **__: Any) -> Any:
    total, indices = _sorted(x, dim)
    return total.narrow(dim, 0, k), indices.narrow(dim, 0, k)


def _kth(x: Tensor, _: int, dim: int = -1, keepdim: bool = False) -> Any:
    return _sum_of(x, dim, keepdim)


def _running_sum(x: Tensor, dim: int) -> Any:
    return x.cumsum(dim), torch.zeros(x.shape, dtype=torch.long)


def _scatter_sum(x: Tensor, dim: int, index: Tensor, source: Tensor, *_: Any, **__: Any) -> Tensor:
    return x.scatter_add(dim, index, source)


def _index_sum(x: Tensor, dim: int, index: Tensor, source: Tensor, *_: Any, **__: Any) -> Tensor:
    return x.index_add(dim, index, source)


#: The substitutes, by the operation's name in ATen.
SUBSTITUTES: Mapping[str, Callable[..., Any]] = {
    **dict.fromkeys(("amax", "amin"), _sum),
    **dict.fromkeys(("max", "min", "median", "nanmedian", "mode"), _sum_of),
    **dict.fromkeys(("argmax", "argmin"), lambda x, *how, **named: _sum(x, *how, **named)),
    **dict.fromkeys(("sort", "argsort", "msort"), _sorted),
    **dict.fromkeys(("cummax", "cummin"), _running_sum),
    "topk": _topk,
    "kthvalue": _kth,
    "max_pool2d_with_indices": _mean_of,
    "scatter_reduce": _scatter_sum,
    "index_reduce": _index_sum,
}
