"""Formulas with floors and ceilings: they hold at sizes of every remainder, or say at which."""

from math import isqrt

import numpy as np
import pytest
import torch
from hypothesis import Phase, given, settings, strategies as st
from layerlaw.experiments import size_search
from layerlaw.experiments.counting import NotExact
from layerlaw.experiments.derivation import Derivation
from layerlaw.experiments.exact_formulas import ExactFormula, formula
from layerlaw.experiments.formula_order import leading_order
from layerlaw.experiments.peak_formulas import peak_formula
from layerlaw.experiments.size_search import first_course, functions_along
from layerlaw.layers import override_layers
from layerlaw.layers.core.theory import d, n, subs, without_rounding
from layerlaw.layers.external.user_modules import user_layer
from layerlaw.measure.cases.case import Case
from layerlaw.measure.counting.counts import path_length
from layerlaw.measure.counting.flops import count_flops
from layerlaw.measure.counting.saved_tensors import count_saved
from layerlaw.measure.timing.peak_memory import peak_bytes
from sympy import ceiling, expand, floor, log, simplify, sqrt
from torch import Tensor, nn
from torch.nn import functional

#: Sizes that no formula is solved from or verified at.
FRESH = [(n, d) for n in (19, 45, 64, 101, 190, 193, 389) for d in (12, 28)]


class Strided(nn.Module):
    """A convolution with stride 2 and its transpose: from n to ⌈n/2⌉ to 2·⌈n/2⌉ positions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.down = nn.Conv1d(channels, channels, 3, stride=2, padding=1)
        self.up = nn.ConvTranspose1d(channels, channels, 4, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.up(self.down(x))


class Pooled(nn.Module):
    """A pool over 3 positions that drops the rest, and a product of the pooled ones."""

    def forward(self, x: Tensor) -> Tensor:
        pooled = functional.avg_pool1d(x.mT, 3).mT
        return x @ (pooled.mT @ pooled)


class Levels(nn.Module):
    """Three convolutions of stride 2, one after another, as in a U-Net."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.down = nn.ModuleList(
            nn.Conv1d(channels, channels, 3, stride=2, padding=1) for _ in range(3)
        )

    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[2]
        for level in self.down:
            x = level(x)
        return x.repeat_interleave(8, dim=2)[:, :, :length]


class Padded(nn.Module):
    """Attention over positions padded to a multiple of 64."""

    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[1]
        x = functional.pad(x, (0, 0, 0, -length % 64))
        return (x @ x.mT @ x)[:, :length]


class Chunked(nn.Module):
    """Attention within chunks of 16 positions, in a loop; the last may be shorter."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([each @ each.mT @ each for each in x.split(16, dim=1)], dim=1)


class Carried(nn.Module):
    """A sum that is carried from one chunk of 8 positions to the next, in a loop."""

    def forward(self, x: Tensor) -> Tensor:
        state, made = x[:, :1] * 0, []
        for each in x.split(8, dim=1):
            made.append(each.cumsum(1) + state)
            state = state + each.sum(1, keepdim=True)
        return torch.cat(made, dim=1)


class Bottleneck(nn.Module):
    """A product through d/4 columns, rounded down."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(dim, dim // 4), nn.Linear(dim // 4, dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.outer(self.inner(x))


class Blocks(nn.Module):
    """Attention within blocks of √n positions."""

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        side = isqrt(length)
        padded = -(-length // side) * side
        x = functional.pad(x, (0, 0, 0, padded - length)).view(batch, padded // side, side, width)
        weights = (x @ x.mT / width**0.5).softmax(-1)
        return (weights @ x).reshape(batch, padded, width)[:, :length]


class PowerOfTwo(nn.Module):
    """A product of positions padded to a power of 2."""

    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[1]
        padded = functional.pad(x, (0, 0, 0, (1 << (length - 1).bit_length()) - length))
        return torch.tanh(padded)[:, :length]


def derived(module: type[nn.Module], metric: str = "flops") -> ExactFormula:
    return formula(user_layer("mine", module), metric)


HALF, EIGHTH = ceiling(n / 2), ceiling(n / 8)
SIDE = floor(sqrt(n))
PADDED = SIDE * ceiling(n / SIDE)


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (Strided, HALF * (14 * d**2 + 3 * d)),
        (Levels, (6 * d**2 + d) * (HALF + ceiling(n / 4) + EIGHTH)),
        (Padded, 4 * d * (64 * ceiling(n / 64)) ** 2),
        (Chunked, 4 * d * (256 * floor(n / 16) + (n - 16 * floor(n / 16)) ** 2)),
        (Bottleneck, n * (4 * d * floor(d / 4) + floor(d / 4) + d)),
        (Blocks, 4 * PADDED * SIDE * d + 6 * PADDED * SIDE),
        (PowerOfTwo, d * 2 ** ceiling(log(n, 2))),
    ],
)
def test_counts_of_strides_chunks_paddings_and_roots_have_exact_formulas(module, expected):
    found = derived(module)
    assert found.where == ""
    layer = user_layer("mine", module)
    for length, width in FRESH:
        sizes = {"n": length, "d": width}
        assert found.at(sizes) == subs(expected, sizes) == count_flops(layer, sizes)


def test_the_simplest_expression_is_given():
    assert derived(Strided).expression == HALF * (14 * d**2 + 3 * d)
    assert derived(Strided).at({"n": 15, "d": 4}) == 1888
    assert expand(derived(Padded).expression) == 16384 * d * ceiling(n / 64) ** 2
    assert derived(Pooled).expression.has(floor(n / 3))


@pytest.mark.parametrize("metric", ["parameters", "sequential_ops", "kept_bytes"])
def test_other_counts_have_ceilings_too(metric):
    expected = {
        "parameters": 7 * d**2 + 2 * d,
        "sequential_ops": 4,
        "kept_bytes": 4 * d * n + 4 * d * HALF,
    }
    assert expand(derived(Strided, metric).expression - expected[metric]) == 0


def test_a_path_through_chunks_is_another_one_than_within_the_first_and_says_so():
    found, layer = derived(Carried, "path_length"), user_layer("mine", Carried)
    assert found.where.startswith("n ≥ ")
    least = int(found.where.removeprefix("n ≥ "))
    assert 2 <= least <= 17
    for length in (19, 45, 64, 101, 190):
        sizes = {"n": length, "d": 12}
        assert found.at(sizes) == path_length(layer, sizes)


def test_steps_that_other_counts_have_are_tried_first(monkeypatch):
    flops = derived(Chunked)
    layer = user_layer("mine", Chunked)
    known = formula(layer, "kept_bytes", known=[flops.expression])
    monkeypatch.setattr(size_search, "_possible_steps", lambda *_: pytest.fail("looked for steps"))
    assert formula(layer, "kept_bytes", known=[flops.expression]) == known
    for length, width in FRESH:
        sizes = {"n": length, "d": width}
        assert known.at(sizes) == count_saved(layer, sizes)


@pytest.mark.parametrize("count", [lambda size: 3 if size <= 32 else 3 + -(-size // 32)])
def test_few_values_of_rounded_sizes_are_not_interpolated(count):
    for longest in (40, 136):
        at = [*range(2, longest), longest * 3 // 2 + 1, longest * 2 + 1, longest * 3 + 1]
        assert functions_along(n, at, [list(map(count, at))]) is None
    found, where = first_course(n, at, [list(map(count, at))])
    assert [one.expression for one in found] == [1, ceiling(n / 32)]
    assert where[0] == 33


def test_a_formula_that_only_even_lengths_follow_says_so():
    class Fickle(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            length = x.shape[1]
            if length % 2:
                for _ in range(hash_of(length)):
                    x = torch.tanh(x)
            return torch.tanh(x)

    def hash_of(length: int) -> int:
        return length * length * 7919 % 13

    found = derived(Fickle)
    assert (found.expression, found.where) == (n * d, "even n")
    assert all(at["n"] % 2 == 0 for at in [*found.solved_at, *found.verified_at])
    shown = Derivation(user_layer("mine", Fickle), {"flops": found}, {})
    assert "flops: d*n for even n" in repr(shown)


def test_sizes_that_a_layer_refuses_are_left_out():
    class Pairs(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.tanh(x.view(x.shape[0], x.shape[1] // 2, 2, x.shape[2])).view(x.shape)

    assert derived(Pairs).expression == n * d


@pytest.mark.parametrize(
    ("formula", "order"),
    [
        (HALF * (14 * d**2 + 3 * d), n * d**2),
        (4 * PADDED * SIDE * d + 6 * PADDED * SIDE, n ** (3 / 2) * d),
        (d * (256 * floor(n / 16) + (n - 16 * floor(n / 16)) ** 2), n * d),
        (d * 2 ** ceiling(log(n, 2)), n * d),
    ],
)
def test_orders_are_those_without_rounding(formula, order):
    assert float(simplify(leading_order(formula, ("n", "d")) / order)) == 1
    assert not without_rounding(formula).has(floor, ceiling)


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    q=st.integers(2, 24),
    offset=st.integers(0, 23),
    slopes=st.tuples(st.integers(1, 9), st.integers(0, 9), st.integers(0, 9)),
)
def test_any_step_is_found_and_holds_far_away(q, offset, slopes):
    def count(size: int) -> int:
        return slopes[0] * ((size + offset % q) // q) + slopes[1] * size + slopes[2]

    at, far = range(2, 60), (997, 1000, 4093)
    found = functions_along(n, at, [[count(size) for size in at]])
    assert found is not None
    columns = np.array([[one.of(size) for one in found] for size in at], dtype=float)
    coefficients = np.linalg.lstsq(columns, [count(size) for size in at], rcond=None)[0]
    for size in far:
        assert [one.of(size) for one in found] @ coefficients == pytest.approx(count(size))


def test_a_peak_of_every_second_position_has_a_ceiling():
    class Doubled(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.tanh(torch.exp(x[:, ::2]).sum(1, keepdim=True) + x)

    with override_layers({"doubled": user_layer("doubled", Doubled)}):
        found = peak_formula("doubled", "forward_peak_bytes")
        sizes = {"n": 45, "d": 12}
        assert peak_bytes(Case("doubled", sizes)).values == (float(found.at(sizes)),)
    assert found.where == ""


def test_a_loop_in_python_that_runs_no_operation_is_not_run_at_a_million_positions():
    class Listed(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            seen: list[int] = []
            for position in range(x.shape[1]):
                if position not in seen:
                    seen.append(position)
            return torch.tanh(x[:, seen])

    found = derived(Listed)
    assert found.expression == n * d
    assert max(at["n"] for at in found.verified_at) < 1_000_000


def test_seconds_that_are_over_are_said():
    layer = user_layer("mine", Strided)
    with pytest.raises(NotExact, match=r"within|more than"):
        formula(layer, "flops", seconds=1e-6)
