"""Exercise A6.4: singular values of the factors ∂h_k/∂h_{k−1} of a plain RNN's gradient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ....analysis import number, percent
from ....layers import torch
from ..statement import Evidence, Setting, Statement, auxiliary_evidence, claim, required_evidence
from .cells import rnn_jacobians
from .vanishing import STEPS, D, extreme_singular_values

if TYPE_CHECKING:
    from torch import Tensor


@claim(
    Statement(
        id="rnn-factor",
        exercise="A6.4",
        text="RNN gradients vanish because in ∏ ∂h_k/∂h_{k−1} each step ∂h_k/∂h_{k−1} always lies "
        "within [0, 1], or is always larger than 1.",
        original="具体原因也就是∏ ∂h^(k)/∂h^(k−1)部分，在迭代过程中，每一步∂h^(k)/∂h^(k−1)"
        "始终在[0,1]之间或者始终大于1",
        how="The factor of a scalar RNN, and singular values of ∂h_k/∂h_{k−1} with matrices, at "
        "random weights and after training to recall an input.",
    )
)
def rnn_factor(setting: Setting) -> Iterator[Evidence]:
    """Test the singular values: one factor has values on both sides of 1."""
    x = setting.normal(STEPS * 4, 1)
    weights = (-0.8, 0.8, 1.5, 3.0)
    scalars = [
        rnn_jacobians(x, torch.ones(1, 1, dtype=x.dtype), torch.full((1, 1), w, dtype=x.dtype))
        for w in weights
    ]
    ranges = [(each.min().item(), each.max().item()) for each in scalars]
    yield required_evidence(
        f"scalar RNN, w = {', '.join(map(str, weights))}: smallest and largest factor over "
        f"{len(x)} steps",
        "; ".join(f"{low:.2f}, {high:.2f}" for low, high in ranges),
        all((low >= 0 and high <= 1) or low > 1 for low, high in ranges),
        "even a scalar factor w(1 − h²) lies on both sides of 1 in one sequence if w > 1, and is "
        "negative if w < 0",
    )
    x = setting.normal(STEPS, D, stream=1)
    U = setting.normal(D, D, stream=2) / D**0.5
    for gain in (0.5, 1.0, 2.0):
        W = gain * setting.normal(D, D, stream=3) / D**0.5
        yield _both_sides(f"random W, N(0, g²/d) with g = {gain:g}", rnn_jacobians(x, U, W))
    before, after, jacobians = _recall(setting)
    yield _both_sides(
        "trained to recall an input after 10 steps "
        f"(error {number(before, 2)} → {number(after, 2)})",
        jacobians,
    )
    W = 0.9 * torch.linalg.qr(setting.normal(D, D, stream=4)).Q
    values = [extreme_singular_values(each)[1] for each in rnn_jacobians(x, U, W)]
    yield auxiliary_evidence(
        "if no singular value of W exceeds 1, none of a factor does: the largest for W = 0.9 Q, Q "
        "orthogonal",
        f"{max(values):.2f}",
    )


def _both_sides(what: str, jacobians: Tensor) -> Evidence:
    values = torch.linalg.svdvals(jacobians)
    both = ((values[:, -1] <= 1) & (values[:, 0] > 1)).double().mean().item()
    return required_evidence(
        f"{what}: smallest and largest singular value; share of steps with singular values on both "
        "sides of 1",
        f"{values.min():.2g}, {values.max():.2g}; {percent(both)}",
        both == 0,
        "a matrix has many singular values: most steps shrink some directions and stretch others",
    )


def _recall(setting: Setting, times: int = 150) -> tuple[float, float, Tensor]:
    """Train the layer rnn to recall the sign of its first input.

    Return the errors before and after, and the Jacobians after.
    """
    length, batch = 11, 32
    U, W, read = (
        (setting.normal(rows, D, stream=20 + at) / D**0.5).requires_grad_()
        for at, rows in enumerate((D, D, 1))
    )
    into = torch.zeros(D, dtype=U.dtype)
    into[0] = 1.0  # the first of the m = d input numbers has the input
    optimiser = torch.optim.Adam([U, W, read], lr=0.01)
    errors = []
    for time in range(times):
        given = setting.normal(batch, length, 1, stream=100 + time)
        h = torch.zeros(batch, D, dtype=U.dtype)
        for x_t in (given * into).unbind(1):
            h = torch.tanh(x_t @ U.mT + h @ W.mT)
        error = ((h @ read.mT - given[:, 0].sign()) ** 2).mean()
        optimiser.zero_grad()
        error.backward()
        optimiser.step()
        errors.append(error.item())
    given = setting.normal(STEPS, 1, stream=99) * into
    with torch.no_grad():
        return errors[0], errors[-1], rnn_jacobians(given, U, W)
