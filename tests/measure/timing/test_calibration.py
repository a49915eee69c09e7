"""What the machine can do, on made-up machines whose rates are known."""

import pytest
import torch
from layerlaw.measure import Case, Store, calibrate, uncalibrated_conditions
from layerlaw.measure.cases.metric import BANDWIDTH, CALIBRATION, METRICS_WITHOUT_LAW, PRODUCT_RATE
from layerlaw.measure.cases.table import MACHINE
from layerlaw.measure.timing import calibration


def steady(seconds):
    """A clock by which each call takes so long; it makes no call, so that sizes cost nothing."""
    return lambda call, loops: seconds * loops


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(calibration, "SIDES", (16, 32, 48))
    monkeypatch.setattr(calibration, "WORKING_SETS", (2**14, 2**15))


def test_rates_are_flops_and_bytes_over_seconds():
    found = calibrate(clock=steady(1e-3), rounds=1)
    assert {m.case.layer for m in found} == {MACHINE}
    rates = {(m.metric, m.case.mode, m.case.sizes["n"]): m.values[0] for m in found}
    assert rates[PRODUCT_RATE.name, "mm", 32] == pytest.approx(2 * 32**3 / 1e-3)
    assert rates[PRODUCT_RATE.name, "bmm", 32] == pytest.approx(8 * 32**3 / 1e-3)
    assert rates[PRODUCT_RATE.name, "convolution", 32] == pytest.approx(6 * 32**3 / 1e-3)
    # As STREAM counts: a copy reads and writes, an addition reads two and writes one.
    assert rates[BANDWIDTH.name, "copy", 2**15] == pytest.approx(2**15 / 1e-3)
    assert rates[BANDWIDTH.name, "add", 2**15] == pytest.approx(2**15 // 12 * 12 / 1e-3)
    assert set(METRICS_WITHOUT_LAW) > set(CALIBRATION)


@pytest.mark.parametrize("name", calibration.PRODUCTS)
def test_an_engine_does_the_work_that_it_counts(name):
    call, amount = calibration.PRODUCTS[name](16, torch.ones)
    out = call()
    # Of ones, each number is a sum of so many products, a multiply-add counting as two.
    assert 2 * out.sum().item() == amount


@pytest.mark.parametrize("name", calibration.STREAMS)
def test_an_engine_names_the_bytes_that_it_counts(name):
    arena = torch.ones(2**12)
    call, amount = calibration.STREAMS[name](2**13, arena)
    out = call()
    assert 2**13 - 12 <= amount <= 2**13
    if name == "dot":
        assert out.item() == amount / 8
    else:
        assert torch.equal(out, torch.full((amount // (12 if name == "add" else 8),), out[0]))
        assert out.data_ptr() == arena.data_ptr(), "no memory of its own"


def test_a_ladder_ends_where_calls_are_long():
    found = calibrate(clock=steady(2 * calibration.MAX_CALL_SECONDS), rounds=1)
    assert [m.case.sizes["n"] for m in found if m.case.mode == "mm"] == [16]
    assert len(found) == len(calibration.PRODUCTS) + len(calibration.STREAMS)


def test_rounds_are_interleaved_while_there_is_time():
    trials = len(calibrate(clock=steady(1e-3), rounds=1))
    found = calibrate(clock=steady(1e-3), rounds=3, seconds=1e9)
    assert len(found) == 3 * trials
    orders = [[m.case for m in found if m.round == round] for round in range(3)]
    assert len(set(map(tuple, orders))) == 3
    assert len({frozenset(order) for order in orders}) == 1
    assert len(calibrate(clock=steady(1e-3), rounds=3, seconds=0.0)) == trials


def test_what_a_device_cannot_is_left_out(monkeypatch):
    def none(size, arena):
        raise RuntimeError('"dot" not implemented')

    monkeypatch.setattr(calibration, "STREAMS", {**calibration.STREAMS, "dot": none})
    found = calibrate(clock=steady(1e-3), rounds=2)
    assert {m.case.mode for m in found} == {"mm", "bmm", "convolution", "copy", "add"}


def test_each_waits_for_calm():
    class Counting:
        times = 0

        def run_gated(self, work):
            self.times += 1
            return work(), True

    noise_gate = Counting()
    assert (
        noise_gate.times
        < len(calibrate(clock=steady(1e-3), rounds=2, noise_gate=noise_gate))
        == noise_gate.times
    )


def test_a_real_machine_has_rates_that_a_store_keeps():
    found = calibrate(rounds=1)
    assert all(value > 0 for m in found for value in m.values)
    with Store() as store:
        run = store.open_run({}, "here", {})
        store.add(run, *found)
        assert list(store.measurements(run)) == found
        table = store.table(run)
    assert set(table["metric"]) == set(CALIBRATION)
    assert table["n"].notna().all()


def test_each_condition_is_calibrated_once():
    sizes = {"n": 8, "d": 8}
    cases = [Case("rnn", sizes, dtype=dtype) for dtype in ("float32", "float64", "float32")]
    assert uncalibrated_conditions(cases, []) == [("cpu", "float32", 1), ("cpu", "float64", 1)]
    found = calibrate(clock=steady(1e-3), rounds=1)
    done = [one.case for one in found]
    assert uncalibrated_conditions(cases, done) == [("cpu", "float64", 1)]
    more = calibrate(*uncalibrated_conditions(cases, done)[0], clock=steady(1e-3), rounds=1)
    assert uncalibrated_conditions(cases, [*done, *(one.case for one in more)]) == []
