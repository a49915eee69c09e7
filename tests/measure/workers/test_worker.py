from layerlaw.measure import Case
from layerlaw.measure.cases import LARGE_BYTES, bytes_of
from layerlaw.measure.timing.pass_cache import PassCache
from layerlaw.measure.workers import worker
from layerlaw.measure.workers.worker import Worker

SMALL = Case("dense", {"n": 16, "d": 16})
HUGE = Case("dense", {"n": 2**16, "d": 512})


def test_what_a_case_leaves_of_memory_is_given_back_where_it_may_be_much(monkeypatch):
    assert bytes_of(SMALL) < LARGE_BYTES <= bytes_of(HUGE)
    held, given = 300 * 2**20, []

    def give_back():
        nonlocal held
        given.append(held)
        held -= 2**20

    monkeypatch.setattr(worker, "resident_memory", lambda: held)
    monkeypatch.setattr(worker, "give_back_memory", give_back)
    at = Worker(None, {}, PassCache(most=0))
    at.release_memory(HUGE)
    assert len(given) == 1
    for more in (LARGE_BYTES, LARGE_BYTES, 1):  # little by little it becomes much
        assert len(given) == 1
        held += more
        at.release_memory(SMALL)
    assert len(given) == 2
    at.release_memory(SMALL)
    assert len(given) == 2
