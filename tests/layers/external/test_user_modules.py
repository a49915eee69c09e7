"""Layers of one's own: where they are found, which sizes they are given, and what they give."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from layerlaw import layers
from layerlaw.layers import LayerError
from layerlaw.layers.core.theory import d, k, n
from layerlaw.layers.external import discovery
from layerlaw.layers.external.user_modules import user_layer
from torch import Tensor, nn

MODULE = '''
"""Somebody's module."""

import beside
from torch import nn


class Gated(nn.Module):
    """A gated layer."""

    def __init__(self, d_model, scale=2.0):
        super().__init__()
        self.gate, self.value = nn.Linear(d_model, d_model), nn.Linear(d_model, d_model)

    def forward(self, x):
        return self.gate(x).sigmoid() * self.value(x)


def wide(dim, kernel_size):
    return nn.Sequential(nn.Conv1d(dim, 2 * dim, kernel_size, padding=kernel_size // 2))


number = 3
built = nn.Linear(4, 4)
'''


#: Exceptions that are no `Exception`, or whose text cannot be written.
STRANGE = """
from torch import nn


class Strange(BaseException):
    pass


class Mute(Exception):
    def __str__(self):
        raise Strange


class Silent(nn.Module):
    def forward(self, x):
        raise Mute
"""


@pytest.fixture(autouse=True)
def _own_path(isolated_registry: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a test load and offer layers that the next one does not see."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    discovery.entry_points_by_name.cache_clear()
    yield
    discovery.entry_points_by_name.cache_clear()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "beside.py").write_text("")
    (tmp_path / "mine.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def offer(folder: Path, monkeypatch: pytest.MonkeyPatch, **points: str) -> None:
    """Have a package installed that offers layers."""
    info = folder / "nice-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nice\nVersion: 1.0\n")
    lines = (f"{name} = {value}\n" for name, value in points.items())
    (info / "entry_points.txt").write_text("[layerlaw.layers]\n" + "".join(lines))
    monkeypatch.syspath_prepend(folder)
    discovery.entry_points_by_name.cache_clear()


@pytest.mark.parametrize("spec", ["mine.py:Gated", "./mine.py:Gated", "mine:Gated"])
def test_a_layer_is_found_in_a_file_or_a_module(folder: Path, spec: str) -> None:
    layer = layers.get(spec)
    assert layer.name == spec
    assert layer.axes == ("n", "d")
    assert layer.output == (n, d)
    x = layer.make_inputs({"n": 5, "d": 8}, batch=2)
    assert layer.build({"n": 5, "d": 8})(*x).shape == (2, 5, 8)
    assert spec not in layers.names()
    assert layers.find(spec) is layer


def test_a_file_is_found_from_any_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "deep").mkdir()
    monkeypatch.chdir(folder / "deep")
    assert layers.get("../mine.py:Gated").axes == ("n", "d")
    assert layers.import_path("../mine.py:Gated") == "../mine.py"


def test_a_function_gives_a_module_too_and_its_output_may_be_wider(folder: Path) -> None:
    layer = layers.get("mine.py:wide")
    assert layer.axes == ("n", "d", "k")
    assert layer.output == (n, 2 * d)
    assert layer.build({"n": 8, "d": 4, "k": 3})(torch.ones(1, 8, 4)).shape == (1, 8, 8)


def test_a_layer_class_of_ours_is_taken_as_it_is(folder: Path) -> None:
    (folder / "ours.py").write_text(
        "from layerlaw import layers\nclass Same(type(layers.get('dense'))):\n    name = 'same'\n"
    )
    assert layers.get("ours.py:Same").theory == layers.get("dense").theory


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("nowhere.py:X", "there is no such file"),
        ("nowhere:X", "there is no module 'nowhere'"),
        ("mine.py:Missing", "mine.py has no 'Missing'; it has: Gated"),
        ("mine.py:number", "a int is not a layer"),
        ("mine.py:built", "this module has fixed sizes"),
        ("broken.py:X", "broken.py cannot be imported: ZeroDivisionError: division by zero"),
        ("raisesStrange.py:X", "raisesStrange.py cannot be imported: Strange$"),
        ("raisesMute:X", "raisesMute cannot be imported: Mute$"),
        ("raisesSystemExit.py:X", "raisesSystemExit.py cannot be imported: SystemExit$"),
        ("strange.py:Silent", r"accepts none of \d+ inputs that were tried, .*Mute"),
        ("mine.py:", "write your own layer as"),
        ("torch.nn:Embedding", "no size has the name of its parameter num_embeddings"),
        ("torch.nn:BCELoss", r"accepts none of \d+ inputs that were tried, such as input: float"),
    ],
)
def test_what_cannot_be_a_layer_is_refused_in_one_line(folder: Path, spec: str, why: str) -> None:
    (folder / "broken.py").write_text("1 / 0\n")
    (folder / "strange.py").write_text(STRANGE)
    for name in ("Strange", "Mute", "SystemExit"):
        (folder / f"raises{name}.py").write_text(f"from strange import *\nraise {name}()\n")
    with pytest.raises(LayerError, match=why) as error:
        layers.get(spec)
    assert "\n" not in str(error.value)


class Shaped(nn.Module):
    """Give what a function makes of the input."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor):
        return self.function(x)


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (lambda x: x.sum(0), "a dimension must be the batch"),
        (lambda x: x[:, : int(x.shape[1] ** 0.5)], "no formula of the sizes gives"),
        (lambda x: x.argmax(-1), "has no floating-point tensor"),
        (lambda x: 3, "has no floating-point tensor"),
    ],
)
def test_an_output_that_does_not_fit_is_refused(function, why: str) -> None:
    with pytest.raises(LayerError, match=why):
        user_layer("mine", lambda: Shaped(function))


@pytest.mark.parametrize(
    ("function", "output"),
    [
        (lambda x: x @ x.mT, (n, n)),
        (lambda x: (x[:, 1:], None), (n - 1, d)),
        (lambda x: {"last": x[..., ::2], "other": x}, (n, d / 2)),
        (lambda x: [x.argmax(-1), x.mean(1)], (d,)),
    ],
)
def test_the_shape_of_the_output_is_found(function, output: tuple) -> None:
    layer = user_layer("mine", lambda: Shaped(function))
    assert layer.output == output
    made = layer.build({"n": 6, "d": 4})(torch.ones(2, 6, 4))
    assert made.shape[1:] == tuple(int(side.subs({n: 6, d: 4})) for side in output)


@pytest.mark.parametrize(
    ("name", "axes", "inputs", "turned"),
    [
        ("LSTM", ("n", "d"), 1, False),
        ("TransformerEncoderLayer", ("n", "d"), 1, False),
        ("TransformerDecoderLayer", ("n", "d"), 2, False),
        ("MultiheadAttention", ("n", "d"), 3, False),
        ("Conv1d", ("n", "d", "k"), 1, True),
        ("BatchNorm1d", ("n", "d"), 1, True),
        ("LayerNorm", ("n", "d"), 1, False),
        ("Bilinear", ("n", "d"), 2, False),
        ("Softplus", ("n", "d"), 1, False),
    ],
)
def test_torchs_own_modules_are_layers_by_name(
    name: str, axes: tuple, inputs: int, turned: bool
) -> None:
    layer = layers.get(f"torch.nn:{name}")
    assert isinstance(layer, layers.UserLayer)
    assert (layer.axes, len(layer.inputs), layer.channels_first) == (axes, inputs, turned)
    assert layer.output == (n, d)
    sizes = {"n": 10, "d": 8, "k": 5}
    x = layer.make_inputs({axis: sizes[axis] for axis in axes}, batch=2)
    assert layer.build(sizes)(*x).shape == (2, 10, 8)


def test_a_module_gives_what_it_gives_alone() -> None:
    layer = layers.get("torch.nn:Conv1d")
    module, x = layer.build({"n": 9, "d": 4, "k": 3}), torch.randn(2, 9, 4)
    assert torch.equal(module(x), module.module(x.mT).mT)
    assert not module.training
    assert module.module.padding == (1,)


def test_a_size_that_has_a_value_is_given_where_inputs_have_it_and_left_alone_elsewhere() -> None:
    class Positions(nn.Module):
        def __init__(self, dim: int = 64, max_len: int = 100, expand: int = 3, axis: int = -1):
            super().__init__()
            self.sizes = dim, max_len, expand, axis

        def forward(self, x: Tensor) -> Tensor:
            return x

    layer = user_layer("mine", Positions)
    assert layer.build({"n": 200, "d": 16}).module.sizes == (16, 200, 3, -1)


def test_heads_have_to_divide_the_width_and_a_kernel_is_odd() -> None:
    with pytest.raises(ValueError, match="d/h must be a whole number"):
        layers.get("torch.nn:MultiheadAttention").resolve({"n": 4, "d": 6})
    assert (k - 1) / 2 in layers.get("torch.nn:Conv1d").integer_expressions


def test_building_draws_nothing_from_the_callers_random_numbers() -> None:
    before = torch.get_rng_state()
    layers.get("torch.nn:Linear")  # is loaded anew: the registry is isolated
    assert torch.equal(torch.get_rng_state(), before)


def test_what_looks_at_numbers_is_known_not_to_run_without() -> None:
    def looks(x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x

    assert not user_layer("mine", lambda: Shaped(looks)).runs_on_meta
    assert user_layer("mine", lambda: Shaped(torch.tanh)).runs_on_meta


def test_a_decorator_offers_a_module_by_a_name_of_its_own() -> None:
    @layers.layer("twice", expect="n*d", title="twice as much", formula="y = 2x")
    class Twice(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return 2 * x

    layer = layers.get("twice")
    assert (layer.expect, layer.title, layer.formula) == ("n*d", "twice as much", "y = 2x")
    assert layers.names()[-1] == "twice"
    with pytest.raises(ValueError, match="'rnn' is registered already"):
        layers.layer("rnn")
    with pytest.raises(ValueError, match="use no spaces and no colons"):
        layers.layer("my:layer")
    assert layers.import_path("twice") is None  # it is inside a function: no other process finds it


def test_a_package_offers_a_layer_which_is_loaded_when_it_is_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(folder, monkeypatch, nice="mine:Gated")
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    assert "nice" in layers.names()
    assert "mine" not in sys.modules
    assert layers.get("nice").output == (n, d)
    assert layers.import_path("nice") == ""


def test_a_package_that_is_broken_is_a_warning_that_names_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(folder, monkeypatch, lost="nowhere.at.all:Gated")
    with pytest.warns(layers.BrokenLayer, match="'lost' of the package nice cannot be loaded"):
        assert layers.find("lost") is None
    with pytest.raises(LayerError, match="package nice"):
        layers.get("lost")
    assert layers.get("dense").name == "dense"


def test_a_text_that_was_changed_has_another_fingerprint(folder: Path) -> None:
    layers.get("mine.py:Gated")
    before = layers.source_digest("mine.py:Gated")
    (folder / "mine.py").write_text(MODULE + "# changed\n")
    assert layers.source_digest("mine.py:Gated") != before
    assert layers.source_digest("rnn") == ""


def test_all_layers_are_those_that_can_be_loaded(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(folder, monkeypatch, nice="mine:Gated", gone="nowhere.at.all:Gated")
    with pytest.warns(layers.BrokenLayer, match="'gone'"):
        found = layers.select_layers("all")
    assert found[-1] == "nice"
    # Without another warning, which would be an error.
    assert layers.select_layers(["all"]) == found
    assert layers.select_layers(None) == list(layers.CORE)


def test_a_subclass_of_a_module_of_torchs_is_asked_for_the_same_sizes() -> None:
    class Mine(nn.GRU):
        pass

    assert user_layer("mine", Mine).letters == {"input_size": "d", "hidden_size": "d"}
