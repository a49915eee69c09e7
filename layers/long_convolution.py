"""Convolutions whose kernel is as long as the sequence, by the fast Fourier transform.

Computed as a sum, y_t = Σ_{s≤t} h_{t−s} x_s costs n² per channel, n²·d in all; by the transform it
costs n·log n·d (Cooley & Tukey 1965). n zeros after the sequence prevent that its end wraps around
to its beginning.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sympy import log

from .core import LEVELS, Textbook, Theory, at_least_float32, d, n, register, torch

if TYPE_CHECKING:
    from torch import Tensor

#: Stages of a transform of 2n numbers.
STAGES = 1 + LEVELS


def convolve(x: Tensor, h: Tensor) -> Tensor:
    """Compute y_t = Σ_{s≤t} h_{t−s} x_s for each channel, from x (batch, n, d) and h (n, d).

    The transforms are taken in float32 at least; there are none of lower precision on the CPU.
    """
    length, dtype = x.shape[1], at_least_float32(x.dtype)
    spectrum = torch.fft.rfft(x.to(dtype), 2 * length, dim=1)  # (batch, n + 1, d), complex
    response = torch.fft.rfft(h.to(dtype), 2 * length, dim=0)  # (n + 1, d), complex
    y: Tensor = torch.fft.irfft(spectrum * response, 2 * length, dim=1)
    return y[:, :length].to(x.dtype)


@register
class LongConvolution(Textbook):
    """Causal convolution of each channel with a learnt kernel of n positions."""

    name = "long_conv"
    title = "long convolution (FFT)"
    formula = "y_t = Σ_{s≤t} h_{t−s} ⊙ x_s, by FFT"
    weights = {"h": (n, d)}
    causal = True
    theory = Theory(
        time=n * log(n, 2) * d,
        flops=15 * n * d * STAGES + 6 * (n + 1) * d,
        parameters=n * d,
        memory=n * d,
        sequential_ops=log(n, 2),
        path_length=log(n, 2),
        temporaries=7 * n * d,
        depth=2 * STAGES + 1,
        distance=2 * STAGES + 1,
        sources={
            "time": "Cooley & Tukey 1965",
            "flops": "three real transforms of 2n numbers, 5/2 of a number and stage each; 6 for "
            "each product of complex numbers",
            "parameters": "one number per position and channel",
            "memory": "both spectra, saved for the gradients",
            "sequential_ops": "Cooley & Tukey 1965: log n stages",
            "path_length": "by the transform; as a sum it would be 1",
            "temporaries": "spectra of input, kernel and output, and 2n numbers of the output",
            "depth": "a transform, a product, a transform back",
            "distance": "a transform, a product, a transform back",
        },
    )

    def forward(self, x: Tensor, h: Tensor) -> Tensor:  # x (batch, n, d), h (n, d)
        return convolve(x, h)


@register
class Hyena(Textbook):
    """Hyena's operator of order 2: a long convolution between two gates (Poli et al. 2023).

    Queries, keys and values are projections of the input. The kernel is learnt position by
    position, where the paper computes it by a small network; its short convolutions are left out.
    """

    name = "hyena"
    title = "gated long convolution (Hyena)"
    formula = "y = W_O (q ⊙ (h ∗ (k ⊙ v))); q, k, v = W_Q x, W_K x, W_V x"
    weights = {"W": (3 * d, d), "h": (n, d), "W_O": (d, d)}
    causal = True
    theory = replace(
        LongConvolution.theory,
        time=15 * n * log(n, 2) * d + 8 * n * d**2,
        flops=8 * n * d**2 + 2 * n * d + LongConvolution.theory.flops,
        parameters=4 * d**2 + n * d,
        temporaries=11 * n * d,
        depth=2 * STAGES + 5,
        distance=2 * STAGES + 5,
        sources={
            **LongConvolution.theory.sources,
            "time": "Poli et al. 2023, section 3: n log n and the projections",
            "flops": "four products of 2nd², two gates, and as long_conv",
            "parameters": "W_Q, W_K, W_V and W_O, and one number for each position and channel",
            "memory": "queries, keys, values and spectra, saved for the gradients",
            "temporaries": "queries, keys, values and a gate, and those of long_conv",
            "depth": "projection, gate, long_conv, gate, projection",
            "distance": "projection, gate, long_conv, gate, projection",
        },
    )

    def forward(self, x: Tensor, W: Tensor, h: Tensor, W_O: Tensor) -> Tensor:  # x (batch, n, d)
        q, k, v = (x @ W.mT).chunk(3, dim=-1)  # each (batch, n, d)
        return (q * convolve(k * v, h)) @ W_O.mT  # (batch, n, d)
