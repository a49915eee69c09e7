"""Exercise A6.3: one step of an LSTM's cell, ∂C_k/∂C_{k−1}, and its four terms."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import sympy

from .... import layers
from ....analysis import number
from ....layers import torch
from ..statement import (
    Evidence,
    Setting,
    Statement,
    auxiliary_evidence,
    claim,
    limiting_evidence,
    required_evidence,
)
from .cells import LSTM, Step, relative_error

if TYPE_CHECKING:
    from torch import Tensor

#: Width, input width and steps of the random LSTMs, and their number.
D, M, STEPS, DRAWS = 6, 4, 12, 20

#: Largest relative difference from autograd, in float64, at which a formula is right.
TOLERANCE = 1e-10


def random_lstm(setting: Setting, stream: int, gain: float = 2.0) -> tuple[LSTM, list[Step]]:
    """Draw an LSTM and run it; weights have the standard deviation gain/√(d + m)."""
    W = gain * setting.normal(4 * D, D + M, stream=3 * stream) / (D + M) ** 0.5
    lstm = LSTM(W, setting.normal(4 * D, stream=3 * stream + 1))
    return lstm, lstm.run(setting.normal(STEPS, M, stream=3 * stream + 2))


def autograd_factor(lstm: LSTM, step: Step, before: Step) -> Tensor:
    """Compute ∂C_k/∂C_{k−1} by autograd, with h_{k−1} = o_{k−1} ∗ tanh(C_{k−1}); (d, d)."""

    def cell(C: Tensor) -> Tensor:
        return lstm.step(step.x, before.o * torch.tanh(C), C).C

    jacobian: Tensor = torch.autograd.functional.jacobian(cell, before.C)  # type: ignore[no-untyped-call]
    return jacobian


#: A formula of ∂C_k/∂C_{k−1}, from an LSTM, the step k, the step k − 1 and the first step.
Formula = Callable[[LSTM, Step, Step, Step], "Tensor"]


def four_term_factor(lstm: LSTM, step: Step, before: Step, first: Step) -> Tensor:
    """Compute ∂C_k/∂C_{k−1} with its four terms."""
    return lstm.factor(step, before)


def factor_without_direct_term(lstm: LSTM, step: Step, before: Step, first: Step) -> Tensor:
    """Compute it by the course text's first formula, through h_{k−1} alone."""
    return lstm.factor(step, before) - torch.diag(step.f)


def factor_with_first_gate(lstm: LSTM, step: Step, before: Step, first: Step) -> Tensor:
    """Compute it with f_t instead of f_k."""
    return lstm.factor(step, before) + torch.diag(first.f - step.f)


def printed_factor(lstm: LSTM, step: Step, before: Step, first: Step) -> Tensor:
    """Compute it as the course text prints it: vectors times matrices, element by element."""
    W_f, W_i, W_C, _ = lstm.recurrent_weights()
    by_h = before.o * (1 - torch.tanh(before.C) ** 2)
    return (
        before.C * step.f * (1 - step.f) * W_f * by_h
        + step.a * step.i * (1 - step.i) * W_i * by_h
        + step.i * (1 - step.a**2) * W_C * by_h
        + step.f
    )


def largest_error(setting: Setting, formula: Formula) -> float:
    """Compute the largest relative error of a formula of ∂C_k/∂C_{k−1}, over LSTMs and steps."""
    found = []
    for draw in range(DRAWS):
        lstm, steps = random_lstm(setting, draw)
        for before, step in itertools.pairwise(steps):
            given = formula(lstm, step, before, steps[0])
            found.append(relative_error(given, autograd_factor(lstm, step, before)))
    return max(found)


def symbolic_remainder() -> sympy.Expr:
    """Derive ∂C_k/∂C_{k−1} of a scalar LSTM by SymPy, minus the four terms: 0 if these suffice."""
    C, o, x = sympy.symbols("C o x", real=True)
    w = dict(zip("fia", sympy.symbols("w_f w_i w_a", real=True), strict=True))
    u = dict(zip("fia", sympy.symbols("u_f u_i u_a", real=True), strict=True))
    z = sympy.Symbol("z", real=True)
    sigma = 1 / (1 + sympy.exp(-z))
    h = o * sympy.tanh(C)
    at = {gate: w[gate] * h + u[gate] * x for gate in "fia"}
    f, i, a = sigma.subs(z, at["f"]), sigma.subs(z, at["i"]), sympy.tanh(at["a"])
    slope = {
        "f": sympy.diff(sigma, z).subs(z, at["f"]),
        "i": sympy.diff(sigma, z).subs(z, at["i"]),
        "a": sympy.diff(sympy.tanh(z), z).subs(z, at["a"]),
    }
    by_h = o * sympy.diff(sympy.tanh(C), C)
    terms = (C * slope["f"] * w["f"] + a * slope["i"] * w["i"] + i * slope["a"] * w["a"]) * by_h + f
    return sympy.simplify(sympy.diff(f * C + i * a, C) - terms)


@claim(
    Statement(
        id="four-terms",
        exercise="A6.3",
        text="∂C_k/∂C_{k−1} = C_{k−1} σ′(·) W_f o_{k−1} tanh′(C_{k−1}) + a_k σ′(·) W_i o_{k−1} "
        "tanh′(C_{k−1}) + i_k tanh′(·) W_C ∗ o_{k−1} tanh′(C_{k−1}) + f_t.",
        original="具体计算后得到 ∂C^(k)/∂C^(k−1) = C^(k−1) σ′(·) W_f o^(k−1) tanh′(C^(k−1)) + "
        "a^(k) σ′(·) W_i o^(k−1) tanh′(C^(k−1)) + i^(k) tanh′(·) W_c ∗ o^(k−1) tanh′(C^(k−1)) "
        "+ f^(t)",
        how="Derived by SymPy for a scalar LSTM; with matrices compared with autograd in float64, "
        "once with diagonal matrices for the text's vectors, and once as printed.",
    )
)
def four_terms(setting: Setting) -> Iterator[Evidence]:
    """Test the formula: it holds with diagonal matrices and f_k."""
    lstm, steps = random_lstm(setting, 0)
    x = torch.stack([step.x for step in steps])
    layer = layers.get("lstm").forward(x[None], W=lstm.W, b=lstm.b)[0]  # type: ignore[attr-defined]
    off = (torch.stack([step.h for step in steps]) - layer).abs().max().item()
    yield auxiliary_evidence(
        "largest difference between the LSTM used here and the layer lstm", number(off, 2)
    )
    remainder = symbolic_remainder()
    yield required_evidence(
        "SymPy, scalar: the derivative minus the four terms",
        str(remainder),
        remainder == 0,
        "there are other terms",
    )
    off = largest_error(setting, four_term_factor)
    yield required_evidence(
        f"{DRAWS} random LSTMs (d = {D}, m = {M}), {STEPS - 1} steps each, diagonal matrices for "
        "vectors: largest relative difference from autograd",
        number(off, 2),
        off <= TOLERANCE,
        "the formula with diagonal matrices is not the derivative",
    )
    off = largest_error(setting, printed_factor)
    yield limiting_evidence(
        "the same as printed: vectors times W element by element, which scales columns of W",
        number(off, 2),
        off > TOLERANCE,
        "C_{k−1}, σ′, a, i, o and tanh′ stand for diagonal matrices diag(…), and ∗ for their "
        "product",
    )
    off = largest_error(setting, factor_with_first_gate)
    yield limiting_evidence(
        "the same with f_t, of the step where the product begins, instead of f_k",
        number(off, 2),
        off > TOLERANCE,
        "the direct term is f_k, not f_t",
    )
    W_f, by_h = lstm.W.chunk(4)[0], steps[0].o
    yield limiting_evidence(
        "W_f is (d, d + m) on [h_{k−1}, x_k]; it can be multiplied by diag(o_{k−1})",
        f"{tuple(W_f.shape)} times {(D, D)}",
        W_f.shape[1] != len(by_h),
        "only the columns of W_f, W_i and W_C that multiply h_{k−1} belong in the formula",
    )
    shares = {name: term.norm().item() for name, term in lstm.terms(steps[1], steps[0]).items()}
    yield auxiliary_evidence(
        "Frobenius norms of the four terms at a step",
        ", ".join(f"{name} {number(size, 2)}" for name, size in shares.items()),
    )


@claim(
    Statement(
        id="three-paths",
        exercise="A6.3",
        text="∂C_k/∂C_{k−1} is the sum of three terms, by the forget gate, the input gate and the "
        "candidate, each through h_{k−1} (the text's first formula).",
        original="∂C^(k)/∂C^(k−1) = ∂C^(k)/∂f^(k) ∂f^(k)/∂h^(k−1) ∂h^(k−1)/∂C^(k−1) + "
        "… (i) + … (a)",
        how="The three terms, with diagonal matrices, compared with autograd; the difference "
        "compared with diag(f_k).",
    )
)
def three_paths(setting: Setting) -> Iterator[Evidence]:
    """Test the three terms: the direct path C_{k−1} → C_k is missing."""
    off = largest_error(setting, factor_without_direct_term)
    yield required_evidence(
        "largest relative difference from autograd",
        number(off, 2),
        off <= TOLERANCE,
        "the direct term diag(f_k) is missing, which the text's second formula has",
    )
    lstm, steps = random_lstm(setting, 0)
    missing = autograd_factor(lstm, steps[1], steps[0]) - factor_without_direct_term(
        lstm, steps[1], steps[0], steps[0]
    )
    off = relative_error(missing, torch.diag(steps[1].f))
    yield auxiliary_evidence(
        "relative difference between the missing term and diag(f_k)", number(off, 2)
    )
