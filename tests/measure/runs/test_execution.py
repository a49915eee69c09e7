import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace

import layerlaw
import pytest
from layerlaw.measure import (
    COLUMNS,
    Case,
    CheckPoint,
    Controls,
    Store,
    StoreError,
    execute,
    measure_checks,
    open_run,
    plan,
)
from layerlaw.measure.runs import auxiliary, execution
from layerlaw.measure.timing.noise_gate import GatedResult
from layerlaw.measure.workers import executor, worker
from sqlalchemy import event

TODO = {"profile": "asv", "rounds": 2, "repeats": 2}


def steps(todo, store, fresh=False):
    return closing(execute(open_run(todo, store, fresh=fresh)))


class Still:
    """A machine on which it is always calm."""

    def run_gated(self, work, most, usual):
        return GatedResult(work(), True, 0.0, 1.0)


@pytest.fixture
def counted(monkeypatch):
    """Count how often each case and round is measured, by a fake that takes no time."""
    made = Counter()

    def fake(case, *, process, round, repeats, **_):
        made[case, round] += 1
        return execution.Measurement(case, process, round, (1e-3,) * repeats)

    monkeypatch.setattr(worker, "measure", fake)
    monkeypatch.setattr(worker, "NoiseGate", Still)
    monkeypatch.setattr(executor, "can_fork", lambda: False)  # a fake is not in other processes
    return made


def test_a_sweep_without_a_store_gives_the_tidy_table():
    table = layerlaw.sweep("attention", **TODO)
    cases = plan("attention", **TODO).cases
    assert tuple(table.columns) == COLUMNS
    assert set(table["metric"]) == {"seconds"}
    repeats = table.groupby(["n", "d", "round"]).size()
    assert len(repeats) == len(cases) * 2
    assert {2} <= set(repeats) <= {1, 2}, "a long pass is timed once"
    assert (table["value"] > 0).all()
    assert set(table["status"]) == {"ok"}
    assert set(table["round"]) == {0, 1}
    assert table.groupby("process")["round"].nunique().to_dict() == {0: 1, 1: 1}


def test_the_same_call_goes_on_and_a_complete_run_measures_nothing(tmp_path, counted):
    todo, path = plan(["attention", "rnn"], **TODO), tmp_path / "runs.sqlite"
    with Store(path) as store, steps(todo, store) as run:
        for _ in range(7):
            next(run)
    assert counted.total() == 7
    layerlaw.sweep(["attention", "rnn"], store=path, **TODO)
    assert counted == Counter(dict.fromkeys([(c, r) for r, c in todo.measurements()], 1))
    again = layerlaw.sweep(["attention", "rnn"], store=path, **TODO)
    assert counted.total() == todo.total
    assert set(again["process"]) == {0, 1}, "each process that measured has its number"


def test_fresh_begins_anew_and_other_settings_are_another_run(tmp_path, counted):
    path = tmp_path / "runs.sqlite"
    once = len(layerlaw.sweep("rnn", store=path, **TODO))
    assert len(layerlaw.sweep("rnn", store=path, fresh=True, **TODO)) == once
    layerlaw.sweep("rnn", store=path, seed=1, **TODO)
    assert counted.total() == 3 * once / 2
    with Store(path, readonly=True) as store:
        assert len(store.runs()) == 2


def test_progress_counts_what_earlier_processes_did(tmp_path, counted):
    todo = plan(["attention", "rnn"], **TODO)
    with Store() as store:
        with steps(todo, store) as run:
            first = [next(run) for _ in range(5)]
        with steps(todo, store) as run:
            rest = list(run)
    seen = first + rest
    assert [step.done for step in seen] == list(range(1, todo.total + 1))
    assert {step.total for step in seen} == {todo.total}
    for layer in todo.layers:
        own = [step for step in seen if step.layer == layer]
        assert [step.layer_done for step in own] == list(range(1, own[0].layer_total + 1))
    assert all(step.seconds_left > 0 for step in seen[:-1])
    assert seen[-1].seconds_left == 0


def test_the_estimate_knows_the_cost_of_each_case_and_takes_the_mean_for_the_rest():
    cheap, dear, unknown = plan("rnn", **TODO).cases[:3]
    estimate = execution._Estimate([cheap, dear, unknown] * 2)
    estimate.record(cheap, 1.0, again=True)
    assert estimate.seconds() == pytest.approx(5 * 1.0)
    estimate.record(dear, 3.0, again=True)
    assert estimate.seconds() == pytest.approx(1.0 + 3.0 + 2 * 2.0)
    estimate.record(unknown, 5.0, again=False)
    assert estimate.seconds() == pytest.approx(1.0 + 3.0)
    assert estimate.measurements("rnn") == 2


def test_a_failing_case_is_one_row_and_the_sweep_goes_on(toy):
    def forward(x):
        if x.shape[1] == unlucky:
            raise MemoryError("no room")
        return x

    toy("moody", forward)
    unlucky = plan("moody", **TODO).cases[0].sizes["n"]
    table = layerlaw.sweep("moody", **TODO)
    failed = table[table["status"] == "oom"]
    assert set(failed["n"]) == {unlucky}
    assert failed["value"].isna().all()
    assert failed.groupby(["n", "d"]).size().unique().tolist() == [1], "it is not tried again"
    assert len(table) > len(failed)
    assert set(table[table["n"] != unlucky]["status"]) == {"ok"}


def test_what_no_calm_moment_came_for_is_kept_and_noted(counted, monkeypatch):
    monkeypatch.setattr(Still, "run_gated", lambda *a: GatedResult(a[1](), False, 0.0, 1.0))
    todo = plan("rnn", **TODO)
    with Store() as store, steps(todo, store) as run:
        notes = {step.measurement.note for step in run}
    assert notes == {worker.DISTURBED}
    assert counted.total() == todo.total


def test_waiting_can_be_turned_off(counted, monkeypatch):
    monkeypatch.setattr(worker, "NoiseGate", None)
    todo = replace(plan("rnn", **TODO), controls=Controls(noise_gate=False))
    with Store() as store, steps(todo, store) as run:
        assert {step.measurement.note for step in run} == {""}


def test_stopping_by_hand_loses_the_point_under_way_and_no_other(tmp_path, monkeypatch, counted):
    path, fake = tmp_path / "runs.sqlite", worker.measure

    def stopped(case, **where):
        if counted.total() == 4:
            raise KeyboardInterrupt
        return fake(case, **where)

    monkeypatch.setattr(worker, "measure", stopped)
    with pytest.raises(KeyboardInterrupt):
        layerlaw.sweep("rnn", store=path, **TODO)
    monkeypatch.setattr(worker, "measure", fake)
    layerlaw.sweep("rnn", store=path, **TODO)
    assert set(counted.values()) == {1}
    assert counted.total() == plan("rnn", **TODO).total


def test_more_rounds_go_on_where_fewer_ended(tmp_path, counted):
    path = tmp_path / "runs.sqlite"
    first = layerlaw.sweep("rnn", store=path, **{**TODO, "rounds": 1})
    more = layerlaw.sweep("rnn", store=path, **{**TODO, "rounds": 3})
    assert (first["round"].nunique(), more["round"].nunique()) == (1, 3)
    assert set(counted.values()) == {1}
    assert len(layerlaw.sweep("rnn", store=path, **TODO)) == len(more), "nothing is left to do"


def test_a_disk_that_gets_full_stops_a_run_which_goes_on_later(tmp_path, counted):
    path = tmp_path / "runs.sqlite"
    todo = plan(["attention", "rnn"], **TODO)
    with Store(path) as store:
        run = open_run(todo, store)
        event.listen(
            store._database.engine,
            "checkout",  # a store of this many pages is a disk of this many
            lambda connection, *_: connection.execute("PRAGMA max_page_count = 14"),
        )
        with (
            pytest.raises(StoreError, match=r"its disk is full.* continues"),
            closing(execute(run)) as each,
        ):
            list(each)
    stored = rows(path)
    assert 0 < stored < todo.total
    table = layerlaw.sweep(["attention", "rnn"], store=path, **TODO)
    assert len(table) == todo.total * TODO["repeats"]
    assert max(counted.values()) <= 2, "what could not be stored is measured again"
    assert rows(path) == todo.total


def test_a_folder_that_is_deleted_stops_a_run(tmp_path, counted):
    path = tmp_path / "deep" / "runs.sqlite"
    with Store(path) as store, steps(plan("rnn", **TODO), store) as run:
        next(run)
        shutil.rmtree(path.parent)
        with pytest.raises(StoreError, match="was deleted or moved"):
            list(run)


SWEEP = """
import sys, layerlaw
layerlaw.sweep(["attention", "dense"], store=sys.argv[1], profile="quick", rounds=2, repeats=1)
"""


def rows(path):
    """Measurements that are kept, as any reader sees them; 0 as long as there is no store."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT count(*) FROM measurements").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


@pytest.mark.slow
def test_killed_at_any_moment_it_loses_at_most_the_point_under_way(tmp_path):
    path = tmp_path / "runs.sqlite"
    seen = 0
    for more in (1, 30):
        process = subprocess.Popen([sys.executable, "-c", SWEEP, str(path)])
        while rows(path) < seen + more and process.poll() is None:
            time.sleep(0.01)
        before = rows(path)
        process.kill()
        assert process.wait() == -signal.SIGKILL, "it was still measuring"
        seen = rows(path)
        assert seen >= before >= more, "what a reader saw is still there"
    settings = {"profile": "quick", "rounds": 2, "repeats": 1}
    layerlaw.sweep(["attention", "dense"], store=path, **settings)
    with Store(path, readonly=True) as store:
        made = list(store.measurements(store.latest_run()))
        assert len(store.runs()) == 1
    keys = [(measurement.round, measurement.case) for measurement in made]
    todo = plan(["attention", "dense"], **settings)
    assert keys == list(todo.measurements()), "each once, in the planned order, none left out"
    assert all(len(measurement.values) == 1 for measurement in made)
    for layer in todo.layers:
        processes = [m.process for m in made if m.case.layer == layer]
        assert processes == sorted(processes)
    assert len({m.process for m in made}) >= 2 * 3, "those of each of the three attempts"


def test_checks_are_measured_once_and_are_no_passes(tmp_path, counted):
    todo = plan("attention", **TODO)
    points = [CheckPoint("attention", "cpu", "forward", {"n": 48, "d": d}) for d in (16, 32, 16)]
    seen = []
    with Store(tmp_path / "runs.sqlite") as store:
        run = open_run(todo, store)
        measure_checks(run, points, lambda *step: seen.append(step))
        measure_checks(run, points)
        assert counted == Counter(
            {
                (replace(todo.cases[0], sizes=p.sizes), r): 1
                for p in points
                for r in range(auxiliary.CHECK_ROUNDS)
            }
        )
        table = run.table()
        with closing(execute(run)) as passes:
            assert sum(1 for _ in passes) == todo.total, "a check stands for no pass"
    assert set(table["metric"]) == {"check_seconds"}
    assert [step[:2] for step in seen] == [(at, 10) for at in range(1, 11)]


def test_what_is_known_to_be_short_is_measured_together():
    small, other, long = (Case("dense", {"n": n, "d": 4}) for n in (8, 16, 32))
    rnn = Case("rnn", {"n": 8, "d": 4})
    pending = [(1, small), (1, other), (1, long), (1, rnn), (2, small)]
    estimate = execution._Estimate(case for _, case in pending)
    assert estimate.next_block(pending) == pending[:1], "nothing is known yet"
    for case in (small, other, rnn):
        estimate.record(case, 0.01, again=True)
    assert estimate.next_block(pending) == pending[:2]
    estimate.record(long, 10 * execution.BLOCK_SECONDS, again=True)
    assert estimate.next_block(pending) == pending[:2]
    assert estimate.next_block(pending[2:]) == pending[2:3], "a long one comes alone"
    estimate.record(long, 0.01, again=True)
    assert estimate.next_block(pending) == pending[:3], "another layer has another process"
    assert estimate.next_block([(1, small), (2, small)]) == [(1, small)], "another round too"


def test_seconds_left_count_what_is_not_known_as_the_mean_of_the_rest():
    one, two = (Case("dense", {"n": n, "d": 4}) for n in (8, 16))
    estimate = execution._Estimate([one, one, one, two, two])
    estimate.record(one, 2.0, again=True)
    assert estimate.seconds() == 2 * 2.0 + 2 * 2.0
    assert estimate.measurements("dense") == 4
    estimate.record(two, 4.0, again=False)
    assert estimate.seconds() == 2 * 2.0
    assert estimate.measurements("dense") == 2
