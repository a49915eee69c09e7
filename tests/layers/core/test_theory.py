"""Expressions of theory, and what its path length of convolutions means."""

from __future__ import annotations

from math import ceil

import pytest
import torch
from layerlaw import layers
from layerlaw.layers.core.theory import d, n, subs

from tests.helpers.reach import reach_of_gradients


def test_an_expression_takes_sizes_and_passes_over_other_letters() -> None:
    assert subs(n * d, {"n": 3, "d": d / 2, "k": 7, "batch": 2}) == 3 * d / 2
    assert subs(4, {"n": 3}) == 4


@pytest.mark.parametrize("kernel", [3, 5, 9])
@pytest.mark.parametrize("name", ["conv", "torch_conv"])
def test_stacked_convolutions_join_the_ends_after_the_order_of_n_over_k(
    name: str, kernel: int
) -> None:
    torch.manual_seed(0)
    length = 13
    one_layer = reach_of_gradients(layers.get(name), {"n": length, "d": 2, "k": kernel}).double()
    depth, joined = 1, one_layer
    while not joined[0, -1]:
        depth, joined = depth + 1, joined @ one_layer
    assert depth == ceil(2 * (length - 1) / (kernel - 1))
