"""Float32 where bfloat16 or float16 has too few digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy_torch import torch

if TYPE_CHECKING:
    from torch import Tensor


def at_least_float32(dtype: torch.dtype) -> torch.dtype:
    """Return the dtype, or float32 if it has fewer digits.

    `torch.promote_types` returns the same, but would be counted as an operation.
    """
    return dtype if dtype == torch.float64 else torch.float32


def positions(length: int, like: Tensor) -> Tensor:
    """Return positions 0, 1, 2, … in float32 or float64: bfloat16 is exact only up to 256."""
    return torch.arange(length, dtype=at_least_float32(like.dtype), device=like.device)
