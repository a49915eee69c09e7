"""Modules that take other inputs than (batch, n, d): told, or made by an author's function."""

from __future__ import annotations

import dataclasses
import sys
import typing
from collections.abc import Sequence

import pytest
import torch
from layerlaw import layers
from layerlaw.experiments import derive
from layerlaw.layers import InputSpecification, LayerError, UserLayer
from layerlaw.layers.core.theory import V, d, n
from layerlaw.layers.external.user_modules import user_layer
from layerlaw.measure import counting_grid
from layerlaw.measure.counting.critical_path import longest_chain
from layerlaw.measure.counting.flops import count_flops
from layerlaw.measure.counting.reachability import reach, shortest_path
from layerlaw.measure.counting.saved_tensors import count_saved
from layerlaw.measure.planning.grid import sizes_along
from layerlaw.measure.timing.modes import training
from torch import Tensor, nn

SIZES = {"n": 12, "d": 8, "V": 10, "k": 3}


class Dense(nn.Module):
    """The base of modules with one product."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.f = nn.Linear(dim, dim)


class Plain(Dense):
    def forward(self, x: Tensor) -> Tensor:
        return self.f(x)


class Words(nn.Module):
    """2·n·d·V + n·V FLOPs."""

    def __init__(self, vocab_size: int, d_model: int) -> None:
        super().__init__()
        self.emb, self.head = nn.Embedding(vocab_size, d_model), nn.Linear(d_model, vocab_size)

    def forward(self, input_ids: torch.LongTensor) -> Tensor:
        return self.head(self.emb(input_ids))


class Masked(Dense):
    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return self.f(x).masked_fill(~mask[..., None], 0.0)


class Pairs(Dense):
    """2·n³·d + 2·n²·d² + n²·d FLOPs."""

    def forward(self, z: Tensor) -> Tensor:
        return torch.einsum("bikd,bjkd->bijd", self.f(z), z)


class Image(nn.Module):
    """18·n²·d² + n²·d FLOPs."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.f = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.f(x)


class Blocks(Dense):
    def forward(self, x: Tensor) -> Tensor:
        if x.shape[1] % 64:
            raise ValueError("not divisible by 64")
        return self.f(x)


class Mapping(Dense):
    def forward(self, batch: dict) -> Tensor:
        return self.f(batch["x"]) * batch["scales"][0]


@dataclasses.dataclass
class Batch:
    x: Tensor
    mask: Tensor


class Record(Dense):
    def forward(self, batch: Batch) -> Tensor:
        return self.f(batch.x) * batch.mask[..., None]


class Named(Dense):
    def forward(self, *, x: Tensor, shift: Tensor | None = None, scale: float = 1.0) -> Tensor:
        return self.f(x) * scale if shift is None else self.f(x) + shift


class Pair(Dense):
    def forward(self, both: tuple[Tensor, Tensor]) -> Tensor:
        return self.f(both[0]) + both[1]


class Several(Dense):
    def forward(self, *inputs: Tensor) -> Tensor:
        return self.f(inputs[0]) + inputs[1]


class Unbatched(Dense):
    def forward(self, x: Tensor) -> Tensor:
        length, _ = x.shape
        return self.f(x)[:length]


class SequenceFirst(Dense):
    def forward(self, x: Tensor) -> Tensor:  # (n, batch, d)
        return self.f(x.cumsum(0))


class Lengths(Dense):
    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
        return self.f(nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)[0])


class Loss(Dense):
    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        return (self.f(x) - target).square().mean()


DENSE = 2 * 12 * 8**2 + 12 * 8

CASES: list[tuple[type[nn.Module], Sequence[str], dict[str, int], tuple, int]] = [
    (Words, ["input_ids: int[batch, n] < V"], {}, (n, V), 2 * 12 * 8 * 10 + 12 * 10),
    (Masked, ["x: float[batch, n, d]", "mask: bool[batch, n]"], {}, (n, d), DENSE),
    (Pairs, ["z: float[batch, n, n, d]"], {}, (n, n, d), 2 * 12**3 * 8 + 12 * DENSE),
    (Image, ["x: float[batch, d, n, n]"], {}, (d, n, n), 18 * 12**2 * 8**2 + 12**2 * 8),
    (
        Mapping,
        ["batch.x: float[batch, n, d]", "batch.scales.0: float[d]"],
        {},
        (n, d),
        DENSE + 12 * 8,
    ),
    (
        Record,
        ["batch.x: float[batch, n, d]", "batch.mask: bool[batch, n]"],
        {},
        (n, d),
        DENSE + 12 * 8,
    ),
    (Named, ["x: float[batch, n, d]"], {}, (n, d), DENSE + 12 * 8),
    (Named, ["x: float[batch, n, d]", "shift: float[d]"], {}, (n, d), DENSE + 12 * 8),
    (Pair, ["both.0: float[batch, n, d]", "both.1: float[n, d]"], {}, (n, d), DENSE + 12 * 8),
    (Several, ["a: float[batch, n, d]", "b: float[batch, n, d]"], {}, (n, d), DENSE + 12 * 8),
    (Unbatched, ["x: float[n, d]"], {}, (n, d), DENSE),
    (SequenceFirst, ["x: float[n, batch, d]"], {}, (n, d), DENSE + 12 * 8),
    (
        Loss,
        ["x: float[batch, n, d]", "target: float[batch, n, d]"],
        {},
        (),
        DENSE + 2 * 12 * 8 + 1 + 12 * 8,
    ),
]


def told(make: typing.Any, inputs: Sequence[str], **multiple: int) -> UserLayer:
    return user_layer("mine", make, inputs=InputSpecification.parse(inputs, multiple))


@pytest.mark.parametrize(("make", "inputs", "multiple", "output", "flops"), CASES)
def test_a_module_takes_what_is_told(make, inputs, multiple, output, flops) -> None:
    layer = told(make, inputs, **multiple)
    assert layer.output == output
    assert [str(one) for one in layer.input_tensors] == list(inputs)
    sizes = {axis: SIZES[axis] for axis in layer.axes}
    made = layer.build(sizes)(*layer.make_inputs(sizes))
    assert made.shape == (1, *(int(layers.subs(side, sizes)) for side in output))
    assert count_flops(layer, sizes) == pytest.approx(flops, rel=0.01)
    assert count_flops(layer, sizes) == flops or make is Loss
    assert count_saved(layer, sizes) >= 0
    assert longest_chain(layer, sizes) >= 1
    assert all(x.isfinite().all() for x in training(layer.build(sizes), layer.make_inputs(sizes))())


@pytest.mark.parametrize(
    ("text", "kind", "values"),
    [
        ("x: int[batch, n] < 7", torch.int64, set(range(7))),
        ("x: int[batch] = n", torch.int64, {50}),
        ("x: bool[n, n]", torch.bool, {0, 1}),
    ],
)
def test_inputs_are_of_their_kind_and_within_their_bound(text, kind, values) -> None:
    class Any(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.double()

    layer = told(Any, [text])
    sizes = dict.fromkeys(layer.axes, 50)
    (x,) = layer.make_inputs(sizes, seed=3)
    (again,) = layer.make_inputs(sizes, seed=3)
    assert x.dtype == kind
    assert set(x.flatten().tolist()) == values
    assert torch.equal(x, again)
    assert layer.make_inputs(sizes, device="meta")[0].shape == x.shape


@pytest.mark.parametrize("length", [2, 3, 64])
def test_a_mask_never_masks_a_whole_row(length: int) -> None:
    layer = told(Masked, ["x: float[batch, n, d]", "mask: bool[batch, n]"])
    _, mask = layer.make_inputs({"n": length, "d": 4}, batch=3)
    assert mask.any(-1).all()
    assert not mask.all(-1).any()


def test_a_size_is_a_multiple_where_that_is_told() -> None:
    layer = told(Blocks, [], n=64)
    assert layer.output == (n, d)
    assert not layer.resolve({"n": 128, "d": 4})["n"] % 64
    with pytest.raises(ValueError, match="n/64 must be a whole number"):
        layer.resolve({"n": 100, "d": 4})
    with pytest.raises(LayerError, match="V is not one of its sizes"):
        told(Blocks, [], V=64)


@pytest.mark.parametrize(
    ("make", "inputs", "why"),
    [
        (Words, ["tokens: int[batch, n] < V"], "takes no 'tokens'; its forward takes input_ids"),
        (Words, ["input_ids: float[batch, n]"], "its forward does not accept input_ids: float"),
        (Pairs, ["z: float[n, n, d]"], r'with a batch it would be "z: float\[batch, …\]"'),
        (Mapping, ["batch: float[n]", "batch.x: float[n]"], "a tensor or has entries, not both"),
    ],
)
def test_inputs_that_a_module_does_not_take_are_refused(make, inputs, why) -> None:
    with pytest.raises(LayerError, match=why) as error:
        told(make, inputs)
    assert "\n" not in str(error.value)


def test_only_the_inputs_of_own_layers_are_told() -> None:
    other = InputSpecification.parse(["x: float[batch, n]"])
    with (
        pytest.raises(LayerError, match="'attention' has its own inputs"),
        layers.told_inputs({"attention": other}),
    ):
        pass


def test_a_batch_needs_an_input_with_a_batch() -> None:
    layer = told(Unbatched, ["x: float[n, d]"])
    with pytest.raises(ValueError, match="no input has a batch, so that a batch of 4"):
        layer.make_inputs({"n": 4, "d": 4}, batch=4)


class OwnExample(Dense):
    """Its author says what it takes."""

    @staticmethod
    def example_inputs(n: int, d: int, batch: int = 1) -> dict[str, object]:
        ids = torch.randint(9, (batch, n))
        return {"x": torch.randn(batch, n, d), "others": [ids, {"flag": True, "mask": ids > 3}]}

    def forward(self, x: Tensor, others: list, weight: float = 1.0) -> Tensor:
        ids, more = others
        assert more["flag"] is True
        assert ids.dtype == torch.int64
        return self.f(x) * more["mask"][..., None]


class ByClass(Dense):
    @classmethod
    def example_inputs(cls, seq_len: int, dim: int) -> tuple[Tensor, Tensor]:
        return torch.ones(1, seq_len, dim), torch.ones(seq_len, seq_len)

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        return self.f(weights @ x)


@pytest.mark.parametrize("make", [OwnExample, ByClass])
def test_a_function_beside_a_module_makes_its_inputs(make: type[nn.Module]) -> None:
    layer = user_layer("mine", make)
    sizes = {"n": 12, "d": 8}
    assert layer.output == (n, d)
    assert layer.build(sizes)(*layer.make_inputs(sizes, dtype=torch.float32)).shape == (1, 12, 8)
    again = zip(layer.make_inputs(sizes, seed=1), layer.make_inputs(sizes, seed=1), strict=True)
    assert all(torch.equal(one, other) for one, other in again)
    assert count_flops(layer, sizes) >= DENSE
    assert layer.make_inputs(sizes, dtype=torch.float64)[0].dtype == torch.float64


def test_inputs_of_an_example_have_names_shapes_and_batches() -> None:
    layer = user_layer("mine", OwnExample)
    assert [str(one) for one in layer.input_tensors] == [
        "x: float[batch, n, d]",
        "others.0: int[batch, n]",
        "others.1.mask: bool[batch, n]",
    ]
    assert [len(x) for x in layer.make_inputs({"n": 4, "d": 4}, batch=3)] == [3, 3, 3]
    with pytest.raises(ValueError, match="example_inputs has no parameter batch"):
        user_layer("mine", ByClass).make_inputs({"n": 4, "d": 4}, batch=3)


def test_a_path_begins_at_the_numbers_that_depend_on_a_token() -> None:
    """A mean over all positions is one sum after the rows of the embedding."""

    class Pooled(Words):
        def forward(self, input_ids: torch.LongTensor) -> Tensor:
            rows = self.emb(input_ids)
            return rows + rows.mean(1, keepdim=True)

    layer = told(Pooled, ["input_ids: int[batch, n] < V"])
    sizes = {"n": 6, "d": 4, "V": 5}
    path = shortest_path(layer, sizes)
    assert path is not None
    assert path.steps == 3  # sum, division, sum
    words = told(Words, ["input_ids: int[batch, n] < V"])
    assert torch.equal(reach(words, sizes), torch.eye(6, dtype=torch.bool))
    assert shortest_path(words, sizes) is None


def test_a_path_through_unbatched_and_transposed_inputs_is_that_of_positions() -> None:
    first = told(SequenceFirst, ["x: float[n, batch, d]"])
    assert torch.equal(reach(first, {"n": 5, "d": 4}), torch.ones(5, 5).tril().bool())
    alone = told(Unbatched, ["x: float[n, d]"])
    assert torch.equal(reach(alone, {"n": 5, "d": 4}), torch.eye(5).bool())


def test_a_stack_gives_masks_to_all_of_its_layers() -> None:
    from layerlaw.layers.registry.stacking import make_stack

    each = told(Masked, ["x: float[batch, n, d]", "mask: bool[batch, n]"])
    stack = make_stack("3*mine", each, 3)
    sizes = {"n": 6, "d": 4}
    assert count_flops(stack, sizes) == 3 * count_flops(each, sizes)
    with pytest.raises(LayerError, match="cannot be stacked"):
        make_stack("3*words", told(Words, ["input_ids: int[batch, n] < V"]), 3)


def test_what_is_told_is_part_of_a_layers_identity(
    tmp_path, isolated_registry, monkeypatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "flat.py").write_text(
        "from torch import nn\nclass Flat(nn.ReLU):\n    def __init__(self, dim):\n"
        "        super().__init__()\n"
    )
    name = f"{tmp_path}/flat.py:Flat"
    plain = layers.get(name)
    before = layers.source_digest(name)
    pairs = InputSpecification.parse(["input: float[batch, n, n, d]"])
    with layers.told_inputs({name: pairs}):
        assert layers.get(name).output == (n, n, d)
        assert layers.source_digest(name) != before
        assert layers.inputs_told() == {name: pairs}
    assert layers.get(name) is plain
    assert layers.source_digest(name) == before
    found = derive(name, ["flops"], inputs=["input: float[batch, n, n, d]"])
    assert found.formulas["flops"].expression == n**2 * d
    assert derive(name, ["flops"]).formulas["flops"].expression == n * d


def test_the_decorator_tells_inputs(isolated_registry) -> None:
    @layers.layer("words", inputs=["input_ids: int[batch, n] < V"], multiple={"n": 4})
    class Inner(Words):
        pass

    layer = layers.get("words")
    assert layer.units == {"n": 4}
    assert layer.output == (n, V)


@pytest.mark.parametrize(("axis", "unit"), [("n", 64), ("n", 100), ("d", 64), ("d", 48)])
def test_sizes_that_are_counted_and_measured_are_multiples(axis: str, unit: int) -> None:
    layer = told(Plain, ["x: float[batch, n, d]"], **{axis: unit})
    assert len([size for size in sizes_along(layer, axis) if size % unit == 0]) >= 6
    grid = {sizes[axis] for sizes in counting_grid(layer)}
    assert len(grid) >= 4
    assert max(grid) <= 16 * unit


def test_values_in_units_keep_their_ratios() -> None:
    layer = told(Plain, ["x: float[batch, n, d]"], n=64)
    assert layer.in_units("n", (16, 24, 128)) == (128, 192, 1024)
    assert layer.in_units("n", (64, 128)) == (64, 128)
    assert layer.in_units("d", (3, 5)) == (3, 5)
