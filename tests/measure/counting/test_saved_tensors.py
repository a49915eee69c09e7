"""What a pass keeps for the gradients: exact, and what PyTorch keeps."""

from __future__ import annotations

import pytest
import torch
from layerlaw import layers
from layerlaw.layers.external.user_modules import user_layer
from layerlaw.measure.counting.saved_tensors import count_saved
from torch import nn


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("dense", lambda n, d: 4 * n * d),  # the input, for the gradient of W
        ("torch.nn:Tanh", lambda n, d: 4 * n * d),  # the output
        ("torch.nn:Identity", lambda n, d: 0),
        # Q, K, V, and the weights after the softmax
        ("attention", lambda n, d: 12 * n * d + 4 * n**2),
    ],
)
def test_bytes_are_those_of_the_tensors_that_gradients_need(name, kept) -> None:
    for n, d in ((4, 8), (16, 4)):
        assert count_saved(layers.get(name), {"n": n, "d": d}) == kept(n, d)


def test_a_tensor_counts_once_and_a_view_as_what_it_is_a_view_of() -> None:
    class Twice(nn.Module):
        def forward(self, x):
            return x * x[:, :1]

    assert count_saved(user_layer("twice", Twice), {"n": 8, "d": 4}) == 4 * 8 * 4


def test_it_grows_with_the_batch_and_draws_nothing() -> None:
    layer, sizes = layers.get("torch.nn:GELU"), {"n": 8, "d": 4}
    before = torch.get_rng_state()
    assert count_saved(layer, sizes, batch=3) == 3 * count_saved(layer, sizes)
    assert torch.equal(torch.get_rng_state(), before)


def saved_by_hooks(module: nn.Module, *inputs: torch.Tensor) -> int:
    """Bytes that a pass on the CPU saves, by torch's own hooks; each block of memory once."""
    weights = {weight.untyped_storage().data_ptr() for weight in module.parameters()}
    blocks: dict[int, torch.Tensor] = {}

    def save(x: torch.Tensor) -> torch.Tensor:
        if x.untyped_storage().data_ptr() not in weights:
            blocks[x.untyped_storage().data_ptr()] = x.detach()
        return x

    with torch.autograd.graph.saved_tensors_hooks(save, lambda x: x):
        module(*(x.clone() for x in inputs))
    return sum(x.untyped_storage().nbytes() for x in blocks.values())


class Attend(nn.Module):
    """Fused attention with heads, of one of several kinds."""

    def __init__(self, d_model: int, kind: str = "") -> None:
        super().__init__()
        self.kind = kind
        self.qkv = nn.Linear(d_model, 3 * d_model, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        (b, n, d), mask = x.shape, None
        q, k, v = self.qkv(x).view(b, n, 3, 2, d // 2).permute(2, 0, 3, 1, 4)
        if self.kind == "mask":
            mask = torch.ones(n, n, dtype=torch.bool, device=x.device).tril()
        y = nn.functional.scaled_dot_product_attention(
            *(q, k, v, mask),
            dropout_p=0.1 if self.kind == "dropout" else 0.0,
            is_causal=self.kind == "causal",
        )
        return y.transpose(1, 2).reshape(b, n, d)


class PreActivation(nn.Module):
    """A module that writes into its input."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(dim, dim))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)


#: Modules with fused kernels, by what they are.
FUSED = {
    "attention": Attend,
    "causal attention": lambda d: Attend(d, "causal"),
    "masked attention": lambda d: Attend(d, "mask"),
    "attention with dropout": lambda d: Attend(d, "dropout"),
    "encoder": lambda d: nn.TransformerEncoderLayer(d, 2, 4 * d, batch_first=True),
    "heads": lambda d: nn.Sequential(nn.LayerNorm(d), nn.Dropout(0.2), nn.GELU()),
    "rms norm": lambda d: nn.RMSNorm(d),
    "written into": PreActivation,
    "softmax": lambda d: nn.Sequential(nn.Linear(d, d), nn.LogSoftmax(-1)),
}


@pytest.mark.parametrize("name", FUSED)
@pytest.mark.parametrize("sizes", [{"n": 7, "d": 8}, {"n": 16, "d": 12}])
def test_fused_kernels_count_with_what_they_save(name, sizes) -> None:
    make = FUSED[name]
    layer = user_layer(name, lambda dim: make(dim))
    x = torch.randn(1, sizes["n"], sizes["d"], requires_grad=True)
    assert count_saved(layer, sizes) == saved_by_hooks(make(sizes["d"]), x)


@pytest.mark.parametrize("name", ["torch.nn:LSTM", "torch.nn:GRU", "torch.nn:RNN"])
def test_recurrent_kernels_count_with_what_they_save(name) -> None:
    layer, sizes = layers.get(name), {"n": 5, "d": 8}
    x = torch.randn(1, 5, 8, requires_grad=True)
    assert count_saved(layer, sizes) == saved_by_hooks(layer.build(sizes).train(), x)


def test_a_module_that_writes_into_its_input_saves_what_it_wrote() -> None:
    assert count_saved(user_layer("in place", PreActivation), {"n": 7, "d": 6}) == 4 * 7 * 6
