import pytest
from layerlaw.measure import Controls
from layerlaw.measure.calm import SHARE, SLOW, Calm


class Machine:
    """A machine of two speeds: slow within the stretches given, in seconds of its own time."""

    def __init__(self, *slow):
        self.now, self._slow = 0.0, slow

    def work(self, seconds):
        factor = 1.8 if any(start <= self.now < end for start, end in self._slow) else 1.0
        self.now += factor * seconds
        return factor

    def calm(self):
        return Calm(lambda call, loops: self.work(5e-4) * 5e-4, lambda: self.now)


def test_it_works_at_once_in_a_calm_moment():
    machine = Machine()
    calm = machine.calm()
    before = machine.now
    assert calm.during(lambda: machine.work(0.01))[:2] == (1.0, True)
    assert machine.now - before == pytest.approx(0.01 + 2 * 5e-4)


def test_it_waits_for_a_slow_stretch_to_end():
    machine = Machine((1.0, 1.3))
    calm = machine.calm()
    machine.now = 1.1
    assert calm.during(lambda: machine.work(0.01))[:2] == (1.0, True)
    assert 1.3 <= machine.now < 1.32


def test_work_in_which_a_slow_stretch_began_is_done_again():
    machine = Machine((1.0, 1.3))
    calm = machine.calm()
    machine.now = 0.99
    tries = []
    result, calmly, waited = calm.during(lambda: tries.append(machine.work(0.02)))
    assert (result, calmly) == (None, True)
    assert len(tries) == 2
    assert tries[-1] == 1.0
    assert waited == pytest.approx(1.3 - 0.99, abs=2e-3)


def test_where_the_best_never_comes_back_waiting_ends_and_is_told():
    machine = Machine((1.0, 1e9))
    calm = machine.calm()
    machine.now = 1.0
    worked = 0.0
    for _ in range(200):
        _, calmly, _ = calm.during(lambda: machine.work(0.01))
        worked += 0.018
    assert not calmly
    assert machine.now - 1.0 < 1.0 + 1.1 * worked / (1 - SHARE)


def test_it_waits_no_longer_than_it_may():
    machine = Machine((1.0, 2.0))
    calm = machine.calm()
    machine.now = 1.0
    result, calmly, waited = calm.during(lambda: machine.work(0.01), 0.1)
    assert (result, calmly) == (1.8, False)
    assert waited == pytest.approx(0.1, abs=0.02)


def test_the_best_of_another_process_is_believed():
    machine = Machine((0.0, 1.0))
    best = machine.calm().best / 1.8
    calm = Calm(lambda call, loops: machine.work(5e-4) * 5e-4, lambda: machine.now, best)
    assert calm.slowness() == pytest.approx(1.8)


def test_slowness_is_beside_the_best_so_far():
    machine = Machine((0.0, 1.0))
    calm = machine.calm()
    assert calm.slowness() == pytest.approx(1.0), "it has seen nothing better"
    machine.now = 1.0
    assert calm.slowness() == pytest.approx(1.0)
    machine.now = 0.5
    assert calm.slowness() == pytest.approx(1.8)
    assert SLOW < 1.8


def test_the_real_reference_comes_back_to_its_best():
    with Controls(allocator=False).in_force():
        calm = Calm()
        # Of many, so that one calm moment is enough, however busy the machine is.
        assert min(calm.slowness() for _ in range(1000)) < SLOW
