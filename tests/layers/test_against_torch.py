"""Each textbook layer against torch's own result with the same weights, gradients included."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from layerlaw import layers
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from tests.helpers.sizes import complete

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


def local_attention(Q: Tensor, K: Tensor, V: Tensor, r: int) -> Tensor:
    t = torch.arange(Q.shape[1])
    near = (t[:, None] - t).abs() <= (r - 1) // 2
    return F.scaled_dot_product_attention(Q, K, V, attn_mask=near, scale=1.0)


def grouped_query(x: Tensor, W_Q: Tensor, W_K: Tensor, W_V: Tensor, W_O: Tensor) -> Tensor:
    Q, K, V = (torch.einsum("hcd,bnd->bhnc", W, x) for W in (W_Q, W_K, W_V))
    heads = F.scaled_dot_product_attention(Q, K, V, enable_gqa=True)
    return heads.transpose(1, 2).flatten(2) @ W_O.mT


def separable_conv(x: Tensor, w: Tensor, P: Tensor) -> Tensor:
    d, k = w.shape
    depthwise = nn.Conv1d(d, d, k, padding="same", groups=d, bias=False)
    pointwise = nn.Conv1d(d, d, 1, bias=False)
    along = call(depthwise, {"weight": w[:, None]}, x.mT)
    return call(pointwise, {"weight": P[:, :, None]}, along).mT


def linear_attention(Q: Tensor, K: Tensor, V: Tensor, *, causal: bool) -> Tensor:
    """Katharopoulos et al. 2020, equation 7: weights φ(q)·φ(k) of each pair, made to sum to 1."""
    weights = torch.einsum("bid,bjd->bij", F.elu(Q) + 1, F.elu(K) + 1)
    weights = weights.tril() if causal else weights
    return torch.einsum("bij,bjd->bid", weights / weights.sum(-1, keepdim=True), V)


def causal_linear(Q: Tensor, K: Tensor, V: Tensor) -> Tensor:
    return linear_attention(Q, K, V, causal=True)


def retention(Q: Tensor, K: Tensor, V: Tensor, c: int = 1) -> Tensor:
    """Sun et al. 2023, equation 5; chunks change nothing."""
    t = torch.arange(Q.shape[1])
    fade = torch.where(t[:, None] >= t, (1 - 2**-5) ** (t[:, None] - t).double(), 0)
    return torch.einsum("bid,bjd,ij,bje->bie", Q, K, fade, V)


def dilated_stack(x: Tensor, W: Tensor) -> Tensor:
    for level, weight in enumerate(W):
        kernel = weight.unflatten(1, (-1, len(weight))).mT  # (out, in, k)
        size = kernel.shape[-1]
        module = nn.Conv1d(*kernel.shape[:2], size, dilation=size**level, bias=False)
        x = call(module, {"weight": kernel}, F.pad(x.mT, ((size - 1) * size**level, 0))).mT
    return x


def bidirectional(layer: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def both(x: Tensor, **weights: Tensor) -> Tensor:
        there, back = (
            {name.removesuffix(way): w for name, w in weights.items() if name.endswith(way)}
            for way in ("_there", "_back")
        )
        return torch.cat([layer(x, **there), layer(x.flip(1), **back).flip(1)], -1)

    return both


def long_conv(x: Tensor, h: Tensor) -> Tensor:
    """As a convolution of torch, with the kernel turned round."""
    n, d = h.shape
    module = nn.Conv1d(d, d, n, groups=d, bias=False)
    return call(module, {"weight": h.T.flip(1)[:, None]}, F.pad(x.mT, (n - 1, 0))).mT


def grouped_query_next(q: Tensor, K: Tensor, V: Tensor) -> Tensor:
    heads = q.unflatten(-1, (-1, K.shape[-1])).transpose(1, 2)  # (batch, h, 1, d/h)
    K, V = (X.repeat_interleave(heads.shape[1] // X.shape[1], dim=1) for X in (K, V))
    return F.scaled_dot_product_attention(heads, K, V).transpose(1, 2).flatten(2)


def retention_next(q: Tensor, k: Tensor, v: Tensor, S: Tensor) -> Tensor:
    return 31 / 32 * q @ S + (q * k).sum(-1, keepdim=True) * v


def ssm_next(u: Tensor, x: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:
    a = torch.exp(-A.exp() / 32)
    return torch.einsum("ds,ds,bds->bd", C, a, x)[:, None] + u * (C * (1 - a) * B).sum(-1)


def hyena(x: Tensor, W: Tensor, h: Tensor, W_O: Tensor) -> Tensor:
    q, k, v = F.linear(x, W).chunk(3, -1)
    return F.linear(q * long_conv(k * v, h), W_O)


def ssm(x: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:
    """By the impulse response Σ_N c aᵗ b, with a held for a step of 2⁻⁵."""
    a = torch.exp(-A.exp() / 32)
    t = torch.arange(x.shape[1])
    h = torch.einsum("ds,ds,tds->td", C, (1 - a) * B, a ** t[:, None, None])
    return long_conv(x, h)


def selective_scan(x: Tensor, A: Tensor, W_B: Tensor, W_C: Tensor, w: Tensor, p: Tensor) -> Tensor:
    """Unrolled: y_t = Σ_{s≤t} C_t · exp(A Σ_{s<r≤t} Δ_r) Δ_s B_s x_s (Gu & Dao 2023, section 3)."""
    step = F.softplus(F.linear(x, w) + p)  # (batch, n, d)
    until = step.cumsum(1)
    gap = until[:, :, None] - until[:, None]  # (batch, t, s, d)
    fading = torch.exp(-A.exp() * gap[..., None])  # (batch, t, s, d, N)
    n = x.shape[1]
    fading = fading * torch.ones(n, n).tril()[..., None, None]
    return torch.einsum(
        "btN,btsdN,bsd,bsN->btd", F.linear(x, W_C), fading, step * x, F.linear(x, W_B)
    )


def average_pool(x: Tensor, k: int) -> Tensor:
    return F.avg_pool1d(x.mT, k, stride=1, padding=(k - 1) // 2).mT


def max_pool(x: Tensor, k: int) -> Tensor:
    return F.max_pool1d(x.mT, k, stride=1, padding=(k - 1) // 2).mT


REFERENCES: dict[str, Callable[..., Tensor]] = {
    "rnn": rnn,
    "rnn_states": lambda a, W: rnn(a, torch.eye(len(W), dtype=W.dtype), W),
    "lstm": lstm,
    "gru": gru,
    "gru_reset_after": gru_reset_after,
    "conv": conv,
    "conv_product": lambda rows, W: torch.einsum("dj,bnj->bnd", W, rows),
    "conv_1x1": conv_1x1,
    "attention": lambda Q, K, V: F.scaled_dot_product_attention(Q, K, V, scale=1.0),
    "attention_scores": lambda Q, K: torch.einsum("bid,bjd->bij", Q, K),
    "attention_softmax": lambda S: S.exp() / S.exp().sum(dim=-1, keepdim=True),
    "attention_sum": lambda A, V: torch.einsum("bij,bjd->bid", A, V),
    "multihead": multihead,
    "causal_attention": lambda Q, K, V: F.scaled_dot_product_attention(
        Q, K, V, is_causal=True, scale=1.0
    ),
    "local_attention": local_attention,
    "grouped_query": grouped_query,
    "attention_next": lambda q, K, V: F.scaled_dot_product_attention(q, K, V, scale=1.0),
    "grouped_query_next": grouped_query_next,
    "rnn_next": lambda x, h, U, W: (F.linear(x, U) + F.linear(h, W)).tanh(),
    "retention_next": retention_next,
    "ssm_next": ssm_next,
    "separable_conv": separable_conv,
    "linear_attention": lambda Q, K, V: linear_attention(Q, K, V, causal=False),
    "linear_attention_parallel": causal_linear,
    "linear_attention_recurrent": causal_linear,
    "retention": retention,
    "retention_recurrent": retention,
    "retention_chunkwise": retention,
    "dilated_stack": dilated_stack,
    "birnn": bidirectional(rnn),
    "bilstm": bidirectional(lstm),
    "bigru": bidirectional(gru),
    "ssm": ssm,
    "ssm_scan": ssm,
    "ssm_conv": ssm,
    "selective_scan": selective_scan,
    "mixer": lambda x, W_1, W_2: F.linear(F.gelu(F.linear(x.mT, W_1)), W_2).mT,
    "long_conv": long_conv,
    "hyena": hyena,
    "average_pool": average_pool,
    "max_pool": max_pool,
    "layer_norm": lambda x, gamma, beta: F.layer_norm(x, x.shape[-1:], gamma, beta),
    "rms_norm": lambda x, gamma: F.rms_norm(x, x.shape[-1:], gamma, eps=1e-5),
    "gated_mlp": lambda x, G, U, W: F.linear(F.silu(F.linear(x, G)) * F.linear(x, U), W),
    "embedding": lambda w, E: F.embedding(w, E) * E.shape[1] ** 0.5,
    "softmax_output": lambda x, E: F.linear(x, E).softmax(-1),
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
    sizes = complete(sizes, layer)
    module = layer.build(sizes).double()
    inputs = layer.make_inputs(sizes, batch=batch, dtype=torch.float64)
    numbers = [x.requires_grad_() for x in inputs if x.is_floating_point()]
    weights = dict(module.named_parameters())

    ours = module(*inputs)
    theirs = REFERENCES[name](*inputs, **weights, **module.size_arguments)
    assert ours.dtype == torch.float64
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() < 1e-10

    cotangent = torch.randn_like(ours)
    leaves = [*numbers, *weights.values()]
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
