"""Exercise A6.3: the gradient of an LSTM's parameters, and the product of ∂C_k/∂C_{k−1}."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

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
from .cells import LSTM, Step, dtanh, jacobian_product, relative_error
from .lstm_step import STEPS, TOLERANCE, D, random_lstm

if TYPE_CHECKING:
    from torch import Tensor


def h_by_C(step: Step) -> Tensor:
    """Compute ∂h_k/∂C_k with o_k constant, (d, d)."""
    return torch.diag(step.o * dtanh(torch.tanh(step.C)))


def text_gradient(lstm: LSTM, steps: list[Step], along: Tensor) -> Tensor:
    """Compute ∂L/∂W by the course text's formula, through C_1 alone; (4d, d + m)."""
    back = along @ h_by_C(steps[-1])  # ∂L/∂C_k, from k = T down to 1
    for factor in reversed(lstm.factors(steps)):
        back = back @ factor
    return torch.einsum("c,cij->ij", back, lstm.parameter_jacobian(steps[0])[lstm.d :])  # ∂C_1/∂W


def text_summed_gradient(lstm: LSTM, steps: list[Step], along: Tensor) -> Tensor:
    """Compute ∂L/∂W as the sum over steps k, with the text's chain through C; (4d, d + m)."""
    back = along @ h_by_C(steps[-1])
    total = torch.einsum("h,hij->ij", along, lstm.parameter_jacobian(steps[-1])[: lstm.d])
    for step, factor in zip(steps[-2::-1], reversed(lstm.factors(steps)), strict=True):
        back = back @ factor
        total += torch.einsum("c,cij->ij", back, lstm.parameter_jacobian(step)[lstm.d :])
    return total


def summed_gradient(lstm: LSTM, steps: list[Step], along: Tensor) -> Tensor:
    """Compute ∂L/∂W as the sum over steps k, with Jacobians of (h, C); (4d, d + m)."""
    back = torch.cat([along, torch.zeros_like(along)])  # ∂L/∂(h_k, C_k), from k = T down
    total = torch.zeros_like(lstm.W)
    for step in reversed(steps):
        total += torch.einsum("s,sij->ij", back, lstm.parameter_jacobian(step))
        back = back @ lstm.state_jacobian(step)
    return total


@claim(
    Statement(
        id="parameter-gradient",
        exercise="A6.3",
        text="For the parameters W_i, W_f, W_o, written W: ∂L_t/∂W = ∂L_t/∂h_t ∗ ∂h_t/∂C_t ∗ … ∗ "
        "(∏_{k=2}^t ∂C_k/∂C_{k−1}) ∗ ∂C_1/∂W.",
        original="对于参数W_i, W_f, W_o, 统一用W表示：∂L_t/∂W = ∂L_t/∂h_t ∗ ∂h_t/∂C_t ∗ … ∗ "
        "(∏_{k=2}^t ∂C_k/∂C_{k−1}) ∗ ∂C_1/∂W",
        how="The formula, with ∂C_k/∂C_{k−1} as derived, compared with autograd for each gate's "
        "weights; and the sum over all steps, with Jacobians of the whole state (h, C).",
    )
)
def parameter_gradient(setting: Setting) -> Iterator[Evidence]:
    """Test the formula: it is one term of a sum over steps, for a part of the state."""
    lstm, steps = random_lstm(setting, 0)
    along = setting.normal(D, stream=1000)  # ∂L/∂h_T
    said, truth = text_gradient(lstm, steps, along), autograd_gradient(lstm, steps, along)
    pairs = zip(said.chunk(4), truth.chunk(4), strict=True)
    gates = dict(zip(("W_f", "W_i", "W_C", "W_o"), pairs, strict=True))
    off = {name: relative_error(*pair) for name, pair in gates.items() if name != "W_C"}
    yield required_evidence(
        f"T = {STEPS} steps: relative difference from autograd for " + ", ".join(off),
        number_list(off.values(), 2),
        max(off.values()) <= TOLERANCE,
        "W acts at every step: the gradient is a sum over the steps k, of which the text has the "
        "term k = 1 alone",
    )
    for name in ("W_f", "W_o"):
        one, other = (each.norm().item() for each in gates[name])
        yield required_evidence(
            f"size of the gradient of {name} by the text, and by autograd",
            f"{number(one, 2)}, {number(other, 2)}",
            abs(one - other) <= TOLERANCE * other,
            "C_1 depends neither on W_f, since C_0 = 0, nor on W_o: the text's gradient of these "
            "is 0",
        )
    yield auxiliary_evidence(
        "the sum over all steps, with the text's factors ∂C_k/∂C_{k−1}: relative difference from "
        "autograd",
        number(relative_error(text_summed_gradient(lstm, steps, along), truth), 2),
    )
    yield auxiliary_evidence(
        "the sum over all steps, with Jacobians of the whole state (h, C)",
        number(relative_error(summed_gradient(lstm, steps, along), truth), 2),
    )
    first = steps[:1]
    said, truth = text_gradient(lstm, first, along), autograd_gradient(lstm, first, along)
    alone = (relative_error(said.chunk(4)[gate], truth.chunk(4)[gate]) for gate in (1, 3))
    yield auxiliary_evidence(
        "the text's formula with a single step, T = 1: relative difference from autograd for W_i, "
        "and for W_o, which acts on h_1 without passing through C",
        number_list(alone, 2),
    )


def autograd_gradient(lstm: LSTM, steps: list[Step], along: Tensor) -> Tensor:
    """Compute ∂L/∂W by autograd; (4d, d + m)."""
    W = lstm.W.clone().requires_grad_()
    last = LSTM(W, lstm.b).run(torch.stack([step.x for step in steps]))[-1]
    return torch.autograd.grad(along @ last.h, W)[0]


@claim(
    Statement(
        id="forget-product",
        exercise="A6.3",
        text="∏_{k=t+1}^T ∂C_k/∂C_{k−1} = (f_k f_{k+1} … f_T) + other terms.",
        original="∏_{k=t+1}^T ∂C^(k)/∂C^(k−1) = (f^(k) f^(k+1) … f^(T)) + other",
        how="The product of the factors, compared with the product of the forget gates over short "
        "and long distances, and with ∂C_T/∂C_t by autograd through the whole recurrence.",
    )
)
def forget_product(setting: Setting) -> Iterator[Evidence]:
    """Test the product of factors: the identity holds, but it is not the whole derivative."""
    lstm, steps = random_lstm(setting, 1)
    factors = lstm.factors(steps)
    alone = LSTM(torch.cat([torch.zeros(4 * D, D), lstm.W[:, D:]], 1), lstm.b)  # gates see x alone
    lonely = alone.run(torch.stack([step.x for step in steps]))
    only = alone.factors(lonely)
    gates = jacobian_product([torch.diag(step.f) for step in lonely[1:]])
    off = relative_error(jacobian_product(only), gates)
    yield required_evidence(
        f"without weights on h_(k−1), over {STEPS - 1} steps: relative difference between the "
        "product of factors and f_(t+1) ⊙ … ⊙ f_T",
        number(off, 2),
        off <= TOLERANCE,
        "the product of factors is not that of the forget gates",
    )
    distances = (1, 3, STEPS - 1)
    others = []
    for distance in distances:
        whole = jacobian_product(factors[:distance])
        forget = jacobian_product([torch.diag(step.f) for step in steps[1 : distance + 1]])
        others.append(((whole - forget).norm() / whole.norm()).item())
    yield auxiliary_evidence(
        f"with weights on h_(k−1), over {', '.join(map(str, distances))} steps: norm of the other "
        "terms as a share of the product's",
        ", ".join(map(percent, others)),
    )
    first = torch.stack([step.f for step in steps[1:]])
    late = relative_error(first[1:].prod(0), first.prod(0))
    yield limiting_evidence(
        "the product of forget gates from f_(t+2) on instead of f_(t+1) (the text writes f_k, "
        "where k names no step): relative difference",
        number(late, 2),
        late > TOLERANCE,
        "the first gate of the product is f_(t+1)",
    )
    truths = [_autograd_product(lstm, steps, distance) for distance in distances]
    off_by = [
        relative_error(jacobian_product(factors[:distance]), truth)
        for distance, truth in zip(distances, truths, strict=True)
    ]
    yield limiting_evidence(
        f"∂C_T/∂C_t by autograd over {', '.join(map(str, distances))} steps: relative difference "
        "of the product of factors",
        number_list(off_by, 2),
        max(off_by) > TOLERANCE,
        "the product is not ∂C_T/∂C_t: h_k depends on h_{k−1} by o_k too, so the chain rule runs "
        "over the state (h, C)",
    )
    start = torch.cat([h_by_C(steps[0]), torch.eye(D, dtype=lstm.W.dtype)])
    chained = [
        (jacobian_product([lstm.state_jacobian(step) for step in steps[1 : distance + 1]]) @ start)[
            D:
        ]
        for distance in distances
    ]
    yield auxiliary_evidence(
        "relative difference of the product of the Jacobians of (h, C)",
        ", ".join(number(relative_error(c, t), 2) for c, t in zip(chained, truths, strict=True)),
    )


def _autograd_product(lstm: LSTM, steps: list[Step], distance: int) -> Tensor:
    """Compute ∂C_T/∂C_1 by autograd over `distance` steps, with o_1 constant; (d, d)."""

    def last(C: Tensor) -> Tensor:
        h = steps[0].o * torch.tanh(C)
        for step in steps[1 : distance + 1]:
            now = lstm.step(step.x, h, C)
            h, C = now.h, now.C
        return C

    jacobian: Tensor = torch.autograd.functional.jacobian(last, steps[0].C)  # type: ignore[no-untyped-call]
    return jacobian
