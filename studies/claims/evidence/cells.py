"""States, gates and Jacobians of recurrent layers, as exercise A6.3 derives them.

Letters are the course text's: gates f, i, o and candidate a of the LSTM, its cell C and output h.
All tensors are float64 and have no batch; a Jacobian ∂y/∂x is (elements of y, elements of x).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from ....layers import torch

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Step:
    """One step of an LSTM: input, state before, gates and state after; each (d,) but x."""

    x: Tensor  # (m,)
    h_before: Tensor
    C_before: Tensor
    f: Tensor
    i: Tensor
    a: Tensor
    o: Tensor
    C: Tensor
    h: Tensor


@dataclass(frozen=True)
class LSTM:
    """The weights of the layer `lstm`.

    Parameters
    ----------
    W
        (4d, d + m): the rows of f, i, a and o, on [h_{t−1}, x_t].
    b
        (4d,).
    """

    W: Tensor
    b: Tensor

    @property
    def d(self) -> int:
        """Width of the state."""
        return len(self.b) // 4

    def recurrent_weights(self) -> tuple[Tensor, ...]:
        """Return the columns of W_f, W_i, W_C and W_o that multiply h_{t−1}, each (d, d)."""
        return self.W[:, : self.d].chunk(4)

    def step(self, x: Tensor, h: Tensor, C: Tensor) -> Step:
        """Compute one step from x_t, h_{t−1} and C_{t−1}."""
        f, i, a, o = (self.W @ torch.cat([h, x]) + self.b).chunk(4)
        f, i, a, o = torch.sigmoid(f), torch.sigmoid(i), torch.tanh(a), torch.sigmoid(o)
        after = f * C + i * a
        return Step(x, h, C, f, i, a, o, after, o * torch.tanh(after))

    def run(self, x: Tensor) -> list[Step]:
        """Compute a step for each row of x, (n, m), from the state 0."""
        h = C = x.new_zeros(self.d)
        steps = []
        for x_t in x:
            steps.append(self.step(x_t, h, C))
            h, C = steps[-1].h, steps[-1].C
        return steps

    def terms(self, step: Step, before: Step) -> dict[str, Tensor]:
        """Compute the four terms of ∂C_k/∂C_{k−1}, each (d, d), with o_{k−1} constant.

        They are those of the course text, with diagonal matrices instead of its vectors.
        """
        W_f, W_i, W_C, _ = self.recurrent_weights()
        by_h = torch.diag(before.o * dtanh(torch.tanh(before.C)))  # ∂h_{k−1}/∂C_{k−1}
        return {
            "forget gate": torch.diag(before.C * dsigmoid(step.f)) @ W_f @ by_h,
            "input gate": torch.diag(step.a * dsigmoid(step.i)) @ W_i @ by_h,
            "candidate": torch.diag(step.i * dtanh(step.a)) @ W_C @ by_h,
            "direct": torch.diag(step.f),
        }

    def factor(self, step: Step, before: Step) -> Tensor:
        """Compute ∂C_k/∂C_{k−1}, (d, d): the sum of the four terms."""
        return torch.stack(list(self.terms(step, before).values())).sum(0)

    def factors(self, steps: Sequence[Step]) -> list[Tensor]:
        """Compute ∂C_k/∂C_{k−1} of every step from the second on, each (d, d)."""
        return [self.factor(step, before) for before, step in pairwise(steps)]

    def state_jacobian(self, step: Step) -> Tensor:
        """Compute ∂(h_k, C_k)/∂(h_{k−1}, C_{k−1}), (2d, 2d), the Jacobian of the whole state."""
        W_f, W_i, W_C, W_o = self.recurrent_weights()
        C_by_h = (
            torch.diag(step.C_before * dsigmoid(step.f)) @ W_f
            + torch.diag(step.a * dsigmoid(step.i)) @ W_i
            + torch.diag(step.i * dtanh(step.a)) @ W_C
        )
        C_by_C = torch.diag(step.f)
        out = torch.tanh(step.C)
        h_by_C = torch.diag(step.o * dtanh(out))
        h_by_h = torch.diag(out * dsigmoid(step.o)) @ W_o + h_by_C @ C_by_h
        return torch.cat([torch.cat([h_by_h, h_by_C @ C_by_C], 1), torch.cat([C_by_h, C_by_C], 1)])

    def parameter_jacobian(self, step: Step) -> Tensor:
        """Compute ∂(h_k, C_k)/∂W with the state before constant, (2d, 4d, d + m)."""
        d = self.d
        rows = torch.eye(d, dtype=self.W.dtype)
        given = torch.cat([step.h_before, step.x])  # (d + m,)
        none = torch.zeros(d, dtype=self.W.dtype)
        C_by_gates = [
            step.C_before * dsigmoid(step.f),
            step.a * dsigmoid(step.i),
            step.i * dtanh(step.a),
            none,
        ]
        out = torch.tanh(step.C)
        h_by_gates = [step.o * dtanh(out) * each for each in C_by_gates]
        h_by_gates[3] = out * dsigmoid(step.o)
        by_rows = torch.cat(
            [torch.cat([rows * each for each in gates], 1) for gates in (h_by_gates, C_by_gates)]
        )  # (2d, 4d)
        return by_rows[:, :, None] * given


def dsigmoid(s: Tensor) -> Tensor:
    """Return the derivative of σ where its value is s."""
    return s * (1 - s)


def dtanh(t: Tensor) -> Tensor:
    """Return the derivative of tanh where its value is t."""
    return 1 - t * t


def rnn_jacobians(x: Tensor, U: Tensor, W: Tensor) -> Tensor:
    """Compute ∂h_k/∂h_{k−1} = diag(1 − h_k²) W of the layer `rnn` at each step, (n, d, d)."""
    h = x.new_zeros(len(W))
    factors = []
    for x_t in x:
        h = torch.tanh(U @ x_t + W @ h)
        factors.append(dtanh(h)[:, None] * W)
    return torch.stack(factors)


def jacobian_product(factors: Sequence[Tensor]) -> Tensor:
    """Multiply the Jacobians of successive steps, the last one on the left."""
    product = factors[0]
    for factor in factors[1:]:
        product = factor @ product
    return product


def relative_error(found: Tensor, truth: Tensor) -> float:
    """Compute the relative error ‖found − truth‖/‖truth‖ (Frobenius norms)."""
    return float((found - truth).norm() / truth.norm())
