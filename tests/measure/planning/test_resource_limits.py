from math import inf

import pytest
from layerlaw.layers import get, names
from layerlaw.measure import Case, Measurement
from layerlaw.measure.cases import bytes_of, flops_of
from layerlaw.measure.host import ResidentMemory, free_memory
from layerlaw.measure.planning import resource_limits
from layerlaw.measure.planning.resource_limits import (
    MEMORY_SHARE,
    MIN_PASSES,
    Forecast,
    ResourceLimits,
)

CASE = Case("attention", {"n": 1024, "d": 64})
MEMORY = 4 * (2 * 1024**2 + 4 * 1024 * 64)  # scores and weights; Q, K, V and the output


def took(case, seconds):
    return Measurement(case, 0, 0, (seconds, 2 * seconds))


def test_bytes_are_those_that_theory_counts():
    assert bytes_of(CASE) == MEMORY
    half = Case(CASE.layer, CASE.sizes, batch=3, dtype="bfloat16")
    assert bytes_of(half) == 3 * MEMORY / 2
    dense = Case("dense", {"n": 8, "d": 16})
    assert bytes_of(dense) == 4 * (3 * 8 * 16 + 16 * 16 + 16)


@pytest.mark.parametrize("name", names())
def test_a_pass_with_gradients_takes_more(name):
    sizes = dict.fromkeys(get(name).axes, 33)
    assert bytes_of(Case(name, sizes, mode="training")) >= 2 * bytes_of(Case(name, sizes))


def test_what_takes_too_much_memory_is_refused_with_both_figures():
    small = Forecast(ResourceLimits(memory=MEMORY - 1))
    assert small.refusal(CASE) == (
        "it needs 0.00879 GiB of memory, the limit is 0.00879 GiB (--memory)"
    )
    assert Forecast(ResourceLimits(memory=MEMORY)).refusal(CASE) == ""


def test_memory_that_was_seen_corrects_theory():
    forecast = Forecast(ResourceLimits(memory=0.6 * 2**30))
    large = Case("attention", {"n": 4096, "d": 64})
    larger = Case("attention", {"n": 8192, "d": 64})
    assert bytes_of(large) > 2**26
    assert forecast.refusal(larger) == ""
    forecast.record(took(large, 1e-3), bytes=1.5 * bytes_of(large))
    assert forecast.refusal(large) == ""
    assert forecast.refusal(larger) == (
        "it needs 0.762 GiB of memory, the limit is 0.6 GiB (--memory)"
    )
    assert forecast.refusal(Case("sdpa", larger.sizes)) == "", "another layer is another matter"


def test_a_layer_without_flops_has_no_forecast_of_its_time(monkeypatch):
    monkeypatch.setattr(resource_limits, "flops_of", lambda case: 0)
    forecast = Forecast(ResourceLimits(seconds=10.0, memory=inf))
    forecast.record(took(CASE, 9.0))
    assert forecast.refusal(CASE) == ""


def test_what_takes_too_long_is_refused_by_the_fastest_rate_so_far():
    forecast = Forecast(ResourceLimits(seconds=10.0, memory=inf))
    small, large = Case("dense", {"n": 16, "d": 16}), Case("dense", {"n": 2**14, "d": 2**12})
    assert forecast.refusal(large) == "", "nothing is known yet"
    forecast.record(took(Case("dense", {"n": 64, "d": 64}), 64**3 * 1e-12))
    forecast.record(took(small, 1e-3))  # overhead alone, which says nothing of large ones
    assert forecast.refusal(large) == ""
    slow = Forecast(ResourceLimits(seconds=10.0, memory=inf))
    slow.record(took(small, 1e-3))
    assert slow.refusal(large) == "", "nothing is known of anything like it"
    known = Case("dense", {"n": 2**10, "d": 2**10})
    slow.record(took(known, 0.02))
    seconds = MIN_PASSES * 0.02 * flops_of(large) / flops_of(known)
    assert slow.refusal(large) == (
        f"it needs at least {seconds:.3g} s, the limit is 10 s (--timeout)"
    )
    assert slow.refusal(small) == ""


def test_a_gpu_has_memory_of_its_own():
    forecast = Forecast(ResourceLimits(), gpu=2**30)
    on_gpu = Case("attention", {"n": 2**14, "d": 16}, device="cuda")
    assert f"the limit is {MEMORY_SHARE:.3g} GiB" in forecast.refusal(on_gpu)


def test_free_memory_is_what_the_system_or_the_container_has_left(tmp_path):
    assert free_memory(tmp_path, 2**21) == 2**21
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (group / "memory.max").write_text("max\n")
    (group / "memory.current").write_text("5000\n")
    assert free_memory(tmp_path, 2**21) == 2**21
    (group / "memory.max").write_text("1053576\n")
    assert free_memory(tmp_path, 2**21) == 1053576 - 5000
    assert 0 < free_memory() <= inf


def test_a_process_is_seen_to_grow():
    seen = ResidentMemory()
    if seen.peak_growth() == 0.0 and not seen._before:
        pytest.skip("this system does not say")
    block = bytearray(2**26)
    del block
    assert 2**26 * 0.9 < seen.peak_growth() < 2**28
    assert ResidentMemory().peak_growth() < 2**25, "what was before is forgotten"


def test_where_the_system_does_not_say_nothing_is_known(tmp_path):
    assert ResidentMemory(tmp_path / "none").peak_growth() == 0.0
