"""The gradient of the last output with respect to each input position, and the networks.

For a network from x (n, d) to y (n, d) it is ‖∂y_n/∂x_t‖, the Frobenius norm of the Jacobian of
one output position with respect to one input position, exact and in float64, against the distance
n − t (Bengio et al. 1994; Pascanu et al. 2013). It loads torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ... import layers
from ...layers import Sizes, d, m, n

#: Values of a layer's sizes other than n and d.
SIZES: Mapping[str, int] = {"k": 5, "N": 16, "r": 9, "c": 8}


@dataclass(frozen=True)
class Subject:
    """A network whose gradients are measured: a layer, or a stack of it.

    Attributes
    ----------
    layer
        Name in the registry.
    forget_bias
        Initial bias of an LSTM's forget gates; None leaves it random.
    depth
        Number of stacked layers.
    """

    layer: str
    forget_bias: float | None = None
    depth: int = 1

    @property
    def variant(self) -> str:
        """Forget bias or depth in words; empty for a single layer with random biases."""
        if self.forget_bias is not None:
            return f"forget bias {self.forget_bias:g}"
        return f"{self.depth} layers" if self.depth > 1 else ""

    @property
    def label(self) -> str:
        """Layer and variant."""
        return ", ".join(filter(None, [self.layer, self.variant]))


#: The layers of the course text, A6.3 and A6.4, and later ones.
SUBJECTS = (
    Subject("rnn"),
    Subject("lstm", forget_bias=0.0),
    Subject("lstm", forget_bias=1.0),
    Subject("gru"),
    Subject("conv", depth=8),
    Subject("dilated_stack"),
    Subject("attention"),
    Subject("multihead"),
    Subject("linear_attention_recurrent"),
    Subject("retention_recurrent"),
    Subject("ssm"),
    Subject("selective_scan"),
)


def subjects(names: list[str] | None = None) -> list[Subject]:
    """Return the subjects of these layers; a layer not in `SUBJECTS` is a subject of its own.

    Raises
    ------
    KeyError
        If no layer has the name.
    ValueError
        If a layer does not map (n, d) to (n, d).
    """
    if not names:
        return list(SUBJECTS)
    for name in names:
        layer = layers.get(name)
        if layer.output != (n, d) or not set(layer.inputs.values()) <= {(n, d), (n, m)}:
            raise ValueError(
                f"layer {name!r} maps {', '.join(map(str, layer.inputs.values()))} to "
                f"{layer.output}; (n, d) to (n, d) is needed"
            )
    return [
        subject
        for name in dict.fromkeys(names)
        for subject in [s for s in SUBJECTS if s.layer == name] or [Subject(name)]
    ]


class Network(nn.Module):
    """A subject's stack of layers, from x (batch, n, d) to y (batch, n, d).

    A layer with queries, keys and values gets each from x by a projection of its own, initialised
    by torch: uniform within ±1/√d.
    """

    def __init__(self, subject: Subject, sizes: Sizes) -> None:
        super().__init__()
        layer = layers.get(subject.layer)
        self.sizes = {s: v for s, v in {**SIZES, **sizes}.items() if s in layer.axes}
        self.causal = layer.causal
        width = sizes["d"]
        self.parts = len(layer.inputs)
        self.layers = nn.ModuleList(layer.build(self.sizes) for _ in range(subject.depth))
        self.projections = nn.ModuleList(
            nn.Linear(width, self.parts * width, bias=False) if self.parts > 1 else nn.Identity()
            for _ in range(subject.depth)
        )
        if subject.forget_bias is not None:
            for each in self.layers:
                with torch.no_grad():  # the first quarter of b belongs to the forget gates
                    each.get_parameter("b")[:width].fill_(subject.forget_bias)

    def forward(self, x: Tensor) -> Tensor:
        """Apply all layers."""
        for layer, projection in zip(self.layers, self.projections, strict=True):
            x = layer(*torch.chunk(projection(x), self.parts, dim=-1))
        return x


def build_network(subject: Subject, sizes: Sizes, seed: int) -> Network:
    """Build a subject in float64, with the same weights for the same seed; sizes has n and d."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Network(subject, sizes).double()


def jacobian_norms(
    network: Callable[[Tensor], Tensor], x: Tensor, at: int = -1, *, rows: int = 512
) -> NDArray[np.float64]:
    """Compute the norms ‖∂y_at/∂x_t‖ for every position t.

    Each sequence is repeated once for every output element, and each copy differentiates its own:
    sequences of a batch are independent, so one backward pass gives the whole Jacobian.

    Parameters
    ----------
    network
        From (batch, n, d) to (batch, n, width).
    x
        Sequences (batch, n, d).
    at
        Position of the output.
    rows
        Rows of the Jacobian computed at once, which limits the memory of the graph.

    Returns
    -------
    (batch, n)
    """
    with torch.no_grad():
        width = network(x[:1]).shape[-1]
    several = max(rows // width, 1)
    parts = [_norms(network, part, at, width) for part in torch.split(x, several)]
    return np.concatenate(parts)


def _norms(
    network: Callable[[Tensor], Tensor], x: Tensor, at: int, width: int
) -> NDArray[np.float64]:
    copies = x.detach().repeat_interleave(width, dim=0).requires_grad_()  # (batch·width, n, d)
    y = network(copies)[:, at].view(len(x), width, width)  # (batch, width, width)
    (rows,) = torch.autograd.grad(y.diagonal(dim1=1, dim2=2).sum(), copies)
    # Scaled before .norm(), which squares: numbers below 1e-154 would become 0.
    largest = rows.abs().amax(dim=-1, keepdim=True).clamp_min(torch.finfo(rows.dtype).tiny)
    per_row = largest.squeeze(-1) * (rows / largest).norm(dim=-1)  # (batch·width, n)
    per_row = per_row.view(len(x), width, -1)
    scale = per_row.amax(dim=1, keepdim=True).clamp_min(torch.finfo(rows.dtype).tiny)
    norms: NDArray[np.float64] = (scale.squeeze(1) * (per_row / scale).norm(dim=1)).numpy()
    return norms


def rounding_level(network: Network, x: Tensor) -> float:
    """Return the largest derivative of an output with respect to later positions.

    For a causal layer it is rounding error, such as a Fourier transform's, and gradients as small
    are meaningless. For other layers rounding is unknown and 0 is returned.
    """
    if not network.causal:
        return 0.0
    middle = x.shape[1] // 2
    return float(jacobian_norms(network, x[:1], middle)[:, middle + 1 :].max(initial=0.0))


def gradient_profile(
    subject: Subject, sizes: Sizes, seed: int, sequences: int = 4
) -> NDArray[np.float64]:
    """Measure norms by distance 0 … n − 1 at initialisation, as geometric means over sequences.

    Inputs are unit normal. Norms no larger than rounding are NaN; out of reach they are 0.
    """
    network = build_network(subject, sizes, seed)
    x = normal_sequences(sequences, sizes, seed)
    norms = jacobian_norms(network, x)[:, ::-1]  # (sequences, n), by distance
    return geometric_mean(norms, rounding_level(network, x))


def normal_sequences(sequences: int, sizes: Sizes, seed: int) -> Tensor:
    """Draw unit-normal sequences (sequences, n, d), the same for the same seed."""
    source = torch.Generator().manual_seed(2**32 + seed)  # independent of the weights
    return torch.randn(sequences, sizes["n"], sizes["d"], generator=source, dtype=torch.float64)


def geometric_mean(norms: NDArray[np.float64], floor: float = 0.0) -> NDArray[np.float64]:
    """Compute the geometric mean over the first axis; NaN where a value is below 100 · floor."""
    with np.errstate(divide="ignore"):
        mean = np.exp(np.log(norms).mean(axis=0))
    above = (norms > 100 * floor).all(axis=0) | (floor == 0.0)
    return np.where(above, mean, np.nan)


@dataclass(frozen=True)
class ReceptiveField:
    """The effective receptive field of a stack of convolutions.

    Attributes
    ----------
    depth, k
        Number of layers L, and their kernel.
    widths
        By seed, the standard deviation of the distance, weighted by the squared gradient.
    expected
        √(L (k² − 1)/12), the standard deviation of a sum of L independent steps, each uniform over
        the k taps: its distribution is the expected squared gradient at independent weights (Luo
        et al. 2016).
    reach
        L (k − 1)/2, beyond which the gradient is 0.
    reached
        The largest distance with a gradient above 0.
    """

    depth: int
    k: int
    widths: tuple[float, ...]
    expected: float
    reach: int
    reached: int


def receptive_field(depth: int, width: int, seeds: range, k: int = SIZES["k"]) -> ReceptiveField:
    """Measure the effective receptive field of a stack of `conv` with `width` channels.

    The output is in the middle of a sequence longer than the field, so that neither end matters.
    """
    reach = depth * (k - 1) // 2
    sizes = {"n": 2 * reach + 5, "d": width, "k": k}
    middle = sizes["n"] // 2
    distance = np.arange(sizes["n"]) - middle
    widths, reached = [], 0
    for seed in seeds:
        network = build_network(Subject("conv", depth=depth), sizes, seed)
        (norms,) = jacobian_norms(network, normal_sequences(1, sizes, seed), middle)
        weights = norms**2 / (norms**2).sum()
        widths.append(sqrt(float(weights @ distance**2 - (weights @ distance) ** 2)))
        reached = max(reached, int(np.abs(distance[norms > 0]).max()))
    return ReceptiveField(depth, k, tuple(widths), sqrt(depth * (k**2 - 1) / 12), reach, reached)
