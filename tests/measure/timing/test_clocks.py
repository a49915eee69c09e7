from fractions import Fraction

import pytest
import torch
from layerlaw.measure.timing.clocks import (
    MAX_TRIES,
    CudaClock,
    HostClock,
    clock_for,
    time_repeats,
    warm_up,
)


class Work:
    """Calls that take a known time on a clock of their own; the first ones are slower."""

    def __init__(self, nanoseconds, *, first=0):
        self.now, self.calls = 0, 0
        self._nanoseconds, self._first = nanoseconds, first

    def __call__(self):
        self.now += self._nanoseconds + (self._first if self.calls == 0 else 0)
        self.calls += 1

    @property
    def clock(self):
        return HostClock(lambda: self.now)


@pytest.mark.parametrize("nanoseconds", [200, 999, 3_000, 250_000, 4_999_999, 5_000_000, 10**9])
def test_a_repeat_lasts_at_least_the_least_and_not_much_more(nanoseconds):
    work = Work(nanoseconds)
    loops, _ = warm_up(work, work.clock, min_seconds=0.005)
    seconds = Fraction(loops * nanoseconds, 10**9)
    assert seconds >= Fraction(5, 1000)
    assert loops == 1 or seconds <= Fraction(5, 1000) * 2 + Fraction(nanoseconds, 10**9)


def test_a_slow_first_call_does_not_decide_the_loops():
    work = Work(3_000, first=4_000_000)
    loops, _ = warm_up(work, work.clock, min_seconds=0.005)
    assert loops * 3_000 >= 5_000_000


def test_values_are_seconds_per_call_and_the_warm_up_is_not_among_them():
    work = Work(3_000, first=4_000_000)
    values = time_repeats(work, work.clock, repeats=3)
    assert values == pytest.approx((3e-6,) * 3)


@pytest.mark.parametrize(("milliseconds", "number"), [(1, 5), (2, 3), (4.9, 2), (5, 1), (60, 1)])
def test_long_calls_are_repeated_less(milliseconds, number):
    work = Work(milliseconds * 1_000_000)
    assert len(time_repeats(work, work.clock, repeats=5)) == number


@pytest.mark.parametrize(("milliseconds", "calls"), [(49, 3), (50, 2), (900, 2)])
def test_a_long_call_needs_no_warm_up_of_its_own(milliseconds, calls):
    work = Work(milliseconds * 1_000_000)
    assert time_repeats(work, work.clock, repeats=5) == pytest.approx((milliseconds / 1e3,))
    assert work.calls == calls


def test_what_a_long_first_call_did_besides_is_not_among_the_values():
    work = Work(3_000, first=2 * 10**9)  # as where it is compiled
    assert time_repeats(work, work.clock, repeats=3) == pytest.approx((3e-6,) * 3)
    work = Work(70_000_000, first=2 * 10**9)
    assert time_repeats(work, work.clock, repeats=3) == pytest.approx((0.07,))


@pytest.mark.parametrize("fall", [0.0, 0.02, 0.2])
def test_warm_up_goes_on_while_calls_get_faster(fall):
    now, cost, costs = 0, 10e6, []

    def call():
        nonlocal now, cost
        costs.append(cost)
        now += cost
        cost = max(cost * (1 - fall), 4e6)

    loops, steady = warm_up(call, HostClock(lambda: now), min_seconds=0.001)
    assert (loops, steady) == (1, pytest.approx(costs[-1] / 1e9))
    if fall > 0.1:
        assert costs[-1] > 0.97 * costs[-2], "it has stopped falling"
        assert len(costs) == 6
    else:
        assert len(costs) == 2


def test_warm_up_ends_where_calls_get_faster_for_ever():
    now, cost = 0, 10**12

    def call():
        nonlocal now, cost
        now, cost = now + cost, cost // 2

    warm_up(call, HostClock(lambda: now))
    assert cost == 10**12 // 2**MAX_TRIES


def test_what_timing_takes_by_itself_is_taken_off():
    class Slow:  # a look takes 50 ns, and a call 40 ns before it does anything
        now = 0

        def look(self):
            self.now += 50
            return self.now

        def call(self, nanoseconds):
            self.now += 40 + nanoseconds

    slow = Slow()
    clock = HostClock(slow.look, read=50e-9, turn=40e-9)
    assert clock(lambda: slow.call(3_000), 7) == pytest.approx(7 * 3e-6)
    assert clock(lambda: slow.call(0), 7) == 1e-9, "no time is zero or less"


def test_the_real_clock_knows_what_it_takes():
    bare, clock = HostClock(), HostClock.calibrated()

    def nothing():
        return None

    assert (
        0
        < min(clock(nothing, 10_000) for _ in range(20))
        < 0.5 * min(bare(nothing, 10_000) for _ in range(20))
    )


class FakeEvent:
    """Records the time of the stream when it is reached; a host clock would see nothing."""

    stream, log = 0.0, []

    def record(self):
        self.at = FakeEvent.stream
        FakeEvent.log.append("record")

    def synchronize(self):
        FakeEvent.log.append("synchronize")

    def elapsed_time(self, end):
        FakeEvent.log.append("elapsed")
        return end.at - self.at  # milliseconds, as in torch.cuda.Event


def test_the_cuda_clock_reads_events_after_the_last_call_has_finished(monkeypatch):
    monkeypatch.setattr(FakeEvent, "stream", 7.0)
    monkeypatch.setattr(FakeEvent, "log", [])

    def kernel():
        FakeEvent.stream += 2.0
        FakeEvent.log.append("call")

    assert CudaClock(FakeEvent)(kernel, 3) == pytest.approx(6e-3)
    assert FakeEvent.log == ["record", *["call"] * 3, "record", "synchronize", "elapsed"]


def test_a_flush_comes_before_each_call_and_is_not_timed(monkeypatch):
    monkeypatch.setattr(FakeEvent, "stream", 7.0)
    monkeypatch.setattr(FakeEvent, "log", [])

    def run(name, milliseconds):
        FakeEvent.stream += milliseconds
        FakeEvent.log.append(name)

    clock = CudaClock(FakeEvent, flush=lambda: run("flush", 9.0))
    assert clock(lambda: run("call", 2.0), 3) == pytest.approx(6e-3)
    assert FakeEvent.log == [
        *["flush", "record", "call", "record"] * 3,
        "synchronize",
        *["elapsed"] * 3,
    ]


def test_each_device_has_its_clock():
    assert isinstance(clock_for("cpu"), HostClock)
    assert isinstance(clock_for("cuda"), CudaClock)
    assert clock_for("cpu") is clock_for("cpu"), "what it takes by itself is found out once"


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_events_see_the_kernels():
    x = torch.randn(2048, 2048, device="cuda")
    clock = clock_for("cuda")
    one, many = clock(lambda: x @ x, 10), clock(lambda: x @ x, 100)
    assert 3 < many / one < 30
