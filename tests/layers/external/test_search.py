"""What a module takes is found by trying: names and annotations first, then shapes."""

from __future__ import annotations

import collections
import typing
from dataclasses import dataclass

import pytest
import torch
from layerlaw import layers
from layerlaw.layers import LayerError
from layerlaw.layers.core.theory import V, d, n
from layerlaw.layers.external import search
from layerlaw.layers.external.user_modules import user_layer
from layerlaw.measure.counting.flops import count_flops
from torch import Tensor, nn

from .test_told_inputs import Batch, Blocks, Dense, Image, Lengths, Masked, Pairs, Words


class Table(nn.Module):
    """Tokens without a telling name, of a table with a default size."""

    def __init__(self, d_model: int, vocab_size: int = 1000) -> None:
        super().__init__()
        self.emb, self.out = nn.Embedding(vocab_size, d_model), nn.Linear(d_model, d_model)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.emb(x))


class PlainTable(nn.Module):
    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.rows = nn.Parameter(torch.ones(70, d_model))

    def forward(self, ids: Int[Tensor, "batch n"]) -> Tensor:  # noqa: F722, F821
        return self.rows[ids]


class Additive(Dense):
    """Masks of Hugging Face's kind, which are subtracted from 1."""

    def forward(self, hidden_states: Tensor, attention_mask: Tensor) -> Tensor:
        shift = (1.0 - attention_mask[:, None, :]) * -1e4
        scores = hidden_states @ hidden_states.mT + shift
        return scores.softmax(-1) @ self.f(hidden_states)


class Causal(Dense):
    def forward(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
        scores = (q @ k.mT).masked_fill(~mask, -1e9)
        return scores.softmax(-1) @ v


class Photo(nn.Module):
    """Three channels, whatever the width."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.f = nn.Conv2d(3, dim, 3, padding=1)

    def forward(self, pixel_values: torch.FloatTensor) -> Tensor:
        return self.f(pixel_values)


class Everything(Words):
    """All arguments have defaults, as Hugging Face's models have."""

    def forward(
        self,
        input_ids: torch.LongTensor | None = None,
        attention_mask: Tensor | None = None,
        **others: object,
    ) -> dict[str, Tensor]:
        assert input_ids is not None
        return collections.OrderedDict(loss=None, logits=self.head(self.emb(input_ids)))


class Entries(Dense):
    def forward(self, batch: typing.Mapping[str, Tensor]) -> Tensor:
        return self.f(batch["x"]).masked_fill(~batch["mask"][..., None], 0.0)


class Untyped(Dense):
    def forward(self, batch):
        return self.f(batch["x"])


class Record(Dense):
    def forward(self, batch: Batch) -> Tensor:
        return self.f(batch.x) * batch.mask[..., None]


class Both(Dense):
    def forward(self, both):
        one, other = both
        return self.f(one) + other


class Heads(Dense):
    """A width that is a multiple of 48, which no message says."""

    def __init__(self, dim: int) -> None:
        assert dim % 64 == 0
        super().__init__(dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.f(x)


class Chunks(Dense):
    def forward(self, x: Tensor) -> Tensor:
        assert x.shape[1] % 48 == 0, "the length must be a multiple of 48"
        return self.f(x)


class Adjacent(Dense):
    """An input that would be broadcast over the batch if it had one of its own."""

    def forward(self, x: Tensor, adj: Tensor) -> Tensor:
        return adj @ self.f(x)


class Steps(Dense):
    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        return self.f(x) + t.cos()[:, None, None]


class Keywords(Dense):
    def forward(self, *, x: Tensor, positions: Tensor) -> Tensor:
        return self.f(x) + positions[..., None]


@dataclass
class Output:
    """An output as a dataclass, whose first tensor is a mask."""

    mask: Tensor
    hidden: Tensor
    extra: tuple = ()


class DataclassOutput(Dense):
    def forward(self, x: Tensor) -> Output:
        return Output(x > 0, self.f(x), (x,))


CASES = [
    (Words, ["input_ids: int[batch, n] < V"], {}, (n, V)),
    (Table, ["x: int[batch, n] < 1000"], {}, (n, d)),
    (PlainTable, ["ids: int[batch, n] < 70"], {}, (n, d)),
    (Everything, ["input_ids: int[batch, n] < V"], {}, (n, V)),
    (Masked, ["x: float[batch, n, d]", "mask: bool[batch, n]"], {}, (n, d)),
    (
        Additive,
        ["hidden_states: float[batch, n, d]", "attention_mask: int[batch, n] < 2"],
        {},
        (n, d),
    ),
    (
        Causal,
        [*(f"{x}: float[batch, n, d]" for x in "qkv"), "mask: bool[n, n]"],
        {},
        (n, d),
    ),
    (Pairs, ["z: float[batch, n, n, d]"], {}, (n, n, d)),
    (Image, ["x: float[batch, d, n, n]"], {}, (d, n, n)),
    (Photo, ["pixel_values: float[batch, 3, n, n]"], {}, (d, n, n)),
    (Lengths, ["x: float[batch, n, d]", "lengths: int[batch] = n"], {}, (n, d)),
    (Entries, ["batch.x: float[batch, n, d]", "batch.mask: bool[batch, n]"], {}, (n, d)),
    (Untyped, ["batch.x: float[batch, n, d]"], {}, (n, d)),
    (Record, ["batch.x: float[batch, n, d]", "batch.mask: bool[batch, n]"], {}, (n, d)),
    (Both, ["both.0: float[batch, n, d]", "both.1: float[batch, n, d]"], {}, (n, d)),
    (Blocks, ["x: float[batch, n, d]"], {"n": 64}, (n, d)),
    (Heads, ["x: float[batch, n, d]"], {"d": 64}, (n, d)),
    (Chunks, ["x: float[batch, n, d]"], {"n": 48}, (n, d)),
    (Keywords, ["x: float[batch, n, d]", "positions: int[batch, n] < n"], {}, (n, d)),
    (Adjacent, ["x: float[batch, n, d]", "adj: float[batch, n, n]"], {}, (n, d)),
    (Steps, ["x: float[batch, n, d]", "t: float[batch]"], {}, (n, d)),
    (DataclassOutput, ["x: float[batch, n, d]"], {}, (n, d)),
]


@pytest.mark.parametrize(("make", "inputs", "units", "output"), CASES)
def test_what_a_module_takes_is_found(make, inputs, units, output) -> None:
    layer = user_layer("mine", make)
    assert [str(one) for one in layer.input_tensors] == inputs
    assert layer.units == units
    assert layer.output == output
    sizes = {axis: {"n": 192, "d": 64, "V": 10}[axis] for axis in layer.axes}
    assert count_flops(layer, sizes) >= 0
    assert layer.build(sizes)(*layer.make_inputs(sizes)).isfinite().all()


@pytest.mark.parametrize("name", ["Conv2d", "BatchNorm2d", "Conv3d"])
def test_torchs_layers_of_images_are_found(name: str) -> None:
    layer = layers.get(f"torch.nn:{name}")
    assert layer.output == ((d, n, n, n) if "3d" in name else (d, n, n))


class Secret(Dense):
    def forward(self, batch: dict) -> Tensor:
        raise RuntimeError("nothing that can be\nguessed")


def test_a_refusal_says_what_was_tried_and_what_to_type() -> None:
    with pytest.raises(LayerError) as error:
        user_layer("mine", Secret)
    text = str(error.value)
    assert "\n" not in text
    assert (
        "inputs that were tried, such as batch: float[batch, n, d] (RuntimeError: nothing" in text
    )
    assert text.endswith('say what it takes: --input "batch: float[batch, n, d]"')


def test_a_module_that_cannot_be_built_is_refused_in_one_line() -> None:
    class Broken(nn.Module):
        def __init__(self, dim: int) -> None:
            raise RuntimeError("no\nweights")

    with pytest.raises(LayerError, match="mine cannot be built: RuntimeError: no weights"):
        user_layer("mine", Broken)


def test_tries_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    class Counting(Dense):
        def forward(self, a, b, c, e):
            calls.append(1)
            raise ValueError("never")

    with pytest.raises(LayerError, match="none of"):
        user_layer("mine", Counting)
    assert len(calls) <= search.MOST_TRIES + 10
    monkeypatch.setattr(search, "MOST_SECONDS", -1.0)
    with pytest.raises(LayerError):
        user_layer("mine", Counting)


def test_names_that_mean_something_else_change_nothing_where_numbers_are_taken() -> None:
    class Vision(Dense):
        def forward(self, tokens: Tensor) -> Tensor:
            return self.f(tokens)

    layer = user_layer("mine", Vision)
    assert [str(one) for one in layer.input_tensors] == ["tokens: float[batch, n, d]"]


def test_a_flattened_output_is_a_product() -> None:
    assert layers.get("torch.nn:Flatten").output == (n * d,)


def test_another_process_is_told_what_was_found(tmp_path, isolated_registry, monkeypatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "found.py").write_text(
        "from torch import nn\nclass Found(nn.Conv2d):\n    def __init__(self, dim):\n"
        "        super().__init__(dim, dim, 1)\n"
    )
    name = f"{tmp_path}/found.py:Found"
    digest = layers.source_digest(name)
    assert [str(one) for one in layers.get(name).input_tensors] == ["input: float[batch, d, n, n]"]
    told = layers.inputs_told()[name]
    with layers.told_inputs({name: told}):
        assert layers.get(name).output == (d, n, n)
    assert layers.source_digest(name) == digest
