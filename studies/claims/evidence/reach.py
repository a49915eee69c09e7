"""Exercise A6.4: what connects distant positions, and which layers accept any length."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from sympy import Integer

from .... import layers
from ....analysis import formula_text, number, number_list
from ....layers import n, torch
from ..costs import layer_formulas
from ..statement import (
    Evidence,
    Setting,
    Statement,
    auxiliary_evidence,
    claim,
    limiting_evidence,
    required_evidence,
)
from .distance import NEAR, SIZES, far_gradient, gradient_by_distance
from .vanishing import VANISHING

if TYPE_CHECKING:
    from torch import Tensor, nn

#: Sizes at which path lengths are counted.
PATH_SIZES = {**SIZES, "n": 32, "d": 4, "N": 2}


@claim(
    Statement(
        id="not-suited",
        exercise="A6.4",
        text="Therefore convolutional and recurrent layers are not suited to modelling long-range "
        "dependences.",
        original="因此，卷积层和循环层不适合用于建模长距离依赖关系",
        how=f"Layers and operations from the first of {PATH_SIZES['n']} positions to the last, and "
        f"the gradient of the last of {SIZES['n']} outputs with respect to the first {NEAR} inputs "
        "divided by the largest one, for conv and rnn and for two variants designed for long "
        "range, dilated_stack and ssm.",
    )
)
def not_suited(setting: Setting) -> Iterator[Evidence]:
    """Test far gradients and paths: dilated convolutions and state spaces are suited."""
    from ....measure import shortest_path  # loads torch

    def path(name: str) -> str:
        layer = layers.get(name)
        found = shortest_path(
            layer, {axis: s for axis, s in PATH_SIZES.items() if axis in layer.axes}
        )
        return f"layers {found.layers}, operations {found.steps}" if found else "no path"

    plain = {name: far_gradient(gradient_by_distance(setting, name)) for name in ("conv", "rnn")}
    yield required_evidence(
        f"conv (k = {SIZES['k']}) and rnn: far gradient / largest gradient in one layer",
        number_list(plain.values(), 2),
        max(plain.values()) < VANISHING,
        "their far gradient does not vanish",
    )
    yield auxiliary_evidence("paths of conv, rnn", "; ".join(map(path, plain)))
    for name, why in {
        "dilated_stack": "dilated convolutions connect all positions in ⌈log_k n⌉ layers",
        "ssm": "the gradient of a linear state space does not vanish, though its path is as long "
        "as the RNN's",
    }.items():
        share = far_gradient(gradient_by_distance(setting, name))
        yield limiting_evidence(
            f"{name}: the same gradient, and path",
            f"{number(share, 2)}, {path(name)}",
            share > VANISHING,
            f"it holds for plain layers alone: {why}",
        )
    share = far_gradient(gradient_by_distance(setting, "attention"))
    yield auxiliary_evidence("attention", f"{number(share, 2)}, {path('attention')}")


@claim(
    Statement(
        id="depth",
        exercise="A6.4",
        text="Long-range dependences can be established by more layers: a deep network gets "
        "information from afar.",
        original="1. 增加网络的层数，通过一个深层网络来获取远距离的信息交互",
        how="The number of stacked layers at which the last position depends on the first, "
        "compared with ⌈2(n − 1)/(k − 1)⌉ for convolutions and ⌈log_k n⌉ for dilations 1, k, k², …",
    )
)
def depth(setting: Setting) -> Iterator[Evidence]:
    """Test the number of layers: depth helps layers that reach beyond their own position."""
    from ....measure import layers_needed  # loads torch

    conv, points = layers.get("conv"), [(n, k) for n in (9, 33) for k in (3, 5, 9)]
    counts = [layers_needed(conv, {"n": n, "d": 2, "k": k}) for n, k in points]
    said = [ceil(2 * (n - 1) / (k - 1)) for n, k in points]
    yield required_evidence(
        f"conv, (n, k) = {', '.join(map(str, points))}: layers, counted and by formula",
        f"{_list(counts)}; {_list(said)}",
        counts == said,
        "the counts differ from the formula",
    )
    stack, lengths = layers.get("dilated_stack"), (9, 27, 28, 81)
    built = [len(next(stack.build({"n": n, "d": 2, "k": 3}).parameters())) for n in lengths]
    joined = all(layers_needed(stack, {"n": n, "d": 2, "k": 3}) == 1 for n in lengths)
    said = [ceil(round(np.log(n) / np.log(3), 9)) for n in lengths]
    yield required_evidence(
        f"dilated_stack, k = 3, n = {_list(lengths)}: its layers, which connect both ends, and "
        "⌈log_3 n⌉",
        f"{_list(built)}; {_list(said)}",
        joined and built == said,
        "⌈log_3 n⌉ dilated layers do not connect both ends",
    )
    others = {
        name: layers_needed(layers.get(name), {"n": 9, "d": 4}) for name in ("rnn", "attention")
    }
    yield auxiliary_evidence("rnn and attention: layers", _list(list(others.values())))
    alone = [layers_needed(layers.get(name), {"n": 9, "d": 4}) for name in ("conv_1x1", "dense")]
    yield limiting_evidence(
        "conv_1x1 and dense: layers",
        ", ".join("never" if each is None else str(each) for each in alone),
        alone == [None, None],
        "the layers must reach beyond their own position: no depth helps a 1×1 convolution",
    )


@claim(
    Statement(
        id="fully-connected",
        exercise="A6.4",
        text="Long-range dependences can be established by a fully connected network.",
        original="2. 使用全连接网络",
        how="The path length of token_mixing as a formula solved from counts and verified at other "
        "lengths.",
    )
)
def fully_connected(setting: Setting) -> Iterator[Evidence]:
    """Test that one operation connects all positions, at every length."""
    path = layer_formulas("token_mixing")["path_length"]
    yield required_evidence(
        "operations between both ends, as a formula solved from counts and verified at other n",
        f"{path.expression} (n = {_list(sorted({each['n'] for each in path.verified_at}))})",
        path.expression == Integer(1),
        "it takes more than one operation",
    )
    yield auxiliary_evidence(
        "its parameters", formula_text(layer_formulas("token_mixing")["parameters"].expression)
    )


@claim(
    Statement(
        id="variable-length",
        exercise="A6.4",
        text="Fully connected networks cannot process sequences of variable length; self-attention "
        "solves this, because its connection weights are learned dynamically (computed from the "
        "input).",
        original="而全连接网络无法处理变长序列，自注意力模型可以解决这个问题，因为其连接权重是动态学习的",
        how="A module built for n = 16 is applied to sequences of other lengths; whether the "
        "number of parameters depends on n; whether the weights between positions depend on the "
        "input.",
    )
)
def variable_length(setting: Setting) -> Iterator[Evidence]:
    """Test the same weights on sequences of several lengths."""
    built, lengths = 16, (1, 7, 16, 17, 100)
    modules = {
        name: layers.get(name).build({"n": built, "d": 8}).double()
        for name in ("token_mixing", "attention", "multihead")
    }
    served = {
        name: [n for n in lengths if _accepts_length(module, name, n)]
        for name, module in modules.items()
    }
    yield required_evidence(
        f"lengths among {_list(lengths)} that token_mixing, built for {built}, accepts",
        _list(served["token_mixing"]),
        served["token_mixing"] == [built],
        "a fully connected layer accepts other lengths",
    )
    yield required_evidence(
        "the same for attention and multihead",
        f"{_list(served['attention'])}; {_list(served['multihead'])}",
        served["attention"] == served["multihead"] == list(lengths),
        "attention does not accept all lengths",
    )
    counts = {name: layer_formulas(name)["parameters"].expression for name in modules}
    yield required_evidence(
        "parameters of token_mixing, attention, multihead",
        ", ".join(map(formula_text, counts.values())),
        n in counts["token_mixing"].free_symbols
        and not any(n in counts[name].free_symbols for name in ("attention", "multihead")),
        "the number of parameters depends on n in both or in neither",
    )
    moved = [_largest_weight_change(setting, name) for name in ("token_mixing", "attention")]
    yield required_evidence(
        "largest change of the weights between positions from one input to another: token_mixing, "
        "attention",
        number_list(moved, 2),
        moved[0] == 0 < moved[1],
        "the weights of attention are not computed from the input",
    )
    others = {
        name: layers.get(name).build({"n": built, "d": 8, "k": 3}).double()
        for name in ("conv", "rnn")
    }
    yield auxiliary_evidence(
        "weights shared by all positions are another way: lengths that conv and rnn accept",
        "; ".join(
            _list([n for n in lengths if _accepts_length(m, name, n)]) for name, m in others.items()
        ),
    )


def _accepts_length(module: nn.Module, name: str, length: int) -> bool:
    """Return whether a module built for another length gives finite outputs for this one."""
    layer = layers.get(name)
    given = {axis: {"n": length, "d": 8, "k": 3}[axis] for axis in layer.axes}
    inputs = layer.make_inputs(given, dtype=torch.float64)
    try:
        with torch.no_grad():
            out = module(*inputs)
    except RuntimeError:  # shapes that do not match
        return False
    return out.shape == (1, length, 8) and bool(out.isfinite().all())


def _largest_weight_change(setting: Setting, name: str) -> float:
    """Compute the largest change of ∂y_i/∂v_j, the weight of position j, between two inputs."""
    layer = layers.get(name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(setting.seed)
        module = layer.build({"n": 6, "d": 2}).double()
    found = []
    for seed in (1, 2):
        *others, values = layer.make_inputs({"n": 6, "d": 2}, dtype=torch.float64, seed=seed)

        def first_channel(v: Tensor, others: list[Tensor] = others) -> Tensor:
            out: Tensor = module(*others, v)[0, :, 0]
            return out

        jacobian = torch.autograd.functional.jacobian(first_channel, values)  # type: ignore[no-untyped-call]
        found.append(jacobian[:, 0, :, 0])
    return float((found[0] - found[1]).abs().max())


def _list(values: object) -> str:
    return ", ".join(map(str, values))  # type: ignore[call-overload]
