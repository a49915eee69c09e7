"""Modules that write into their inputs: trained, and measured on the same inputs at every pass."""

from __future__ import annotations

import pytest
import torch
from layerlaw.layers import override_layers
from layerlaw.layers.external.user_modules import user_layer
from layerlaw.measure import Case, measure, peak_bytes
from layerlaw.measure.operations.operation_recorder import record_pass
from layerlaw.measure.timing.clocks import CudaClock, HostClock
from layerlaw.measure.timing.modes import MODES, gradient_mode, writes_into_inputs
from layerlaw.measure.timing.workload import prepare_pass
from torch import Tensor, nn


class PreActivation(nn.Module):
    """A block that rectifies its input in place before a dense layer."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(dim, dim))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class Tripling(nn.Module):
    """A module that uses an overwritten input again, by a view too."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(dim))
        self.unused = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        x.mT.mul_(3.0)
        return x * self.gain + x


class Reading(PreActivation):
    """The same without writing into the input."""

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x.clone())


@pytest.fixture(params=[PreActivation, Tripling])
def writing(request):
    layer = user_layer("writing", request.param)
    with override_layers({"writing": layer}):
        yield "writing"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("stack", ["", "2*"])
def test_each_pass_has_the_same_result(writing, mode, stack):
    with gradient_mode(mode):
        call = prepare_pass(Case(f"{stack}{writing}", {"n": 6, "d": 4}, mode=mode))
        first = [x.clone() for x in call()]
        for _ in range(200):  # three to the power of 200 would be infinite
            again = call()
    assert all(torch.equal(x, y) for x, y in zip(first, again, strict=True))


@pytest.mark.parametrize("mode", MODES)
def test_it_is_timed_and_has_a_peak(writing, mode):
    case = Case(writing, {"n": 6, "d": 4}, mode=mode)
    assert measure(case).status == "ok"
    assert peak_bytes(case).status == "ok"


def test_the_copy_is_no_part_of_the_pass(writing):
    found, _ = record_pass(Case(writing, {"n": 6, "d": 4}))
    assert not [each for each in found.others if "clone" in str(each.function)]


def test_gradients_are_those_of_a_module_that_copies_its_input():
    x = torch.randn(1, 6, 4)
    found = []
    for kind in (PreActivation, Reading):
        torch.manual_seed(0)
        module = user_layer("one", kind).build({"n": 6, "d": 4})
        found.append(MODES["training"](module, (x.clone(),))())
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


@pytest.mark.parametrize(("kind", "writes"), [(PreActivation, True), (Reading, False)])
@pytest.mark.parametrize("mode", MODES)
def test_whether_a_module_writes_is_seen(kind, writes, mode):
    with gradient_mode(mode):
        x = torch.randn(1, 6, 4)
        module = user_layer("one", kind).build({"n": 6, "d": 4})
        assert writes_into_inputs(module, (x,)) == writes


class Recorded:
    """A call whose restoring takes 1 s, and its running 1 ms, on a clock of its own."""

    def __init__(self) -> None:
        self.now, self.calls = 0, []

    def restore(self) -> None:
        self.now += 10**9
        self.calls.append("restore")

    def run(self) -> None:
        self.now += 10**6
        self.calls.append("run")

    def __call__(self) -> None:
        self.restore()
        self.run()


def test_restoring_is_outside_the_timed_region_on_the_host():
    call = Recorded()
    assert HostClock(lambda: call.now)(call, 3) == pytest.approx(3e-3)
    assert call.calls == ["restore", "run"] * 3


def test_restoring_is_outside_the_timed_region_on_a_gpu():
    call = Recorded()

    class Event:
        def record(self) -> None:
            self.time = call.now

        def synchronize(self) -> None:
            pass

        def elapsed_time(self, end) -> float:
            return (end.time - self.time) / 1e6

    assert CudaClock(Event)(call, 3) == pytest.approx(3e-3)
