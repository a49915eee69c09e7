"""Several outputs, outputs that depend on numbers, packed sequences: counted as whole passes."""

from __future__ import annotations

import pytest
import torch
from layerlaw import layers
from layerlaw.layers.external.user_modules import user_layer
from layerlaw.measure import count_flops, longest_chain, shortest_path
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Attention(nn.Module):
    """Linear (2 operations), scores, scale, softmax (5), sum: 10; values reach in 3."""

    order = ("weights", "out")

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.q, self.kv = nn.Linear(dim, dim), nn.Linear(dim, 2 * dim)

    def forward(self, x: Tensor, context: Tensor) -> object:
        q = self.q(x)
        k, v = self.kv(context).chunk(2, -1)
        weights = ((q @ k.mT) * q.shape[-1] ** -0.5).softmax(-1)
        found = {"weights": weights, "out": weights @ v}
        return {name: found[name] for name in self.order}


class OutFirst(Attention):
    order = ("out", "weights")


class Tuple(Attention):
    def forward(self, x: Tensor, context: Tensor) -> object:
        return None, list(super().forward(x, context).values())


@pytest.mark.parametrize("kind", [Attention, OutFirst, Tuple])
@pytest.mark.parametrize("sizes", [{"n": 7, "d": 4}, {"n": 4, "d": 4}])
def test_the_order_of_outputs_changes_nothing(kind, sizes) -> None:
    layer = user_layer("attention", kind)
    assert longest_chain(layer, sizes) == 10
    assert shortest_path(layer, sizes).steps == 3


def test_a_recurrent_layer_of_torch_returns_its_states_too() -> None:
    layer, sizes = layers.get("torch.nn:LSTM"), {"n": 8, "d": 8}
    assert shortest_path(layer, sizes).steps == 2 * 8 + 6
    assert longest_chain(layer, sizes) == 8 * 8


class Experts(nn.Module):
    """The best 2 of 4 experts for each token, chosen by its numbers."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.router = nn.Linear(dim, 4, bias=False)
        self.experts = nn.ModuleList(nn.Linear(dim, dim, bias=False) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        flat = x.flatten(0, 1)
        weights, chosen = self.router(flat).softmax(-1).topk(2, -1)
        out = torch.zeros_like(flat)
        for number, expert in enumerate(self.experts):
            token, slot = torch.where(chosen == number)
            out.index_add_(0, token, expert(flat[token]) * weights[token, slot, None])
        return out.view_as(x)


@pytest.mark.parametrize("sizes", [{"n": 7, "d": 4}, {"n": 16, "d": 8}])
def test_experts_count_the_tokens_that_they_get(sizes) -> None:
    n, d = sizes["n"], sizes["d"]
    router = 2 * n * d * 4 + 5 * 4 * n + (4 + 2) * n
    experts = 2 * n * (2 * d * d + d + d)  # product, weight, sum
    assert count_flops(user_layer("experts", Experts), sizes) == router + experts


class Packed(nn.Module):
    """An LSTM on a packed sequence whose lengths are all n."""

    def __init__(self, d_model: int, packed: bool = True) -> None:
        super().__init__()
        self.packed, self.rnn = packed, nn.LSTM(d_model, d_model, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        if not self.packed:
            return self.rnn(x)[0]
        lengths = torch.full((x.shape[0],), x.shape[1], dtype=torch.long, device="cpu")
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.rnn(packed)[0], batch_first=True)[0]


@pytest.mark.parametrize("counter", [count_flops, longest_chain])
def test_a_packed_sequence_counts_as_the_same_one_unpacked(counter) -> None:
    packed = user_layer("packed", Packed)
    plain = user_layer("plain", lambda d_model: Packed(d_model, packed=False))
    for sizes in ({"n": 5, "d": 4}, {"n": 8, "d": 6}):
        assert counter(packed, sizes) == counter(plain, sizes)


class Tracing32(nn.Module):
    """A module that makes tensors of the default precision within its pass."""

    def __init__(self, dim: int) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        n = x.shape[1]
        return torch.baddbmm(torch.zeros(x.shape[0], n, n, device=x.device), x, x.mT) @ x


def test_a_path_is_found_through_tensors_made_within_the_pass() -> None:
    assert shortest_path(user_layer("made", Tracing32), {"n": 5, "d": 4}).steps == 1
