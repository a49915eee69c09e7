"""The selective scan: a diagonal state space whose parameters follow the input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .core import N, Textbook, Theory, d, n, register, torch

if TYPE_CHECKING:
    from torch import Tensor


@register
class SelectiveScan(Textbook):
    """Mamba's selective state space, step by step (Gu & Dao 2023, algorithm 2).

    A step Δ_t for each channel and vectors B_t and C_t, which all channels share, are computed from
    the input, so that a position can be used or ignored. The rest of Mamba's block (projections,
    short convolution, gate) is left out.
    """

    name = "selective_scan"
    title = "selective scan"
    formula = "h_t = exp(Δ_t A) ⊙ h_{t−1} + Δ_t B_t x_t; y_t = C_t·h_t; Δ_t = softplus(w·x_t + p)"
    axes = ("n", "d", "N")
    weights = {"A": (d, N), "W_B": (N, d), "W_C": (N, d), "w": (1, d), "p": (d,)}
    causal = True
    theory = Theory(
        time=n * d * N,
        flops=11 * n * d * N + 7 * n * d + 2 * d * N,
        parameters=3 * d * N + 2 * d,
        memory=n * d * N,
        sequential_ops=n,
        path_length=n,
        temporaries=2 * n * d,
        depth=2 * n + 8,
        distance=2 * n + 2,
        sources={
            "time": "Gu & Dao 2023, section 3.3.2: N states per channel, n steps",
            "flops": "B and C 4nNd; per step and state Δ A, its exponential, Δ x B, the product "
            "with h, the sum, C·h 2; Δ and Δ x 7nd; −exp(A) 2dN",
            "parameters": "A, the projections to B and C, and those to Δ",
            "memory": "the states of each step, saved for the gradients",
            "sequential_ops": "one state per step; a scan would be log n deep",
            "path_length": "through every step's state",
            "temporaries": "Δ, and the outputs until they are stacked",
            "depth": "product, p, softplus (3), Δ A, exp; a product and a sum per step; C·h",
            "distance": "Δ x B and a sum, a product and a sum per step, C·h",
        },
    )

    def forward(
        self, x: Tensor, A: Tensor, W_B: Tensor, W_C: Tensor, w: Tensor, p: Tensor
    ) -> Tensor:  # x (batch, n, d)
        rate = -torch.exp(A)  # (d, N), negative: states decay
        step = torch.nn.functional.softplus(x @ w.mT + p)  # Δ (batch, n, d)
        B, C = x @ W_B.mT, x @ W_C.mT  # each (batch, n, N)
        h = x.new_zeros(len(x), *A.shape)  # (batch, d, N)
        outputs = []
        for u, delta, b, c in zip(
            x.unbind(1), step.unbind(1), B.unbind(1), C.unbind(1), strict=True
        ):
            decay = torch.exp(delta.unsqueeze(-1) * rate)  # (batch, d, N)
            h = decay * h + (delta * u).unsqueeze(-1) * b.unsqueeze(-2)
            outputs.append((h @ c.unsqueeze(-1)).squeeze(-1))  # (batch, d)
        return torch.stack(outputs, dim=1)  # (batch, n, d)
