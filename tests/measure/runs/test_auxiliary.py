from dataclasses import replace

import layerlaw
import pandas as pd
import pytest
from layerlaw.layers import get
from layerlaw.layers.core.theory import subs
from layerlaw.measure import (
    Case,
    Controls,
    Measurement,
    Store,
    execute,
    measure_counts,
    measure_machine,
    measure_peaks,
    open_run,
    plan,
)
from layerlaw.measure.cases.metric import CALIBRATION
from layerlaw.measure.counting.counts import COUNTED
from layerlaw.measure.runs import ActiveRun, auxiliary

TODO = {"profile": "asv", "rounds": 1, "repeats": 1, "controls": Controls(noise_gate=False)}


@pytest.fixture
def kept(tmp_path):
    with Store(tmp_path / "runs.sqlite") as store:
        yield store


def test_counts_and_peaks_come_with_a_sweep_that_asks_for_them():
    few = {**TODO, "profile": "quick"}
    table = layerlaw.sweep("attention", counts=True, peaks=True, **few)
    counted = {*COUNTED} - {"parameters"}  # attention has no weights
    assert set(table["metric"]) == {"seconds", "peak_bytes", *counted}
    assert set(table["status"]) == {"ok"}


def test_what_is_counted_once_is_not_counted_again(kept):
    todo = plan(["attention", "rnn"], **TODO)
    run = open_run(todo, kept)
    measure_counts(run)
    once = list(kept.measurements(run.stored_run))
    assert {one.metric for one in once} == set(COUNTED)
    measure_counts(run)
    assert list(kept.measurements(run.stored_run)) == once
    more = ActiveRun(plan(["attention", "rnn", "dense"], **TODO), kept, run.stored_run)
    measure_counts(more)
    assert {one.case.layer for one in more.measurements} == {"attention", "rnn", "dense"}


def test_peaks_are_measured_once_and_not_of_too_many_steps(kept):
    todo = plan(["attention", "rnn"], **{**TODO, "profile": "standard"})
    long = {c for c in todo.cases if c.layer == "rnn" and c.sizes["n"] > auxiliary.PEAK_STEPS}
    assert long
    todo = replace(todo, cases=(*todo.cases[:3], *list(long)[:2]))
    run = open_run(todo, kept)
    seen = []
    measure_peaks(run, lambda *step: seen.append(step))
    assert [step[:2] for step in seen] == [(1, 3), (2, 3), (3, 3)]
    made = list(kept.measurements(run.stored_run))
    assert {one.case for one in made} == set(todo.cases[:3])
    for one in made:
        held = get("attention").theory.temporaries
        assert one.values[0] >= 4 * float(subs(held, one.case.sizes))
    measure_peaks(run, lambda *step: seen.append(step))
    assert len(seen) == 3


def test_a_peak_that_would_not_fit_is_skipped(kept):
    todo = plan("attention", memory=1.0, **TODO)
    run = open_run(todo, kept)
    measure_peaks(run)
    assert {(one.status, one.metric) for one in kept.measurements(run.stored_run)} == {
        ("skipped", "peak_bytes")
    }


@pytest.mark.slow
def test_the_machine_is_calibrated_once(kept):
    todo = plan("attention", **TODO)
    run = open_run(todo, kept)
    measure_machine(run)
    once = list(kept.measurements(run.stored_run))
    assert {one.metric for one in once} == set(CALIBRATION)
    measure_machine(run)
    assert list(kept.measurements(run.stored_run)) == once


def test_a_table_is_built_once_and_is_what_the_store_holds(kept, monkeypatch):
    todo = plan(["attention", "rnn"], **TODO)
    run = open_run(replace(todo, cases=todo.cases[::8]), kept)
    assert {case.layer for case in run.plan.cases} == {"attention", "rnn"}
    list(execute(run))
    passes = run.table()
    with monkeypatch.context() as patched:
        patched.setattr(kept, "columns", None)  # nothing is read anew
        measure_counts(run)
        measure_peaks(run)
        table = run.table()
        assert run.table() is table
    assert len(table) > len(passes)
    assert list(run.measurements) == list(kept.measurements(run.stored_run))
    pd.testing.assert_frame_equal(table, kept.table(run.stored_run))
    other = Case("window", {"n": 8, "d": 4, "r": 2})
    run.add(Measurement(other, 0, 0, (1.0, 2.0)))
    pd.testing.assert_frame_equal(run.table(), kept.table(run.stored_run))
    again = open_run(run.plan, kept)
    assert list(again.measurements) == list(run.measurements)
    assert again.settings["controls"]
