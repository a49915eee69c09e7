"""Exercise A6.4: how local layers are, by reachability and by gradients against distance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from .... import layers
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
from .vanishing import VANISHING

if TYPE_CHECKING:
    from torch import Tensor, nn

#: Sizes at which gradients are computed: length, width, kernel and number of states.
SIZES = {"n": 128, "d": 16, "k": 3, "N": 8}

#: Number of random weights and inputs that a gradient is averaged over.
DRAWS = 3

#: Number of positions that count as near, and of those at the other end that count as far.
NEAR = 10


def gradient_by_distance(
    setting: Setting, name: str, adjust: Callable[[nn.Module], object] | None = None
) -> Tensor:
    """Compute the norm of the last output's gradient with respect to each input position.

    Parameters
    ----------
    setting
        Gives the seed.
    name
        A layer; it is built in float64.
    adjust
        Changes the module's weights first.

    Returns
    -------
    Tensor
        (n,): root mean square over random directions of the output, the last position first.
    """
    layer = layers.get(name)
    given = {axis: size for axis, size in SIZES.items() if axis in layer.axes}
    total = torch.zeros(SIZES["n"], dtype=torch.float64)
    for draw in range(DRAWS):
        seed = 1000 * setting.seed + draw
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            module = layer.build(given).double()
        if adjust is not None:
            with torch.no_grad():
                adjust(module)
        inputs = layer.make_inputs(given, dtype=torch.float64, seed=seed)
        inputs = tuple(x.requires_grad_() for x in inputs)
        last = module(*inputs)[0, -1]
        along = setting.normal(len(last), stream=draw)
        for gradient in torch.autograd.grad(last, inputs, along, allow_unused=True):
            if gradient is not None:
                total += (gradient[0] ** 2).sum(-1).flip(0)
    return (total / DRAWS).sqrt()


def set_forget_bias(value: float) -> Callable[[nn.Module], object]:
    """Return a function that sets the biases of an LSTM's forget gates."""

    def adjust(module: nn.Module) -> None:
        weights = dict(module.named_parameters())
        bias = next(weight for name, weight in weights.items() if name.split(".")[-1] == "b")
        bias[: SIZES["d"]] = value

    return adjust


def make_orthogonal(module: nn.Module) -> None:
    """Make recurrent weights orthogonal and input weights small, so that tanh is nearly linear."""
    weights = {name.split(".")[-1]: weight for name, weight in module.named_parameters()}
    weights["W"].copy_(torch.linalg.qr(weights["W"]).Q)
    weights["U"].mul_(0.01)


def far_gradient(gradient: Tensor) -> float:
    """Return the gradient of the far positions (root mean square) divided by the largest one."""
    return ((gradient[-NEAR:] ** 2).mean().sqrt() / gradient.max()).item()


def near_share(gradient: Tensor) -> float:
    """Return the share of the squared gradient at the near positions."""
    return ((gradient[:NEAR] ** 2).sum() / (gradient**2).sum()).item()


@claim(
    Statement(
        id="local-encoding",
        exercise="A6.4",
        text="Encodings of sequences by convolutional or recurrent networks are local: they model "
        "local dependences of the input alone.",
        original="基于卷积或循环网络的序列编码都是一种局部的编码方式，只建模了输入信息的局部依赖关系",
        how="The positions of the input that the outputs of one layer depend on, found by changing "
        "the input.",
    )
)
def local_encoding(setting: Setting) -> Iterator[Evidence]:
    """Test reachability: a convolution is local, a recurrent layer reaches the first position."""
    from ....measure import reach  # loads torch

    length, kernel = 7, 3
    most = {}
    for name in ("conv", "rnn", "lstm", "attention"):
        layer = layers.get(name)
        given = {axis: {"n": length, "d": 4, "k": kernel}[axis] for axis in layer.axes}
        most[name] = int(reach(layer, given).sum(1).max())
    yield required_evidence(
        f"n = {length}, k = {kernel}: most positions that an output of conv depends on",
        str(most["conv"]),
        most["conv"] == kernel,
        "an output of a convolution does not depend on k positions",
    )
    yield limiting_evidence(
        "the same for rnn and lstm",
        f"{most['rnn']}, {most['lstm']}",
        most["rnn"] == most["lstm"] == length,
        "it holds for a convolution; a recurrent layer's output depends on all positions before "
        "it, and is local only where gradients vanish",
    )
    yield auxiliary_evidence("the same for attention", str(most["attention"]))


@claim(
    Statement(
        id="short-range",
        exercise="A6.4",
        text="Although recurrent networks can establish long-range dependences in theory, in "
        "practice they establish short-range ones alone, because of vanishing gradients (and the "
        "capacity to pass information on).",
        original="虽然循环网络理论上可以建立长距离依赖关系，但是由于信息传递的容量以及梯度消失问题，"
        "实际上也只能建立短距离依赖关系",
        how=f"Gradient of the last of {SIZES['n']} outputs with respect to the first {NEAR} inputs "
        "divided by the largest one, at random weights; below 2⁻²³, the precision of float32, it "
        "has vanished. Capacity is not tested.",
    )
)
def short_range(setting: Setting) -> Iterator[Evidence]:
    """Test far gradients: they vanish at usual weights, not in layers that preserve their state."""
    plain = {
        name: far_gradient(gradient_by_distance(setting, name)) for name in ("rnn", "lstm", "gru")
    }
    yield required_evidence(
        "far gradient / largest gradient: rnn, lstm, gru at initial weights",
        number_list(plain.values(), 2),
        max(plain.values()) < VANISHING,
        "far gradients do not vanish",
    )
    others = {
        "lstm with a forget bias of 5": far_gradient(
            gradient_by_distance(setting, "lstm", set_forget_bias(5))
        ),
        "rnn with orthogonal W and small U": far_gradient(
            gradient_by_distance(setting, "rnn", make_orthogonal)
        ),
        "ssm, a linear recurrence": far_gradient(gradient_by_distance(setting, "ssm")),
    }
    for name, share in others.items():
        yield limiting_evidence(
            f"the same for {name}",
            number(share, 2),
            share > VANISHING,
            "it holds for recurrent layers at usual initial weights; with forget gates near 1, "
            "orthogonal weights or a linear state space the far gradient does not vanish",
        )


@claim(
    Statement(
        id="near-dominates",
        exercise="A6.4",
        text="As the gradient of an RNN is passed back, it is dominated by near positions, and the "
        "model hardly learns from distant ones.",
        original="RNN梯度消失的原因是，随着梯度的传导，梯度被近距离梯度主导，模型难以学习到远距离的信息",
        how=f"Share of the squared gradient of the last output that the nearest {NEAR} of "
        f"{SIZES['n']} positions have, at random weights.",
    )
)
def near_dominates(setting: Setting) -> Iterator[Evidence]:
    """Test the share of near positions: they dominate at usual weights, not with orthogonal W."""
    even = NEAR / SIZES["n"]
    yield auxiliary_evidence(f"share of {NEAR} positions if all were equal", percent(even))
    share = near_share(gradient_by_distance(setting, "rnn"))
    yield required_evidence(
        "rnn at initial weights", f"{share:.6f}", share > 0.5, "near positions do not dominate"
    )
    share = near_share(gradient_by_distance(setting, "rnn", make_orthogonal))
    yield limiting_evidence(
        "rnn with orthogonal W and small U",
        percent(share),
        share < 0.5,
        "it holds if the singular values of ∂h_k/∂h_{k−1} are well below 1, as at usual weights",
    )
