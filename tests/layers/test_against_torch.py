"""Each textbook layer against torch's own result with the same weights, gradients included."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from layerlaw import layers
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

TEXTBOOK = [name for name in layers.names() if not layers.get(name).native]
CASES = [  # batch and sizes: one position, m ≠ d, k > n, several heads
    (1, {"n": 1, "d": 4, "k": 1}),
    (2, {"n": 7, "d": 6, "k": 3, "m": 5, "h": 3}),
    (3, {"n": 12, "d": 8, "k": 7, "m": 11, "h": 8}),
    (2, {"n": 3, "d": 2, "k": 5, "m": 1, "h": 1}),
]


def call(module: nn.Module, weights: dict[str, Tensor], *inputs: Tensor, **options: bool) -> Tensor:
    """Call torch's module with these weights in the place of its own."""
    out = functional_call(module.double(), weights, inputs, options)
    return out[0] if isinstance(out, tuple) else out


def rnn(x: Tensor, U: Tensor, W: Tensor) -> Tensor:
    module = nn.RNN(*reversed(U.shape), bias=False, batch_first=True)
    return call(module, {"weight_ih_l0": U, "weight_hh_l0": W}, x)


def lstm(x: Tensor, W: Tensor, b: Tensor) -> Tensor:
    d, m = len(b) // 4, x.shape[-1]
    f, i, c, o = range(4)  # the course text's order; torch's is i, f, c, o
    W = torch.cat([W.chunk(4)[gate] for gate in (i, f, c, o)])
    b = torch.cat([b.chunk(4)[gate] for gate in (i, f, c, o)])
    weights = {
        "weight_hh_l0": W[:, :d],
        "weight_ih_l0": W[:, d:],
        "bias_ih_l0": b,
        "bias_hh_l0": torch.zeros_like(b),
    }
    return call(nn.LSTM(m, d, batch_first=True), weights, x)


def gru(x: Tensor, W: Tensor, U_gates: Tensor, U: Tensor) -> Tensor:
    """Cho et al. 2014, equations 5 to 8, sequence by sequence: torch has no such layer."""
    W_r, W_z, W_h = W.chunk(3)
    U_r, U_z = U_gates.chunk(2)
    sequences = []
    for sequence in x:
        h = x.new_zeros(len(U))
        states = []
        for x_t in sequence:
            r = torch.sigmoid(W_r @ x_t + U_r @ h)
            z = torch.sigmoid(W_z @ x_t + U_z @ h)
            h = z * h + (1 - z) * torch.tanh(W_h @ x_t + U @ (r * h))
            states.append(h)
        sequences.append(torch.stack(states))
    return torch.stack(sequences)


def gru_reset_after(x: Tensor, W: Tensor, U: Tensor, b: Tensor, c: Tensor) -> Tensor:
    weights = {"weight_ih_l0": W, "weight_hh_l0": U, "bias_ih_l0": b, "bias_hh_l0": c}
    return call(nn.GRU(x.shape[-1], U.shape[-1], batch_first=True), weights, x)


def conv(x: Tensor, W: Tensor) -> Tensor:
    d = len(W)
    kernel = W.unflatten(1, (-1, d)).mT  # (d, k·d) -> (d, k, d) -> (out, in, k)
    module = nn.Conv1d(d, d, kernel.shape[-1], padding="same", bias=False)
    return call(module, {"weight": kernel}, x.mT).mT


def conv_1x1(x: Tensor, W: Tensor) -> Tensor:
    d, m = W.shape
    return call(nn.Conv1d(m, d, 1, bias=False), {"weight": W[:, :, None]}, x.mT).mT


def multihead(x: Tensor, W_Q: Tensor, W_K: Tensor, W_V: Tensor, W_O: Tensor) -> Tensor:
    module = nn.MultiheadAttention(len(W_O), len(W_Q), bias=False, batch_first=True)
    projections = torch.cat([W.flatten(0, 1) for W in (W_Q, W_K, W_V)])
    weights = {"in_proj_weight": projections, "out_proj.weight": W_O}
    return call(module, weights, x, x, x, need_weights=False)


REFERENCES: dict[str, Callable[..., Tensor]] = {
    "rnn": rnn,
    "lstm": lstm,
    "gru": gru,
    "gru_reset_after": gru_reset_after,
    "conv": conv,
    "conv_1x1": conv_1x1,
    "attention": lambda Q, K, V: F.scaled_dot_product_attention(Q, K, V, scale=1.0),
    "attention_scores": lambda Q, K: torch.einsum("bid,bjd->bij", Q, K),
    "attention_softmax": lambda S: S.exp() / S.exp().sum(dim=-1, keepdim=True),
    "attention_sum": lambda A, V: torch.einsum("bij,bjd->bid", A, V),
    "multihead": multihead,
    "token_mixing": lambda x, W: F.linear(x.mT, W).mT,
    "dense": lambda x, W, b: call(nn.Linear(*W.shape), {"weight": W, "bias": b}, x),
}


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def test_every_textbook_layer_has_a_reference() -> None:
    assert set(TEXTBOOK) <= set(REFERENCES), "write the missing references in this file"


@pytest.mark.parametrize(("batch", "sizes"), CASES)
@pytest.mark.parametrize("name", TEXTBOOK)
def test_output_and_gradients_are_those_of_torch(name: str, batch: int, sizes: dict) -> None:
    layer = layers.get(name)
    module = layer.build(sizes).double()
    inputs = [
        x.requires_grad_() for x in layer.make_inputs(sizes, batch=batch, dtype=torch.float64)
    ]
    weights = dict(module.named_parameters())

    ours = module(*inputs)
    theirs = REFERENCES[name](*inputs, **weights)
    assert ours.dtype == torch.float64
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() < 1e-10

    cotangent = torch.randn_like(ours)
    leaves = [*inputs, *weights.values()]
    gradients = zip(
        torch.autograd.grad(ours, leaves, cotangent),
        torch.autograd.grad(theirs, leaves, cotangent),
        strict=True,
    )
    for our, their in gradients:
        assert (our - their).abs().max() < 1e-10


TWINS = {  # native layer -> its textbook twin, and the twin's weights from torch's
    "torch_rnn": ("rnn", lambda w: {"U": w["weight_ih_l0"], "W": w["weight_hh_l0"]}),
    "torch_gru": (
        "gru_reset_after",
        lambda w: dict(zip("WUbc", w.values(), strict=True)),
    ),
    "torch_conv": ("conv", lambda w: {"W": w["weight"].mT.flatten(1)}),
}


@pytest.mark.parametrize(("batch", "sizes"), CASES)
@pytest.mark.parametrize("name", TWINS)
def test_a_native_layer_is_the_function_of_its_twin(name: str, batch: int, sizes: dict) -> None:
    native = layers.get(name)
    twin, translate = TWINS[name]
    module = native.build(sizes).double()
    weights = {key.removeprefix("module."): w for key, w in module.named_parameters()}
    inputs = native.make_inputs(sizes, batch=batch, dtype=torch.float64)
    difference = module(*inputs) - layers.get(twin).forward(*inputs, **translate(weights))
    assert difference.abs().max() < 1e-10


def test_the_two_gru_forms_are_different_functions() -> None:
    sizes = {"n": 5, "d": 4}
    (x,) = layers.get("gru").make_inputs(sizes, dtype=torch.float64)
    before = layers.get("gru").build(sizes).double()
    W, U_gates, U = before.W, before.U_gates, before.U
    zero = torch.zeros(12, dtype=torch.float64)
    after = layers.get("gru_reset_after").forward(x, W, torch.cat([U_gates, U]), zero, zero)
    assert (before(x)[:, 0] - after[:, 0]).abs().max() < 1e-10  # the first state is zero
    assert (before(x) - after).abs().max() > 1e-3
