"""The product of an LSTM's forget gates, and the true derivative of its cell.

C_t = f_t ∗ C_{t−1} + i_t ∗ C̃_t, so along the cell alone ∂C_n/∂C_t is the diagonal matrix of
∏ f_k, k = t + 1 … n (Hochreiter & Schmidhuber 1997; course text A6.3). The gates depend on h_{t−1}
and so on C_{t−1}: the true derivative includes these paths too. It loads torch.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...layers import lstm_step

Array = NDArray[np.float64]


class CellDerivatives(NamedTuple):
    """Derivatives of the last cell state by distance 0 … n − 1, each (batch, n).

    Attributes
    ----------
    true, gates
        ‖∂C_n/∂C_t‖/√d and ‖∏ f_k‖/√d, both 1 at distance 0.
    between
        ‖∂C_n/∂C_t − diag ∏ f_k‖/‖∂C_n/∂C_t‖: the share that the product leaves out.
    mean_gate
        Mean forget gate over sequences, positions and units.
    """

    true: Array
    gates: Array
    between: Array
    mean_gate: float


def differentiate_cell(W: Tensor, b: Tensor, x: Tensor) -> CellDerivatives:
    """Differentiate an LSTM's cell over sequences x (batch, n, m), W (4d, d + m) and b (4d,)."""
    sequences, width = len(x), len(b) // 4
    copies = x.detach().repeat_interleave(width, dim=0)  # (batch·d, n, m), one for each output
    h = C = copies.new_zeros(len(copies), width)
    cells: list[Tensor] = []
    forget: list[Tensor] = []
    for at, x_t in enumerate(copies.unbind(dim=1)):
        h, C, gates = lstm_step(x_t, h, C, W.detach(), b.detach())
        if at == 0:  # make all later states, h_1 too, functions of the first cell state
            o = torch.sigmoid(gates.chunk(4, dim=-1)[3])
            C = C.detach().requires_grad_()
            h = o.detach() * torch.tanh(C)
        cells.append(C)
        forget.append(torch.sigmoid(gates.chunk(4, dim=-1)[0]).detach())
    mine = C.view(sequences, width, width).diagonal(dim1=1, dim2=2).sum()
    rows = torch.stack(torch.autograd.grad(mine, cells))  # (n, batch·d, d): ∂C_n/∂C_t, by rows
    jacobian = rows.view(-1, sequences, width, width)  # (n, batch, d, d)
    f = torch.stack(forget).view(-1, sequences, width, width)[:, :, 0]  # (n, batch, d), of one copy
    later = torch.cat([f[1:], torch.ones_like(f[:1])])  # f of the steps after t
    product = later.flip(0).cumprod(0).flip(0)  # (n, batch, d): ∏ f_k, k > t
    difference = jacobian - torch.diag_embed(product)

    def by_distance(values: Tensor) -> Array:
        found: Array = values.flip(0).mT.numpy()
        return found

    size = jacobian.flatten(2).norm(dim=-1)  # (n, batch)
    return CellDerivatives(
        true=by_distance(size / sqrt(width)),
        gates=by_distance(product.norm(dim=-1) / sqrt(width)),
        between=by_distance(difference.flatten(2).norm(dim=-1) / size),
        mean_gate=float(f.mean()),
    )
