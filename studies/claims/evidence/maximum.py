"""Exercise A6.2: the gradients of max and of argmax."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import sympy

from ....analysis import number, number_list, percent
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

if TYPE_CHECKING:
    from torch import Tensor

#: Number of random vectors, their length, and the step of a difference quotient.
VECTORS, LENGTH, STEP = 1000, 16, 1e-6


def text_max_gradient(x: Tensor) -> Tensor:
    """Return the gradient of max by the course text: 1 where x_i is the maximum, else 0."""
    return (x == x.amax(-1, keepdim=True)).to(x.dtype)


def text_argmax_gradient(x: Tensor) -> Tensor:
    """Return the gradient of argmax by the course text: 1 at i = argmax, else 0."""
    return torch.nn.functional.one_hot(x.argmax(-1), x.shape[-1]).to(x.dtype)


def difference_quotients(
    function: Callable[[Tensor], Tensor], x: Tensor, step: float = STEP
) -> Tensor:
    """Compute central difference quotients of a function of each row of x, (rows, D), in x_i."""
    shifts = step * torch.eye(x.shape[-1], dtype=x.dtype)
    above, below = (function(x[:, None] + sign * shifts) for sign in (1, -1))
    return (above - below) / (2 * step)


def without_near_ties(x: Tensor, gap: float) -> Tensor:
    """Select the rows whose largest element exceeds all others by more than a gap."""
    top = x.topk(2, dim=-1).values
    return x[top[:, 0] - top[:, 1] > gap]


@claim(
    Statement(
        id="max-gradient",
        exercise="A6.2",
        text="The gradient of y = max(x_1, …, x_D) is 1 for an element x_i that is the maximum, "
        "and 0 for all other elements.",
        original="如果对于输入向量中的某个元素x_i，它是最大值，则其梯度为1，其他所有元素的梯度都为0。",
        how="Compared with autograd and difference quotients at random vectors; then at ties, "
        "where the text's formula gives 1 to each of several elements, compared with one-sided "
        "quotients and the inequality max(y) ≥ max(x) + g·(y − x) of a subgradient g.",
    )
)
def max_gradient(setting: Setting) -> Iterator[Evidence]:
    """Test the gradient away from ties, and at ties."""
    x = without_near_ties(setting.normal(VECTORS, LENGTH), 2 * STEP)
    said = text_max_gradient(x)
    followed = x.clone().requires_grad_()
    (by_autograd,) = torch.autograd.grad(followed.amax(-1).sum(), followed)
    off = (said - by_autograd).abs().max().item()
    yield required_evidence(
        f"{len(x)} random vectors of {LENGTH} elements: largest difference from autograd",
        number(off, 2),
        off == 0,
        "autograd gives another gradient",
    )
    off = (said - difference_quotients(lambda v: v.amax(-1), x)).abs().max().item()
    yield required_evidence(
        "largest difference from difference quotients",
        number(off, 2),
        off < 1e-6,
        "difference quotients give another gradient",
    )
    yield from _at_ties(setting)


def _at_ties(setting: Setting) -> Iterator[Evidence]:
    tie = torch.tensor([1.0, 2.0, 2.0, 0.0], dtype=torch.float64)
    said = text_max_gradient(tie)
    along = torch.tensor([0.0, 1.0, 1.0, 0.0], dtype=torch.float64)
    grown = ((tie + STEP * along).amax() - tie.amax()).item() / STEP
    promised = (said @ along).item()
    yield limiting_evidence(
        "at the tie (1, 2, 2, 0), both maxima raised together: slope of max, and slope by the "
        "text's gradient",
        f"{grown:.3f}, {promised:g}",
        abs(grown - promised) > 1e-6,
        "the maximum must be attained once: at a tie max has no gradient",
    )
    up = ((tie + STEP * _unit(1)).amax() - tie.amax()).item() / STEP
    down = (tie.amax() - (tie - STEP * _unit(1)).amax()).item() / STEP
    yield auxiliary_evidence(
        "one-sided difference quotients in x_2 there", f"{up:.3f} up, {down:.3f} down"
    )
    others = tie + setting.normal(VECTORS, 4)
    conventions = {
        "the text": said,
        "torch.amax": _grad(lambda v: v.amax(-1), tie),
        "torch.max over a dimension": _grad(lambda v: v.max(-1).values, tie),
        "torch.max over all": _grad(lambda v: v.max(), tie),
    }
    for name, gradient in conventions.items():
        excess = (tie.amax() + (others - tie) @ gradient - others.amax(-1)).max().item()
        kind = "a subgradient" if excess <= 1e-12 else f"no subgradient, off by {number(excess, 2)}"
        yield auxiliary_evidence(f"gradient there by {name}", f"{_vector(gradient)}: {kind}")
    windows = setting.normal(VECTORS, 4, stream=1).relu()
    share = (text_max_gradient(windows).sum(-1) > 1).double().mean().item()
    yield auxiliary_evidence(
        "share of ties in max pooling over 4 outputs of a ReLU, where all 4 are 0",
        percent(share),
    )


@claim(
    Statement(
        id="argmax-gradient",
        exercise="A6.2",
        text="The gradient of y = argmax(x_1, …, x_D) is 1 for the element whose index is where "
        "the maximum stands, and 0 for all other elements.",
        original="如果对于输入向量中的某个元素x_i，它的索引位置与最大值所在的位置相同，则其梯度为1，"
        "其他所有元素的梯度都为0。",
        how="Compared with difference quotients at random vectors and across a tie, with torch's "
        "autograd, and with softmax(x/T), a smooth approximation, in the limit T → 0, numerically "
        "and by SymPy.",
    )
)
def argmax_gradient(setting: Setting) -> Iterator[Evidence]:
    """Test the gradient: argmax is piecewise constant, so it is 0, and undefined at ties."""
    x = without_near_ties(setting.normal(VECTORS, LENGTH), 2 * STEP)
    found = difference_quotients(_index, x)
    off = (text_argmax_gradient(x) - found).abs().max().item()
    yield required_evidence(
        f"{len(x)} random vectors of {LENGTH} elements: largest difference between the text's "
        "gradient and difference quotients",
        number(off, 2),
        off < 1e-6,
        "argmax is constant between ties: its derivative is 0 almost everywhere, at the maximum "
        "too",
    )
    largest = found.abs().max().item()
    yield auxiliary_evidence("largest difference quotient of argmax there", number(largest, 2))
    tie = torch.tensor([[1.0, 1.0]], dtype=torch.float64)
    steps = (1e-1, 1e-3, 1e-6)
    across = [difference_quotients(_index, tie, step).abs().max().item() for step in steps]
    yield required_evidence(
        f"difference quotient across the tie (1, 1) with steps {number_list(steps, 2)}",
        number_list(across, 2),
        max(across) - min(across) < 1e-6,
        "across a tie it jumps, and has no derivative there",
    )
    differentiable = tie.clone().requires_grad_().argmax(-1).requires_grad
    yield auxiliary_evidence("torch differentiates argmax", "yes" if differentiable else "no")
    yield from _softmax_approximation(x)


def _softmax_approximation(x: Tensor) -> Iterator[Evidence]:
    """Compute the gradient of Σ i·softmax(x/T)_i, which tends to argmax, as T → 0."""
    temperatures = (1.0, 0.1, 0.01, 0.001)
    x = without_near_ties(x, 0.05)
    index = torch.arange(1, LENGTH + 1, dtype=torch.float64)
    gaps, slopes = [], []
    for T in temperatures:
        followed = x.clone().requires_grad_()
        p = torch.softmax(followed / T, -1)
        (slope,) = torch.autograd.grad((p @ index).sum(), followed)
        gaps.append((p @ index - (x.argmax(-1) + 1)).abs().max().item())
        slopes.append(slope.abs().max().item())
    at = ", ".join(f"{T:g}" for T in temperatures)
    yield auxiliary_evidence(
        f"approximation by softmax(x/T), T = {at}: largest difference from argmax",
        number_list(gaps, 2),
    )
    yield required_evidence(
        "largest gradient of the approximation at these T",
        number_list(slopes, 2),
        abs(slopes[-1] - 1) < 1e-6,
        "the gradient of the smooth approximation tends to 0, not to 1",
    )
    gap, T = sympy.symbols("Delta T", positive=True)
    slope = sympy.diff(1 / (1 + sympy.exp(-gap / T)), gap)  # softmax of the larger of two
    away, tied = sympy.limit(slope, T, 0, "+"), sympy.limit(slope.subs(gap, 0), T, 0, "+")
    yield auxiliary_evidence(
        "its limit for D = 2 as T → 0, by SymPy: where x_1 > x_2, and at x_1 = x_2",
        f"{away}, {'∞' if tied == sympy.oo else tied}",
    )


def _index(x: Tensor) -> Tensor:
    return x.argmax(-1).to(x.dtype)


def _unit(i: int) -> Tensor:
    return torch.eye(4, dtype=torch.float64)[i]


def _grad(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    followed = x.clone().requires_grad_()
    return torch.autograd.grad(function(followed), followed)[0]


def _vector(x: Tensor) -> str:
    return f"({', '.join(f'{value:g}' for value in x.tolist())})"
