"""Which position depends on which, by gradients."""

from __future__ import annotations

import torch
from layerlaw.layers import Layer, Sizes
from layerlaw.layers.core.base import Shape
from layerlaw.layers.core.theory import n
from torch import Tensor

#: Sequences that are tried: of a maximum only the largest number has a gradient.
BATCH = 16

#: Gradients below it are rounding: what a transform leaves where there is nothing.
NOTHING = 1e-10


def along_positions(x: Tensor, shape: Shape) -> Tensor:
    """Put the positions of a batch first; of scores, n × n, they are the keys, the columns."""
    return x.movedim(1 + max(axis for axis, side in enumerate(shape) if side == n), 0)


def reach_of_gradients(layer: Layer, sizes: Sizes) -> Tensor:
    """Whether each position of the output (row) depends on each of the input (column)."""
    inputs = [
        x.requires_grad_() for x in layer.make_inputs(sizes, batch=BATCH, dtype=torch.float64)
    ]
    rows = []
    for out in along_positions(layer.build(sizes).double()(*inputs), layer.output):
        gradients = torch.autograd.grad(out, inputs, torch.randn_like(out), retain_graph=True)
        sides = zip(gradients, layer.inputs.values(), strict=True)
        rows.append(sum(along_positions(g, side).abs().flatten(1).amax(1) for g, side in sides))
    return torch.stack(rows) > NOTHING
