"""Random numbers for weights and inputs, of which there may be many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import ceil, prod
from typing import TYPE_CHECKING

from .lazy_torch import torch

if TYPE_CHECKING:
    from torch import Tensor

#: Numbers that are drawn at most; what needs more repeats them. To draw a number takes 3 to 4 ns,
#: and to copy it a tenth: in a sweep drawing took a fifth as long as the passes. It is a prime, so
#: that no row is like the one below it.
MAX_DRAWN = 2**18 + 3


def draw_tensor(shape: Sequence[int], draw: Callable[[int], Tensor]) -> Tensor:
    """Fill a shape with the numbers that `draw` gives, a row of so many as it is asked for."""
    return repeat_to_shape(draw(row_length(shape)), shape)


def row_length(shape: Sequence[int]) -> int:
    """Say how many numbers are drawn for a shape."""
    return min(prod(shape), MAX_DRAWN)


def repeat_to_shape(row: Tensor, shape: Sequence[int]) -> Tensor:
    """Fill a shape with copies of a row, one behind the other."""
    count = prod(shape)
    return row.repeat(ceil(count / len(row)))[:count].view(*shape)


@lru_cache(maxsize=8)  # one after the other, a process makes many cases ready from the same rows
def normal_rows(device: str, seed: int, counts: tuple[int, ...]) -> tuple[Tensor, ...]:
    """Draw a row of unit-normal numbers for each count, no longer than `MAX_DRAWN`, in float32."""
    source = torch.Generator(device).manual_seed(seed)
    return tuple(
        torch.randn(count, generator=source, dtype=torch.float32, device=device) for count in counts
    )
