"""Exercise A6.3: whether an LSTM's gradients vanish, by singular values of Jacobians."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log10
from typing import TYPE_CHECKING

from ....analysis import number, percent
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
from .cells import LSTM, Step, jacobian_product, rnn_jacobians

if TYPE_CHECKING:
    from torch import Tensor

#: Width, steps of a long distance, and steps of a sequence whose steps are examined one by one.
D, FAR, STEPS = 16, 100, 50

#: A gradient below this, the precision of float32 at 1, has vanished.
VANISHING = 2.0**-23


def extreme_singular_values(matrix: Tensor) -> tuple[float, float]:
    """Compute the smallest and the largest singular value."""
    values = torch.linalg.svdvals(matrix)
    return values[-1].item(), values[0].item()


def uniform_lstm(
    setting: Setting, steps: int, *, gain: float = 1.0, forget: float = 0.0
) -> tuple[LSTM, list[Step]]:
    """Draw an LSTM with weights uniform within ±gain/√(2d) and b_f = forget, and run it."""
    source = setting.normal(4 * D, 2 * D, stream=7)
    W = gain * torch.erf(source / 2**0.5) / (2 * D) ** 0.5  # erf makes unit-normal uniform
    b = torch.zeros(4 * D, dtype=W.dtype)
    b[:D] = forget
    lstm = LSTM(W, b)
    return lstm, lstm.run(setting.normal(steps, D, stream=8))


@claim(
    Statement(
        id="step-size",
        exercise="A6.3",
        text="Each step ∂C_k/∂C_{k−1} can choose by itself to lie within [0, 1] or to be larger "
        "than 1, because f_k is trainable.",
        original="每一步∂C^(k)/∂C^(k−1)可以自主的选择在[0,1]之间，或者大于1，因为f^(k)是可训练学习的",
        how="Largest singular value of the steps for weights of several scales, and before and "
        "after training it to be larger or smaller; and that of diag(f_k) alone.",
    )
)
def step_size(setting: Setting) -> Iterator[Evidence]:
    """Test the steps: they lie on both sides of 1, but f_k alone never exceeds 1."""
    gains = (0.5, 2, 8)
    largest, forget = [], []
    for gain in gains:
        lstm, steps = uniform_lstm(setting, STEPS, gain=gain)
        largest.append([extreme_singular_values(each)[1] for each in lstm.factors(steps)])
        forget.append(max(step.f.max().item() for step in steps))
    yield auxiliary_evidence(
        f"weights within ±g/√(2d), g = {', '.join(map(str, gains))}: largest singular value, "
        "median and maximum over steps",
        "; ".join(f"{sorted(each)[len(each) // 2]:.2f}, {max(each):.2f}" for each in largest),
    )
    every = [value for each in largest for value in each]
    above = sum(value > 1 for value in every) / len(every)
    yield required_evidence(
        "share of the steps whose largest singular value exceeds 1",
        percent(above),
        0 < above < 1,
        "all steps lie on one side of 1",
    )
    start, up, down = _train_step_size(setting)
    yield required_evidence(
        "a step's largest singular value before training, after training for a larger one, and for "
        "a smaller one",
        f"{start:.3f}, {up:.3f}, {down:.3f}",
        down < 1 < up,
        "training does not move a step across 1",
    )
    yield limiting_evidence(
        "largest forget gate of all steps, which is the largest singular value of diag(f_k)",
        f"{max(forget):.4f}",
        max(forget) < 1,
        "f_k = σ(·) < 1 whatever is learnt: it is the other three terms that raise a step above 1",
    )


def _train_step_size(setting: Setting, times: int = 40) -> tuple[float, float, float]:
    """Compute a step's largest singular value: initially, trained to be larger, and smaller."""
    lstm, steps = uniform_lstm(setting, 2, gain=2)

    def size(W: Tensor) -> Tensor:
        now = LSTM(W, lstm.b)
        first = now.step(steps[0].x, steps[0].h_before, steps[0].C_before)
        second = now.step(steps[1].x, first.h, first.C)
        norm: Tensor = torch.linalg.matrix_norm(now.factor(second, first), 2)
        return norm

    ends = []
    for sign in (1, -1):
        W = lstm.W.clone().requires_grad_()
        optimiser = torch.optim.Adam([W], lr=0.1)
        for _ in range(times):
            optimiser.zero_grad()
            (-sign * size(W)).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        ends.append(size(W).item())
    return size(lstm.W).item(), ends[0], ends[1]


@claim(
    Statement(
        id="need-not-vanish",
        exercise="A6.3",
        text="So the whole ∏ ∂C_k/∂C_{k−1} does not keep shrinking, far gradients do not vanish "
        "completely, and the LSTM solves the vanishing gradients of the RNN.",
        original="那么整体∏ ∂C^(k)/∂C^(k−1)也就不会一直减小，远距离梯度不至于完全消失，"
        "也就能够解决RNN中存在的梯度消失问题",
        how=f"Largest singular value of the product over {FAR} steps for several forget biases, "
        "compared with the product of the forget gates and with an RNN; below 2⁻²³, the precision "
        "of float32, it has vanished.",
    )
)
def need_not_vanish(setting: Setting) -> Iterator[Evidence]:
    """Test the product: it vanishes unless forget gates are near 1."""
    biases = (0.0, 2.0, 5.0)
    whole, gates, means = [], [], []
    for forget in biases:
        lstm, steps = uniform_lstm(setting, FAR + 1, forget=forget)
        whole.append(extreme_singular_values(jacobian_product(lstm.factors(steps)))[1])
        f = torch.stack([step.f for step in steps[1:]])
        gates.append(f.prod(0).max().item())
        means.append(f.mean().item())
    listed = ", ".join(f"{bias:g}" for bias in biases)
    yield auxiliary_evidence(f"mean forget gate at a bias of {listed}", _list(means))
    yield required_evidence(
        f"the product over {FAR} steps at the largest bias",
        number(whole[-1], 2),
        whole[-1] > VANISHING,
        "it vanishes even if forget gates are near 1",
    )
    W = 2**0.5 * uniform_lstm(setting, 1)[0].W[:D]  # uniform within ±1/√d, as in the layer rnn
    U, recurrent = W[:, D:], W[:, :D]
    rnn = extreme_singular_values(
        jacobian_product(list(rnn_jacobians(setting.normal(FAR, D, stream=8), U, recurrent)))
    )[1]
    yield required_evidence(
        "the same for an RNN's ∏ ∂h_k/∂h_{k−1}, weights within ±1/√d",
        number(rnn, 2),
        rnn < whole[-1],
        "the RNN's product is larger",
    )
    yield limiting_evidence(
        f"the product over {FAR} steps at a bias of 0",
        number(whole[0], 2),
        whole[0] < VANISHING,
        "forget gates must be near 1: at a bias of 0 they are about ½, and the product vanishes",
    )
    yield auxiliary_evidence(
        f"largest product of forget gates over {FAR} steps, and the product above, at a bias of "
        f"{listed}",
        "; ".join(f"{number(g, 2)}, {number(w, 2)}" for g, w in zip(gates, whole, strict=True)),
    )
    yield auxiliary_evidence(
        "decades that both lose per step",
        "; ".join(
            f"{-log10(g) / FAR:.3f}, {-log10(w) / FAR:.3f}"
            for g, w in zip(gates, whole, strict=True)
        ),
    )


def _list(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.3f}" for value in values)
