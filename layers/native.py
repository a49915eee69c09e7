"""Torch's own layers, to compare the time of a fused kernel with that of the formula.

FLOPs are those of the operations that torch decomposes the layer into on meta tensors; a fused
kernel may save some of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sympy import Integer, Min

from .attention import Attention
from .convolution import Convolution
from .core import Native, Sizes, Textbook, Theory, d, m, n, register, torch
from .recurrent import LSTM, ElmanRNN, GRUResetAfter

if TYPE_CHECKING:
    from torch import Tensor, nn


#: Source for temporaries of 0: the kernel's own memory is not counted.
_UNSEEN = "not counted: the kernel works in blocks and makes no full copy"


def _like(layer: type[Textbook], sources: dict[str, str], **changes: Any) -> Theory:
    """Return a textbook layer's theory with the changes of the kernel, and sources for them."""
    return replace(layer.theory, **changes, sources={**layer.theory.sources, **sources})


@register
class TorchRNN(Native):
    """``nn.RNN`` without biases: the same function as ``rnn``."""

    name = "torch_rnn"
    title = "nn.RNN"
    formula = ElmanRNN.formula
    inputs = {"x": (n, m)}
    ties = {"m": d}
    module_sizes = ("m", "d")
    causal = True
    theory = ElmanRNN.theory

    def module(self, sizes: Sizes) -> nn.Module:
        return torch.nn.RNN(sizes["m"], sizes["d"], bias=False, batch_first=True)

    def forward(self, module: nn.Module, x: Tensor) -> Tensor:  # (batch, n, m)
        states: Tensor = module(x)[0]
        return states  # (batch, n, d)


@register
class TorchLSTM(Native):
    """``nn.LSTM``: the function of ``lstm`` with a bias for the input and one for the state."""

    name = "torch_lstm"
    title = "nn.LSTM"
    formula = LSTM.formula
    inputs = {"x": (n, m)}
    ties = {"m": d}
    module_sizes = ("m", "d")
    causal = True
    theory = _like(
        LSTM,
        {
            "flops": "as lstm; a second bias, and one sum of the two products, of width 4d each",
            "parameters": "torch's documentation of nn.LSTM: two biases",
            "depth": "as lstm; a second bias",
            "distance": "as lstm; a second bias",
        },
        flops=n * (8 * d * (d + m) + 21 * d),
        parameters=4 * d * (d + m) + 8 * d,
        depth=8 * n,
        distance=Min(5 * n, 2 * n + 6),
    )

    def module(self, sizes: Sizes) -> nn.Module:
        return torch.nn.LSTM(sizes["m"], sizes["d"], batch_first=True)

    def forward(self, module: nn.Module, x: Tensor) -> Tensor:  # (batch, n, m)
        states: Tensor = module(x)[0]
        return states  # (batch, n, d)


@register
class TorchGRU(Native):
    """``nn.GRU``: the same function as ``gru_reset_after``."""

    name = "torch_gru"
    title = "nn.GRU"
    formula = GRUResetAfter.formula
    inputs = {"x": (n, m)}
    ties = {"m": d}
    module_sizes = ("m", "d")
    causal = True
    theory = _like(
        GRUResetAfter,
        {
            "flops": "as gru_reset_after; h̃ + z ⊙ (h − h̃) saves one operation",
            "depth": "as gru_reset_after; h̃ + z ⊙ (h − h̃) is one longer",
            "distance": "5 into h, then per step a difference, z ⊙ and a sum",
        },
        flops=n * (6 * d * m + 6 * d**2 + 16 * d),
        depth=10 * n,
        distance=3 * n + 2,
    )

    def module(self, sizes: Sizes) -> nn.Module:
        return torch.nn.GRU(sizes["m"], sizes["d"], batch_first=True)

    def forward(self, module: nn.Module, x: Tensor) -> Tensor:  # (batch, n, m)
        states: Tensor = module(x)[0]
        return states  # (batch, n, d)


@register
class TorchConv(Native):
    """``nn.Conv1d`` without bias and without an unfolded copy: the same function as ``conv``."""

    name = "torch_conv"
    title = "nn.Conv1d"
    formula = Convolution.formula
    axes = Convolution.axes
    integer_expressions = Convolution.integer_expressions
    module_sizes = ("d", "k")
    theory = _like(
        Convolution,
        {"memory": "the input, saved for the gradient of W", "temporaries": _UNSEEN},
        memory=n * d,
        temporaries=Integer(0),
    )

    def module(self, sizes: Sizes) -> nn.Module:
        width, size = sizes["d"], sizes["k"]
        return torch.nn.Conv1d(width, width, size, padding=(size - 1) // 2, bias=False)

    def forward(self, module: nn.Module, x: Tensor) -> Tensor:  # (batch, n, d)
        channels_first: Tensor = module(x.mT)  # (batch, d, n)
        return channels_first.mT  # (batch, n, d)


@register
class ScaledDotProductAttention(Native):
    """``F.scaled_dot_product_attention`` of one head: ``attention`` with the usual scaling.

    The scaling keeps the scores near unit variance, so the softmax yields no subnormal numbers.
    """

    name = "sdpa"
    title = "scaled-dot-product attention"
    formula = "Softmax(Q Kᵀ / √d) V"
    inputs = Attention.inputs
    module_sizes = ()
    theory = _like(
        Attention,
        {
            "flops": "as attention, and the scaling of Q and of K by the root of 1/√d",
            "memory": "Dao et al. 2022: the weights are computed anew in the backward pass",
            "temporaries": _UNSEEN,
            "depth": "as attention, and the scaling of Q and K before it",
        },
        flops=4 * n**2 * d + 5 * n**2 + 2 * n * d,
        memory=n * d,
        temporaries=Integer(0),
        depth=Integer(8),
    )

    def forward(self, module: nn.Module, Q: Tensor, K: Tensor, V: Tensor) -> Tensor:
        # The flash kernels take only (batch, heads, n, d): without the axis of heads, torch falls
        # back to a kernel that stores all n × n weights.
        Q, K, V = Q.unsqueeze(1), K.unsqueeze(1), V.unsqueeze(1)  # each (batch, 1, n, d)
        return torch.nn.functional.scaled_dot_product_attention(Q, K, V).squeeze(1)
