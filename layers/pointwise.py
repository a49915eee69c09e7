"""Layers that act on each position separately: norms, gated MLP, embedding, softmax output."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from sympy import Integer, oo

from .core import TABLE_1, Textbook, Theory, V, d, f, n, register, torch

if TYPE_CHECKING:
    from torch import Tensor

#: Added to variances so that nothing is divided by zero; torch's default.
EPSILON = 1e-5

_ALONE = {
    "path_length": "it never leaves its position",
    "distance": "it never leaves its position",
}


@register
class LayerNorm(Textbook):
    """Layer normalisation: scale each position to mean 0 and variance 1 over its channels."""

    name = "layer_norm"
    title = "layer normalisation"
    formula = "y_t = γ ⊙ (x_t − μ_t) / √(σ_t² + ε) + β"
    weights = {"gamma": (d,), "beta": (d,)}
    theory = Theory(
        time=n * d,
        flops=7 * n * d + 4 * n,
        parameters=2 * d,
        memory=n * d,
        sequential_ops=Integer(1),
        path_length=oo,
        temporaries=2 * n * d,
        depth=Integer(11),
        distance=oo,
        sources={
            "time": "Ba et al. 2016",
            "flops": "per number: sum, difference, square, sum, quotient, γ, β; per position two "
            "divisions by d, ε, root",
            "parameters": "Ba et al. 2016: gain and bias",
            "memory": "the centred and the scaled input, saved for the gradients",
            "sequential_ops": "sums over a position's channels wait for no other position",
            "temporaries": "the centred input, and its square or the scaled input",
            "depth": "mean (2), difference, square, mean (2), ε, root, product, γ, β",
            **_ALONE,
        },
    )

    def forward(self, x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:  # x (batch, n, d)
        centred = x - x.mean(dim=-1, keepdim=True)
        variance = (centred * centred).mean(dim=-1, keepdim=True)  # (batch, n, 1)
        return gamma * (centred * torch.rsqrt(variance + EPSILON)) + beta


@register
class RMSNorm(Textbook):
    """Root-mean-square normalisation: layer normalisation without mean and bias."""

    name = "rms_norm"
    title = "RMS normalisation"
    formula = "y_t = γ ⊙ x_t / √(mean(x_t²) + ε)"
    weights = {"gamma": (d,)}
    theory = Theory(
        time=n * d,
        flops=4 * n * d + 3 * n,
        parameters=d,
        memory=n * d,
        sequential_ops=Integer(1),
        path_length=oo,
        temporaries=n * d,
        depth=Integer(7),
        distance=oo,
        sources={
            "time": "Zhang & Sennrich 2019",
            "flops": "per number: square, sum, quotient, γ; per position division by d, ε, root",
            "parameters": "Zhang & Sennrich 2019: a gain",
            "memory": "the input and the scaled input, saved for the gradients",
            "sequential_ops": "sums over a position's channels wait for no other position",
            "temporaries": "the squares, then the scaled input",
            "depth": "square, mean (2), ε, root, product, γ",
            **_ALONE,
        },
    )

    def forward(self, x: Tensor, gamma: Tensor) -> Tensor:  # x (batch, n, d)
        mean_square = (x * x).mean(dim=-1, keepdim=True)  # (batch, n, 1)
        return gamma * (x * torch.rsqrt(mean_square + EPSILON))


@register
class GatedMLP(Textbook):
    """Gated MLP of inner width f, with SiLU(z) = z σ(z) as the gate's activation ("SwiGLU")."""

    name = "gated_mlp"
    title = "gated MLP"
    formula = "y_t = W (SiLU(G x_t) ⊙ U x_t)"
    ties = {"f": 4 * d}
    weights = {"G": (f, d), "U": (f, d), "W": (d, f)}
    theory = Theory(
        time=n * d * f,
        flops=6 * n * d * f + 3 * n * f,
        parameters=3 * d * f,
        memory=n * f,
        sequential_ops=Integer(1),
        path_length=oo,
        temporaries=4 * n * f - n * d,
        depth=Integer(5),
        distance=oo,
        sources={
            "time": "Shazeer 2020",
            "flops": "three products of 2ndf; σ and two products of width f",
            "parameters": "Shazeer 2020: three matrices",
            "memory": "both products, σ and SiLU of width f, saved for the gradients",
            "sequential_ops": TABLE_1,
            "temporaries": "gate before and after SiLU, U x and their product; no output yet",
            "depth": "product, σ, SiLU, gate ⊙, product",
            **_ALONE,
        },
    )

    def forward(self, x: Tensor, G: Tensor, U: Tensor, W: Tensor) -> Tensor:  # x (batch, n, d)
        gate = x @ G.mT  # (batch, n, f)
        return (gate * torch.sigmoid(gate) * (x @ U.mT)) @ W.mT  # (batch, n, d)


@register
class Embedding(Textbook):
    """Input of a language model: a vector for each of V tokens, looked up and scaled.

    As products of one-hot rows with E it would take 2ndV FLOPs.
    """

    name = "embedding"
    title = "embedding"
    formula = "y_t = √d E_{w_t}"
    axes = ("n", "d", "V")
    inputs = {"w": (n,)}
    token_inputs = {"w": V}
    weights = {"E": (V, d)}
    theory = Theory(
        time=n * d,
        flops=n * d,
        parameters=d * V,
        memory=n,
        sequential_ops=Integer(1),
        path_length=oo,
        temporaries=n * d,
        depth=Integer(1),
        distance=oo,
        sources={
            "time": "Vaswani et al. 2017, section 3.4: rows of E, however many there are",
            "flops": "Vaswani et al. 2017, section 3.4: scaled by √d; a lookup counts as 0",
            "parameters": "a vector for each token",
            "memory": "the token ids, saved for the gradient",
            "sequential_ops": TABLE_1,
            "temporaries": "the rows, before they are scaled",
            "depth": "the scaling; a lookup computes nothing",
            **_ALONE,
        },
    )

    def forward(self, w: Tensor, E: Tensor) -> Tensor:  # w (batch, n), E (V, d)
        return sqrt(E.shape[1]) * E[w]  # (batch, n, d)


@register
class SoftmaxOutput(Textbook):
    """Output of a language model: at each position a probability for each of V tokens."""

    name = "softmax_output"
    title = "softmax output"
    formula = "p_t = Softmax(E x_t)"
    axes = ("n", "d", "V")
    output = (n, V)
    weights = {"E": (V, d)}
    theory = Theory(
        time=n * d * V,
        flops=2 * n * d * V + 5 * n * V,
        parameters=d * V,
        memory=n * V,
        sequential_ops=Integer(1),
        path_length=oo,
        temporaries=n * V,
        depth=Integer(6),
        distance=oo,
        sources={
            "time": "Grave et al. 2017, section 2: linear in the vocabulary",
            "flops": "one product (n × d)(d × V); softmax 5 per element",
            "parameters": "a vector for each token",
            "memory": "the probabilities, saved for the gradient",
            "sequential_ops": TABLE_1,
            "temporaries": "the scores, while the softmax runs",
            "depth": "product, and the softmax's 5",
            **_ALONE,
        },
    )

    def forward(self, x: Tensor, E: Tensor) -> Tensor:  # x (batch, n, d), E (V, d)
        return torch.softmax(x @ E.mT, dim=-1)  # (batch, n, V), each row sums to 1
