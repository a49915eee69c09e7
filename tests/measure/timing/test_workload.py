from dataclasses import replace

import pytest
import torch
from layerlaw.layers import get, names
from layerlaw.measure import Case, measure
from layerlaw.measure.timing.clocks import HostClock
from layerlaw.measure.timing.workload import prepare_pass, ready_pass, subnormal_share

from tests.helpers.sizes import complete


def ticking():
    """Make a clock that stands 10 ms further at each look: tests need no waiting."""
    ticks = iter(range(0, 10**12, 10**6))
    return HostClock(lambda: next(ticks))


def test_a_measurement_holds_its_raw_repeats():
    case = Case("attention", {"n": 16, "d": 8})
    result = measure(case, process=2, round=3, repeats=4, clock=ticking())
    assert (result.case, result.process, result.round) == (case, 2, 3)
    assert result.values == pytest.approx((0.001,) * 4)
    assert (result.status, result.note) == ("ok", "")


def test_values_are_the_same_in_every_round():
    case = Case("rnn", {"n": 8, "d": 4}, batch=2, dtype="float64")
    with torch.inference_mode():
        (one,), (same,), (other,) = (
            prepare_pass(case)(),
            prepare_pass(case)(),
            prepare_pass(case, seed=1)(),
        )
    assert one.shape == (2, 8, 4)
    assert one.dtype == torch.float64
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("name", names())
def test_backward_and_training_give_the_gradient_of_everything(name):
    layer = get(name)
    sizes = complete({"n": 6, "d": 4, "k": 3})
    case = Case(name, {axis: sizes[axis] for axis in layer.axes}, dtype="float64")
    again = []
    for mode in ("backward", "training"):
        with ready_pass(replace(case, mode=mode), seed=3) as (call, _):
            again += [call(), call()]
    torch.manual_seed(3)
    module = layer.build(case.sizes).double()
    inputs = layer.make_inputs(case.sizes, dtype=torch.float64, seed=3)
    every = (*inputs, *module.parameters())
    wanted = [x.requires_grad_() for x in every if x.is_floating_point()]
    module(*inputs).sum().backward()
    for gradients in again:
        assert len(gradients) == len(wanted)
        for mine, x in zip(gradients, wanted, strict=True):
            torch.testing.assert_close(mine, x.grad)


def test_gradients_that_are_not_finite_are_invalid(toy):
    toy("steep", lambda x: x.abs().sqrt() * (x > 9))
    assert measure(Case("steep", {"n": 8, "d": 4}), clock=ticking()).status == "ok"
    toy("cliff", lambda x: (x * 0).abs().sqrt())
    result = measure(Case("cliff", {"n": 8, "d": 4}, mode="training"))
    assert result.status == "invalid"
    assert result.note == "32 of 32 numbers of the gradients are NaN or infinite"


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_an_output_that_is_not_finite_is_invalid(toy, bad):
    toy("broken", lambda x: torch.cat([x[:, 1:], x[:, :1] * bad], dim=1))
    result = measure(Case("broken", {"n": 8, "d": 4}))
    assert result.status == "invalid"
    assert result.values == ()
    assert result.note == "4 of 32 numbers of the output are NaN or infinite"


def test_subnormal_numbers_are_noted(toy):
    toy("faint", lambda x: torch.cat([x[:, 1:], x[:, :1] * 0 + 1e-40], dim=1))
    torch.set_flush_denormal(False)
    result = measure(Case("faint", {"n": 8, "d": 4}), clock=ticking())
    assert (result.status, result.note) == ("ok", "12.50% of the output is subnormal")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_subnormals_are_seen_in_the_bits_of_every_dtype(dtype):
    tiny = torch.finfo(dtype).tiny
    values = torch.tensor([0.0, 1.0, tiny, -tiny / 2, tiny / 4], dtype=torch.float64).to(dtype)
    torch.set_flush_denormal(True)
    try:
        assert subnormal_share(values) == pytest.approx(2 / 5)
    finally:
        torch.set_flush_denormal(False)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MemoryError("no room"), "oom"),
        (torch.OutOfMemoryError("CUDA out of memory"), "oom"),
        (RuntimeError("[enforce] DefaultCPUAllocator: can't allocate memory: 9 bytes"), "oom"),
        (RuntimeError("shapes do not fit\nat line 3"), "error"),
        (ZeroDivisionError("division by zero"), "error"),
    ],
)
def test_a_case_that_raises_becomes_a_row_with_the_reason(toy, error, status):
    def forward(x):
        raise error

    toy("raising", forward)
    result = measure(Case("raising", {"n": 8, "d": 4}))
    assert result.status == status
    assert result.note == f"{type(error).__name__}: {error}".replace("\n", " ")


def test_a_real_lack_of_memory_is_told_from_a_bug(toy):
    toy("greedy", lambda x: torch.empty(2**60))
    assert measure(Case("greedy", {"n": 8, "d": 4})).status == "oom"


def test_an_unknown_mode_is_an_error_that_names_it():
    result = measure(Case("rnn", {"n": 8, "d": 4}, mode="sideways"))
    assert result.status == "error"
    assert "'sideways'" in result.note


def test_stopping_by_hand_is_not_a_result(toy):
    def forward(x):
        raise KeyboardInterrupt

    toy("stopped", forward)
    with pytest.raises(KeyboardInterrupt):
        measure(Case("stopped", {"n": 8, "d": 4}))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_case_on_cuda():
    result = measure(Case("attention", {"n": 64, "d": 32}, device="cuda"), repeats=2)
    assert result.status == "ok"
    assert all(value > 0 for value in result.values)
