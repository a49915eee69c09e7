"""Diagonal state spaces, in three equivalent forms: a recurrence, a scan and a convolution.

Each of d channels has N states, each with its own decay a in (0, 1): x_t = a x_{t−1} + b u_t, y_t =
Σ_N c x_t. It is S4D with real states (Gu et al. 2022, S4D-Real), discretised by zero-order hold: a
= exp(−Δ exp(A)), b = (1 − a) B, where B includes the division by exp(A). Δ is the same for all
channels, so that a state decays within about 1/Δ positions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sympy import Max, log, nan

from .core import LEVELS, N, Textbook, Theory, d, n, positions, register, torch
from .long_convolution import LongConvolution, convolve

if TYPE_CHECKING:
    from torch import Tensor

#: Δ, the time step of the discretisation.
STEP = 2**-5

#: FLOPs of a and b.
_DISCRETE = 5 * d * N


def discretise(A: Tensor, B: Tensor) -> tuple[Tensor, Tensor]:
    """Return a = exp(−Δ exp(A)) and b = (1 − a) B, both (d, N)."""
    a = torch.exp(-STEP * torch.exp(A))
    return a, (1 - a) * B


@register
class StateSpace(Textbook):
    """Diagonal state space as a recurrent layer, step by step."""

    name = "ssm"
    title = "state space (recurrent)"
    formula = "x_t = a ⊙ x_{t−1} + b ⊙ u_t; y_t = Σ_N c ⊙ x_t"
    axes = ("n", "d", "N")
    weights = {"A": (d, N), "B": (d, N), "C": (d, N)}
    causal = True
    input_free_depth = 5
    theory = Theory(
        time=n * d * N,
        flops=5 * n * d * N + _DISCRETE,
        parameters=3 * d * N,
        memory=n * d * N,
        sequential_ops=n,
        path_length=n,
        temporaries=n * d,
        depth=2 * n + 7,
        distance=2 * n + 2,
        sources={
            "time": "Gu et al. 2022, section 3: N states per channel, n steps",
            "flops": "per step and state a x, b u, their sum, c x and its sum; a and b 5",
            "parameters": "A, B and C",
            "memory": "the states of each step, saved for the gradients",
            "sequential_ops": "one state per step",
            "path_length": "through every step's state",
            "temporaries": "the outputs, until they are stacked",
            "depth": "5 into b, b u, a sum; a x and a sum per step; c x and the sum over states",
            "distance": "b u, a sum; a x and a sum per step; c x and the sum over states",
        },
    )

    def forward(self, x: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:  # x (batch, n, d)
        a, b = discretise(A, B)
        state = x.new_zeros(len(x), *A.shape)  # (batch, d, N)
        outputs = []
        for u in x.unbind(dim=1):  # (batch, d)
            state = a * state + b * u.unsqueeze(-1)
            outputs.append((C * state).sum(dim=-1))
        return torch.stack(outputs, dim=1)  # (batch, n, d)


@register
class StateSpaceScan(Textbook):
    """Diagonal state space as a scan: log n levels, each over all positions at once.

    At each level every position adds the state 1, 2, 4, … positions before it (Hillis & Steele
    1986): depth log n, work n·log n. Scans with work n (Blelloch 1990) take twice as many levels.
    """

    name = "ssm_scan"
    title = "state space (scan)"
    formula = "x ← x + a^s ⊙ x shifted by s, for s = 1, 2, 4, …; y_t = Σ_N c ⊙ x_t"
    axes = ("n", "d", "N")
    weights = StateSpace.weights
    causal = True
    input_free_depth = 5
    theory = replace(
        StateSpace.theory,
        time=n * log(n, 2) * d * N,
        flops=d * N * (3 * n + LEVELS * (2 * n + 1)) + _DISCRETE,
        sequential_ops=log(n, 2),
        path_length=log(n, 2),
        temporaries=4 * n * d * N - n * d,
        depth=2 * LEVELS + 8,
        distance=nan,
        sources={
            **StateSpace.theory.sources,
            "time": "Hillis & Steele 1986: log n levels, each of n",
            "flops": "b u, c x and the sum over states 3nN; at each level 2 for a position, and a² "
            "once; a and b 5",
            "memory": "the states at each level, saved for the gradients",
            "sequential_ops": "Hillis & Steele 1986: log n levels",
            "path_length": "Hillis & Steele 1986: log n levels",
            "temporaries": "the states, shifted, times a, and after a level; no output yet",
            "depth": "5 into b, b u; a product and a sum per level; c x and the sum over states",
            "distance": "as many sums as n − 1 has binary ones: no formula in n",
        },
    )

    def forward(self, x: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:  # x (batch, n, d)
        a, b = discretise(A, B)
        states = b * x.unsqueeze(-1)  # (batch, n, d, N)
        shift = 1
        while shift < x.shape[1]:
            earlier = torch.nn.functional.pad(states[:, :-shift], (0, 0, 0, 0, shift, 0))
            states = states + a * earlier  # the padding's zeros are multiplied too
            a, shift = a * a, 2 * shift
        return (C * states).sum(dim=-1)  # (batch, n, d)


@register
class StateSpaceConvolution(Textbook):
    """Diagonal state space as a convolution with its impulse response, by FFT."""

    name = "ssm_conv"
    title = "state space (convolution)"
    formula = "y_t = Σ_{s≤t} h_{t−s} ⊙ u_s; h_t = Σ_N c ⊙ aᵗ ⊙ b, by FFT"
    axes = ("n", "d", "N")
    weights = StateSpace.weights
    causal = True
    input_free_depth = 8
    theory = replace(
        StateSpace.theory,
        time=15 * n * log(n, 2) * d + 3 * n * d * N,
        flops=LongConvolution.theory.flops + 3 * n * d * N + d * N + _DISCRETE,
        sequential_ops=log(n, 2),
        path_length=log(n, 2),
        temporaries=Max(8 * n * d, 2 * n * d * N),
        depth=LongConvolution.theory.depth + 8,
        distance=LongConvolution.theory.distance,
        sources={
            **StateSpace.theory.sources,
            "time": "Gu et al. 2022, section 3: a convolution, and its kernel",
            "flops": "as long_conv; for the kernel aᵗ, the product with c b and its sum",
            "memory": "powers of a for each position, and spectra, saved for the gradients",
            "sequential_ops": "as long_conv",
            "path_length": "by the transform; as a sum it would be 1",
            "temporaries": "what long_conv holds and the kernel; or powers of a and their products",
            "depth": "5 into b, c b, the product with aᵗ, the sum over states; then as long_conv",
            "distance": "a transform, a product, a transform back",
        },
    )

    def forward(self, x: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:  # x (batch, n, d)
        a, b = discretise(A, B)
        t = positions(x.shape[1], x)[:, None, None]  # (n, 1, 1)
        h = ((C * b) * (a**t).to(x.dtype)).sum(dim=-1)  # (n, d, N) -> (n, d)
        return convolve(x, h)
