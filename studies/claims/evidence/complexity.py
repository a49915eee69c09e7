"""Exercise A6.4: the complexity of layers, phase by phase, and the table that compares them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import sympy
from sympy import Expr

from .... import layers
from ....analysis import formula_text, number
from ....layers import d, evaluate, k, m, n, subs, torch
from ..costs import (
    flops_match_theory,
    has_order,
    layer_formulas,
    order_evidence,
    phase_share,
    time_evidence,
)
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
    pass

_TIMED = "FLOPs as a formula solved from counts; the law of the measured time."


# The recurrent layer: h_t = f(U x_t + W h_{t−1}).


@claim(
    Statement(
        id="recurrence-input",
        exercise="A6.4",
        text="Recurrent layer, U x_t: d × m times m × 1, O(m·d), where m is the input size.",
        original="U x_t: d×m 与 m×1 运算，复杂度为 O(md)，m为input size",
        how=f"{_TIMED} The phase over all n positions is the layer conv_1x1.",
        timed=("conv_1x1",),
    )
)
def recurrence_input(setting: Setting) -> Iterator[Evidence]:
    """Count one product of a d × m matrix and a vector for each position."""
    phase = layers.get("conv_1x1")
    points = [{"n": 1, "d": 8, "m": 3}, {"n": 5, "d": 8, "m": 3}, {"n": 7, "d": 2, "m": 64}]
    step = sympy.cancel(phase.theory.flops / n)
    yield required_evidence(
        "exact FLOPs of a position, counted at m < d and m > d; compared with O(d·m)",
        formula_text(step),
        flops_match_theory(phase, points) and has_order(d * m, step),
        "counted FLOPs are not O(d·m)",
    )
    yield from time_evidence(setting, "conv_1x1")


@claim(
    Statement(
        id="recurrence-state",
        exercise="A6.4",
        text="Recurrent layer, W h_{t−1}: d × d times d × 1, O(d²).",
        original="W h_{t−1}: d×d 与 d×1 运算，复杂度为 O(d²)",
        how=f"{_TIMED} The phase over all n steps is the layer rnn_states.",
        timed=("rnn_states",),
    )
)
def recurrence_state(setting: Setting) -> Iterator[Evidence]:
    """Count one product of a d × d matrix and a vector for each step."""
    flops = layer_formulas("rnn_states")["flops"].expression
    yield order_evidence(d**2, sympy.expand(sympy.cancel(flops / n)), "a step of rnn_states")
    chain = layer_formulas("rnn_states")["sequential_ops"].expression
    yield auxiliary_evidence("sequential operations of n steps", formula_text(chain))
    yield from time_evidence(setting, "rnn_states")


@claim(
    Statement(
        id="recurrence-total",
        exercise="A6.4",
        text="So a step of the recurrent layer is O(d²), and n sequential steps are O(n·d²).",
        original="故一次操作的时间复杂度为 O(d²)，n次序列操作后的总时间复杂度为 O(nd²)",
        how=f"{_TIMED} The sum of both phases compared with the whole; the share of U x_t as m "
        "grows.",
        timed=("rnn", "rnn_states", "conv_1x1"),
    )
)
def recurrence_total(setting: Setting) -> Iterator[Evidence]:
    """Test the whole layer: it holds if the input is no wider than the state."""
    whole = layer_formulas("rnn")["flops"].expression
    phases = [layer_formulas(name)["flops"].expression for name in ("conv_1x1", "rnn_states")]
    yield order_evidence(n * d**2, whole, "rnn, m = d")
    left = sympy.expand(whole - sum(phases))
    yield required_evidence(
        "FLOPs of rnn minus those of its phases U x_t (conv_1x1) and the steps (rnn_states)",
        formula_text(left),
        left == 0,
        "the phases do not add up to the whole",
    )
    layer = layers.get("rnn")
    wide = [{"n": 5, "d": 8, "m": m} for m in (8, 64, 512)]
    exact = flops_match_theory(layer, wide)
    shares = [evaluate(2 * d * m / (layer.theory.flops / n), at) for at in wide]
    yield limiting_evidence(
        "share of U x_t in a step's FLOPs at m = d, 8d, 64d",
        ", ".join(f"{share:.0%}" for share in shares),
        exact and not has_order(d**2, layer.theory.flops / n),
        "m must grow no faster than d: in general a step is O(m·d + d²)",
    )
    yield from time_evidence(setting, "rnn")
    yield from _phase_times(
        setting,
        "rnn",
        ("conv_1x1", "rnn_states"),
        " (which computes U x_t step by step; the phase computes all at once)",
    )


# The convolution.


@claim(
    Statement(
        id="convolution-padding",
        exercise="A6.4",
        text="Without padding a convolution of stride 1 gives n − k + 1 positions; to keep n, the "
        "sequence is padded by (k − 1)/2 before and behind.",
        original="如果不padding的话，那么输出的第一个维度为 n−k+1，因为这里stride是为1的。"
        "为了保证输入输出相同，则需要对序列的前后分别padding长度为(k−1)/2",
        how="Shapes of torch's convolution for several k, odd and even.",
    )
)
def convolution_padding(setting: Setting) -> Iterator[Evidence]:
    """Test the number of positions: padding keeps n for odd k alone."""
    length, kernels = 20, (1, 3, 4, 5, 8, 9)

    def positions(k: int, padding: int) -> int:
        x, W = torch.zeros(1, 1, length), torch.zeros(1, 1, k)
        return int(torch.nn.functional.conv1d(x, W, padding=padding).shape[-1])

    plain = [positions(k, 0) for k in kernels]
    yield required_evidence(
        f"n = {length}, k = {', '.join(map(str, kernels))}: positions without padding",
        ", ".join(map(str, plain)),
        plain == [length - k + 1 for k in kernels],
        "their number is not n − k + 1",
    )
    odd = [k for k in kernels if k % 2]
    padded = [positions(k, (k - 1) // 2) for k in odd]
    yield required_evidence(
        "padded by (k − 1)/2 on both sides, odd k",
        ", ".join(map(str, padded)),
        padded == [length] * len(odd),
        "it does not keep n",
    )
    even = [k for k in kernels if not k % 2]
    around = [[positions(k, (k - 1) // 2), positions(k, k // 2)] for k in even]
    yield limiting_evidence(
        f"even k = {', '.join(map(str, even))}: (k − 1)/2 rounded down, and rounded up",
        "; ".join(", ".join(map(str, each)) for each in around),
        all(length not in each for each in around),
        "k must be odd",
    )


@claim(
    Statement(
        id="convolution-kernel",
        exercise="A6.4",
        text="Convolution: one application of a k × d kernel is O(k·d); it is done n times: "
        "O(n·k·d).",
        original="大小为k×d的卷积核一次运算的复杂度为: O(kd)，一共做了n次，故复杂度为O(nkd)",
        how="FLOPs of conv as a formula solved from counts, divided by its d kernels and n "
        "positions.",
    )
)
def convolution_kernel(setting: Setting) -> Iterator[Evidence]:
    """Test one of the d kernels."""
    whole = layer_formulas("conv")["flops"].expression
    yield order_evidence(k * d, sympy.cancel(whole / (n * d)), "one kernel at one position")
    yield order_evidence(n * k * d, sympy.cancel(whole / d), "one kernel at all positions")


@claim(
    Statement(
        id="convolution-total",
        exercise="A6.4",
        text="To keep the second dimension d there are d kernels, so the convolution is O(n·k·d²).",
        original="为了保证第二个维度相同，故需要d个卷积核，所以卷积操作总的时间复杂度为 O(nkd²)",
        how=f"{_TIMED} The matrix product alone is the layer conv_product, whose input has the "
        "windows already copied out.",
        timed=("conv", "conv_product"),
    )
)
def convolution_total(setting: Setting) -> Iterator[Evidence]:
    """Test that the matrix product has all of its FLOPs: windows are only copied."""
    whole = layer_formulas("conv")["flops"].expression
    yield order_evidence(n * k * d**2, whole, "conv")
    left = sympy.expand(whole - layer_formulas("conv_product")["flops"].expression)
    yield required_evidence(
        "FLOPs of conv minus those of conv_product",
        formula_text(left),
        left == 0,
        "the product does not have all FLOPs",
    )
    (weight,) = layers.get("conv").build({"n": 4, "d": 6, "k": 3}).parameters()
    kernels = len(weight)
    yield required_evidence(
        "kernels at d = 6", str(kernels), kernels == 6, "there are not d kernels"
    )
    yield from time_evidence(setting, "conv", "conv_product")
    yield from _phase_times(setting, "conv", ("conv_product",))


# Self-attention: Softmax(Q Kᵀ) V.


@claim(
    Statement(
        id="attention-scores",
        exercise="A6.4",
        text="Self-attention, similarities Q Kᵀ: n × d times d × n gives an n × n matrix, O(n²·d).",
        original="相似度计算 QK^T: n×d 与 d×n 运算，得到 n×n 矩阵，复杂度为 O(n²d)",
        how=_TIMED,
        timed=("attention_scores",),
    )
)
def attention_scores(setting: Setting) -> Iterator[Evidence]:
    """Test the phase `attention_scores`."""
    yield from _phase_evidence(setting, "attention_scores", n**2 * d)


@claim(
    Statement(
        id="attention-softmax",
        exercise="A6.4",
        text="Self-attention, softmax: O(n) for each row, O(n²) for n rows.",
        original="softmax计算: 对每行做softmax，复杂度为O(n)，则n行的复杂度为O(n²)",
        how=_TIMED,
        timed=("attention_softmax",),
    )
)
def attention_softmax(setting: Setting) -> Iterator[Evidence]:
    """Test the phase `attention_softmax`."""
    flops = layer_formulas("attention_softmax")["flops"].expression
    yield order_evidence(n, sympy.cancel(flops / n), "the softmax of a row")
    yield from _phase_evidence(setting, "attention_softmax", n**2)


@claim(
    Statement(
        id="attention-sum",
        exercise="A6.4",
        text="Self-attention, weighted sum: n × n times n × d gives an n × d matrix, O(n²·d).",
        original="加权和: n×n 与 n×d 运算，得到 n×d 矩阵，复杂度为 O(n²d)",
        how=_TIMED,
        timed=("attention_sum",),
    )
)
def attention_sum(setting: Setting) -> Iterator[Evidence]:
    """Test the phase `attention_sum`."""
    yield from _phase_evidence(setting, "attention_sum", n**2 * d)


_PHASES = ("attention_scores", "attention_softmax", "attention_sum")


@claim(
    Statement(
        id="attention-total",
        exercise="A6.4",
        text="So self-attention is O(n²·d).",
        original="故最后self-attention的时间复杂度为 O(n²d)",
        how=f"{_TIMED} The sum of the three phases compared with the whole.",
        timed=("attention", *_PHASES),
    )
)
def attention_total(setting: Setting) -> Iterator[Evidence]:
    """Test that the phases add up to the whole."""
    whole = layer_formulas("attention")["flops"].expression
    yield order_evidence(n**2 * d, whole, "attention")
    left = sympy.expand(whole - sum(layer_formulas(name)["flops"].expression for name in _PHASES))
    yield required_evidence(
        "FLOPs of attention minus those of its three phases",
        formula_text(left),
        left == 0,
        "the phases do not add up to the whole",
    )
    yield from time_evidence(setting, "attention")
    yield from _phase_times(setting, "attention", _PHASES)


def _phase_evidence(setting: Setting, name: str, order: Expr) -> Iterator[Evidence]:
    yield order_evidence(order, layer_formulas(name)["flops"].expression, name)
    layer, at = layers.get(name), {"n": 5, "d": 3}
    shape = layer.build(at)(*layer.make_inputs(at)).shape[1:]
    said = tuple(int(subs(side, at)) for side in layer.output)
    yield required_evidence(
        f"shape of the result at n = 5, d = 3; expected {layer.output}",
        str(tuple(shape)),
        tuple(shape) == said,
        "it has another shape",
    )
    yield from time_evidence(setting, name)


def _phase_times(
    setting: Setting, whole: str, phases: tuple[str, ...], note: str = ""
) -> Iterator[Evidence]:
    """Compare the summed times of the phases with the whole, by laws, if all were measured."""
    if share := phase_share(setting, whole, phases):
        yield auxiliary_evidence(
            f"time of {' + '.join(phases)} / time of {whole}{note}, median over its measured "
            "points",
            number(share, 2),
        )
