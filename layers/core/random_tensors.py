"""Random numbers for weights and inputs, repeated where many are needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import ceil, prod
from typing import TYPE_CHECKING

from .lazy_torch import torch

if TYPE_CHECKING:
    from torch import Tensor

#: Most numbers that are drawn; larger tensors repeat them. To draw a number takes 3 to 4 ns, to
#: copy it a tenth of that: in a sweep drawing took a fifth as long as the passes. It is prime, so
#: that neighbouring rows of a matrix differ.
MAX_DRAWN = 2**18 + 3


def draw_tensor(shape: Sequence[int], draw: Callable[[int], Tensor]) -> Tensor:
    """Fill a shape with numbers; `draw(count)` draws that many."""
    return repeat_to_shape(draw(row_length(shape)), shape)


def row_length(shape: Sequence[int]) -> int:
    """Return how many numbers are drawn for a shape."""
    return min(prod(shape), MAX_DRAWN)


def repeat_to_shape(row: Tensor, shape: Sequence[int]) -> Tensor:
    """Fill a shape with copies of a row, one after another."""
    count = prod(shape)
    return row.repeat(ceil(count / len(row)))[:count].view(*shape)


@lru_cache(maxsize=8)  # a process prepares many cases from the same rows
def normal_rows(device: str, seed: int, counts: tuple[int, ...]) -> tuple[Tensor, ...]:
    """Draw a row of unit-normal numbers for each count (at most `MAX_DRAWN`), in float32."""
    source = torch.Generator(device).manual_seed(seed)
    return tuple(
        torch.randn(count, generator=source, dtype=torch.float32, device=device) for count in counts
    )
