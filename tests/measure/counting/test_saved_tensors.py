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
