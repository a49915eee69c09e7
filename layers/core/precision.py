"""Dtypes for what needs more digits than bfloat16 or float16 have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy_torch import torch

if TYPE_CHECKING:
    from torch import Tensor


def at_least_float32(dtype: torch.dtype) -> torch.dtype:
    """Give a dtype, or float32 where it has fewer digits.

    `torch.promote_types` says the same, but is an operation that would be counted.
    """
    return dtype if dtype == torch.float64 else torch.float32


def positions(length: int, like: Tensor) -> Tensor:
    """Positions 0, 1, 2, … for a tensor, in a dtype that has them all: bfloat16 counts to 256."""
    return torch.arange(length, dtype=at_least_float32(like.dtype), device=like.device)
