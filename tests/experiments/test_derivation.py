"""What is derived of a layer without its theory is its theory, or is said to be unknown."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache

import layerlaw
import pytest
import torch
from layerlaw import layers
from layerlaw.analysis import fit
from layerlaw.experiments.derivation import DERIVED_METRICS, derive, derive_missing
from layerlaw.layers import override_layers
from layerlaw.layers.core.theory import d, is_known, k, n, subs
from layerlaw.layers.external.user_modules import user_layer
from layerlaw.measure.cases import activations
from layerlaw.measure.cases.case import Case
from layerlaw.measure.counting.flops import count_flops
from layerlaw.measure.planning.grid import grid_points
from layerlaw.measure.planning.profiles import profile_of
from layerlaw.measure.planning.run_plan import plan
from layerlaw.measure.timing.peak_memory import peak_bytes
from sympy import Max, ceiling, expand, log, oo
from torch import Tensor, nn


class Module(nn.Module):
    """A module of one function."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


@pytest.fixture
def mine():
    """Have a function as a layer called ``mine``."""
    with ExitStack() as stack:

        def load(function, **options) -> str:
            layer = user_layer("mine", lambda: Module(function), **options)
            stack.enter_context(override_layers({"mine": layer}))
            return "mine"

        yield load


@pytest.mark.parametrize("name", ["attention", "conv", "lstm", "layer_norm"])
def test_what_is_derived_is_theory(name):
    layer, found = layers.get(name), derive(name, DERIVED_METRICS[:4])
    theory = layer.tied_theory()
    for metric, field in (("flops", "flops"), ("parameters", "parameters")):
        assert expand(found.expression(metric) - getattr(theory, field)) == 0
    for sizes in ({"n": 40, "d": 16, "k": 5}, {"n": 9, "d": 32, "k": 3}):
        assert subs(found.expression("sequential_ops"), sizes) == subs(theory.depth, sizes)
        assert subs(found.expression("path_length"), sizes) == subs(theory.distance, sizes)
    assert found.theory.sequential_ops == theory.sequential_ops
    assert found.theory.path_length == theory.path_length
    assert not found.reasons


@pytest.mark.parametrize(
    ("name", "work"),
    [
        ("attention", n**2 * d),
        ("torch.nn:MultiheadAttention", n**2 * d + 2 * n * d**2),
        ("torch.nn:Conv1d", n * k * d**2),
        ("torch.nn:LSTM", n * d**2),
        ("ssm_scan", n * log(n) * d * layers.N),
    ],
)
def test_the_work_is_the_leading_part_of_the_flops_with_its_ratios(name, work):
    found = derive(name, ["flops"])
    assert expand(found.work - work) == 0
    assert found.degree("n") == (2 if work.has(n**2) else 1)


def test_what_follows_no_formula_has_its_reason_and_the_rest_is_there():
    found = derive("ssm_scan", ["flops", "parameters", "sequential_ops", "path_length"])
    assert set(found.reasons) == {"path_length"}
    assert "sequential_ops: 2*ceiling(log(n)/log(2)) + 8\npath_length: no formula" in repr(found)
    assert "not 12" in found.reasons["path_length"]
    assert found.expression("sequential_ops") == 2 * ceiling(log(n, 2)) + 8


def test_an_operation_that_is_not_known_is_named_and_memory_is_there(mine):
    found = derive(mine(lambda x: torch.digamma(x) @ x.mT))
    assert "aten.digamma" in found.reasons["flops"]
    assert "aten.digamma" in found.reasons["path_length"]
    assert found.expression("forward_peak_bytes") == 4 * n * d + 4 * n**2
    assert not is_known(found.work, found.theory.flops)


@cache
def peaks_of(name):
    return derive(name, ["forward_peak_bytes", "training_peak_bytes"])


@pytest.mark.parametrize("mode", ["forward", "training"])
@pytest.mark.parametrize(
    "name", ["attention", "torch.nn:TransformerEncoderLayer", "torch.nn:Linear"]
)
def test_a_law_of_peaks_holds_at_sizes_that_it_was_not_found_from(name, mode):
    found = peaks_of(name).expression(f"{mode}_peak_bytes")
    sizes = {"n": 208, "d": 128, "k": 11}
    at = {axis: sizes[axis] for axis in layers.get(name).axes}
    assert peak_bytes(Case(name, at, mode=mode)).values == (float(subs(found, at)),)
    assert found.has(Max) == (name == "attention" and mode == "training")


def test_a_curve_in_n_is_not_taken_for_a_chain_of_lines(mine):
    found = derive(mine(lambda x: (x @ x.mT).softmax(-1)), ["forward_peak_bytes"])
    assert found.expression("forward_peak_bytes") == 8 * n**2


def test_what_looks_at_numbers_is_counted_on_some(mine):
    def looks(x):
        return x @ x.mT @ x if float(x[0, 0, 0]) < 1e9 else x

    name = mine(looks)
    found = derive(name, ["flops", "sequential_ops", "path_length", "kept_bytes"])
    assert found.expression("flops") == 4 * n**2 * d
    assert found.expression("sequential_ops") == 2
    assert max(at["n"] for at in found.formulas["flops"].verified_at) < 1000


def test_a_layer_that_reaches_nobody_has_an_infinite_path(mine):
    assert derive(mine(torch.tanh), ["path_length"]).theory.path_length == oo


@pytest.mark.usefixtures("isolated_registry")
def test_sizes_are_chosen_by_what_was_derived_as_by_theory():
    ours, theirs = layers.get("torch_conv"), layers.get("torch.nn:Conv1d")
    with pytest.raises(ValueError, match="has no theory"):
        grid_points(theirs, profile_of("quick"))
    found = derive_missing(["torch.nn:Conv1d", "torch_conv"])
    assert list(found) == ["torch.nn:Conv1d"]
    sizing_layer = found["torch.nn:Conv1d"].sizing_layer
    assert expand(sizing_layer.theory.flops - ours.theory.flops) == n * d  # the bias
    assert len(grid_points(sizing_layer, profile_of("quick"))) > 30
    with layers.override_layers({"torch.nn:Conv1d": sizing_layer}):
        assert list(plan(["torch.nn:Conv1d", "dense"]).settings()["texts"]) == ["torch.nn:Conv1d"]
    assert "texts" not in plan("dense").settings()
    assert layers.get("torch.nn:Conv1d") is theirs
    assert not is_known(theirs.theory.flops), "no layer is changed by it"


def test_limits_are_not_below_what_a_layer_does_and_are_not_told(mine):
    name = mine(lambda x: torch.digamma(x) @ x.mT @ x)
    found = derive_missing([name])[name]
    layer = found.sizing_layer
    sizes = {"n": 64, "d": 32}
    assert subs(layer.theory.flops, sizes) > 4 * 64**2 * 32
    assert ELEMENT * subs(activations(layer), sizes) >= peak_bytes(Case(name, sizes)).values[0]
    assert grid_points(layer, profile_of("quick"))
    assert not is_known(found.reporting_layer.theory.flops)
    assert is_known(found.reporting_layer.theory.parameters)


ELEMENT = 4


def test_a_sweep_derives_and_an_expectation_is_of_the_time_alone(mine):
    name = mine(torch.tanh, expect="n*d")
    table = layerlaw.sweep(name, profile="asv", rounds=1, repeats=1, counts=True)
    laws = {each.series.metric: each for each in fit(table)}
    assert set(laws) == {"seconds", "flops", "sequential_ops"}
    assert laws["seconds"].theory.text() == "n·d"
    assert laws["flops"].theory is None
    assert count_flops(layers.get(name), {"n": 10, "d": 3}) == 30
    expected = {each.series.metric: each.theory for each in fit(table, {name: "n**2*d"})}
    assert expected["seconds"].text() == "n²·d"
    assert expected["flops"] is None


def test_a_law_of_peaks_that_ends_where_a_kernel_switches_is_refused(mine):
    def switches(x):
        return torch.tanh(x) if x.shape[1] <= 160 else torch.tanh(torch.exp(x))

    found = derive(mine(switches), ["forward_peak_bytes"])
    why = found.reasons["forward_peak_bytes"]
    assert "4*d*n gives 114688 at {'n': 256, 'd': 112}, not 229376" in why


@pytest.mark.parametrize("mode", ["backward", "training"])
def test_weights_that_take_no_part_stop_no_pass(mode):
    class Idle(nn.Module):
        def __init__(self, dim: int) -> None:
            super().__init__()
            self.used, self.idle = nn.Linear(dim, dim), nn.Linear(dim, dim)

        def forward(self, x: Tensor) -> Tensor:
            return self.used(x)

    with override_layers({"mine": user_layer("mine", Idle)}):
        made = peak_bytes(Case("mine", {"n": 8, "d": 4}, mode=mode))
    assert made.status == "ok", made.note
