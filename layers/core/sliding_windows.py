"""Sliding windows over the positions of a sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy_torch import torch

if TYPE_CHECKING:
    from torch import Tensor


def windows(x: Tensor, size: int, fill: float = 0.0) -> Tensor:
    """Return each position with its (size − 1)/2 neighbours on either side.

    Parameters
    ----------
    x
        (batch, n, d).
    size
        Positions of a window, odd.
    fill
        Value of the padding.

    Returns
    -------
    Tensor
        (batch, n, d, size): overlapping views of the padded sequence.
    """
    margin = (size - 1) // 2
    padded = torch.nn.functional.pad(
        x, (0, 0, margin, margin), value=fill
    )  # (batch, n + size − 1, d)
    return padded.unfold(1, size, 1)
