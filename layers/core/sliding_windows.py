"""Sliding windows over the positions of a sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy_torch import torch

if TYPE_CHECKING:
    from torch import Tensor


def windows(x: Tensor, size: int, fill: float = 0.0) -> Tensor:
    """Each position with (size − 1)/2 neighbours to either side.

    Parameters
    ----------
    x
        (batch, n, d).
    size
        Positions of a window, odd.
    fill
        What stands where there are none.

    Returns
    -------
    Tensor
        (batch, n, d, size): a view of the padded sequence, in which windows overlap.
    """
    reach = (size - 1) // 2
    padded = torch.nn.functional.pad(
        x, (0, 0, reach, reach), value=fill
    )  # (batch, n + size − 1, d)
    return padded.unfold(1, size, 1)
