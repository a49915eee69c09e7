import pytest
from layerlaw.measure import Controls
from layerlaw.measure.timing.noise_gate import (
    MIN_READINGS,
    READINGS,
    TRIES,
    WAIT_SHARE,
    NoiseGate,
    UsualTime,
)

#: Seconds of a look at the machine below in its own time, at its best.
LOOK = TRIES * 1e-4


class Machine:
    """A machine of two speeds: slow within the stretches given, in seconds of its own time."""

    def __init__(self, *slow):
        self.now, self._slow = 0.0, slow

    def work(self, seconds):
        factor = 1.8 if any(start <= self.now < end for start, end in self._slow) else 1.0
        self.now += factor * seconds
        return factor

    def gate(self):
        return NoiseGate(lambda call, loops: self.work(1e-4) * 1e-4, lambda: self.now)


def test_it_works_at_once_in_a_calm_moment():
    machine = Machine()
    gate = machine.gate()
    before = machine.now
    assert gate.run_gated(lambda: machine.work(0.01))[:2] == (1.0, True)
    assert machine.now - before == pytest.approx(0.01 + 2 * LOOK)


def test_it_waits_for_a_slow_stretch_to_end():
    machine = Machine((1.0, 1.3))
    gate = machine.gate()
    machine.now = 1.1
    assert gate.run_gated(lambda: machine.work(0.01))[:2] == (1.0, True)
    assert 1.3 <= machine.now < 1.32


def test_work_in_which_a_slow_stretch_began_is_done_again():
    machine = Machine((1.0, 1.3))
    gate = machine.gate()
    machine.now = 0.99
    tries = []
    result, quiet, waited, _ = gate.run_gated(lambda: tries.append(machine.work(0.02)))
    assert (result, quiet) == (None, True)
    assert len(tries) == 2
    assert tries[-1] == 1.0
    assert waited == pytest.approx(1.3 - 0.99, abs=2e-3)


def test_where_no_calm_moment_comes_waiting_ends_and_is_told():
    machine = Machine((1.0, 1e9))
    gate = machine.gate()
    machine.now = 1.0
    worked = 0.0
    for _ in range(50):
        _, quiet, _, _ = gate.run_gated(lambda: machine.work(0.01))
        worked += 0.018
    assert not quiet
    assert machine.now - 1.0 < 1.0 + 1.1 * worked / (1 - WAIT_SHARE)


def test_where_the_neighbour_stays_the_slow_speed_becomes_the_rule():
    machine = Machine((1.0, 1e9))
    gate = machine.gate()
    machine.now = 1.0
    for _ in range(READINGS):
        last = gate.run_gated(lambda: machine.work(0.01))
    assert last.quiet
    assert last.waited < 3 * LOOK, "a look, and nothing waited"


def test_where_slow_is_the_rule_a_fast_moment_is_no_reason_to_wait():
    machine = Machine((0.0, 1.0), (1.2, 9.0))
    gate = machine.gate()
    machine.now = 1.1
    assert gate.run_gated(lambda: machine.work(0.01))[:2] == (1.0, True)
    assert machine.now < 1.12


def test_it_waits_no_longer_than_it_may():
    machine = Machine((1.0, 2.0))
    gate = machine.gate()
    machine.now = 1.0
    result, quiet, waited, look = gate.run_gated(lambda: machine.work(0.01), 0.1)
    assert (result, quiet) == (1.8, False)
    assert waited == pytest.approx(0.1, abs=0.02)
    assert look == pytest.approx(1.8e-4)


def test_the_rule_of_other_processes_is_believed():
    machine = Machine((0.0, 1.0))
    gate = machine.gate()
    result = gate.run_gated(lambda: machine.work(0.01), 9.0, 1e-4)
    assert result[:2] == (1.0, True)
    assert 1.0 <= machine.now < 1.02


def test_a_look_that_is_interrupted_counts_for_nothing():
    tries = iter([5e-3, 1e-4, 9e-4, 1.1e-4, 3e-4] * 1000)
    gate = NoiseGate(lambda call, loops: next(tries), lambda: 0.0)
    assert gate.reference_seconds() == 1e-4


def test_the_rule_is_the_lower_quartile_of_the_latest_looks():
    rule = UsualTime([1.0] * (MIN_READINGS - 1))
    assert rule.seconds is None, "of few nothing is known"
    rule.add(1.0)
    assert rule.seconds == 1.0
    rule.add(*[1.8] * (2 * MIN_READINGS))
    assert rule.seconds == 1.0
    rule.add(*[1.8] * READINGS)
    assert rule.seconds == 1.8


def test_the_real_reference_is_a_short_piece_of_work():
    with Controls(allocator=False).in_force():
        looks = [NoiseGate().reference_seconds() for _ in range(20)]
    assert 1e-6 < min(looks) < 1e-2
