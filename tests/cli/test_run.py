"""The command that measures: what it leaves, and that it goes on.

The first run and one that is stopped are processes of their own; the others are called here, and
measure in their fork servers all the same.
"""

import json
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import psutil
import pytest

from tests.helpers.command import SCRIPT, layerlaw
from tests.helpers.interrupts import heed_ctrl_c

from .conftest import RUN

#: Passes alone, and nothing beside them.
PASSES = ("--no-explain", "--no-check", "--no-counts", "--no-peaks")

#: A run of a layer along a single size: a third of the points.
SHORT = ("run", "--profile", "quick", "-l", "attention_softmax", "--rounds", "1", "--out", "out")


def rows_of(folder):
    return pd.read_csv(folder / "out" / "table.csv")


def test_run_goes_from_layers_to_report(run_once):
    folder, said = run_once
    assert said.stderr.strip().splitlines()[-1].startswith("The report is out/report.html")
    assert "dense" in said.stdout
    rows = rows_of(folder)
    assert (rows["value"] > 0).all()
    left = {path.name for path in (folder / "out").iterdir()}
    assert {"report.html", "report.md", "laws.json"} <= left
    laws = json.loads((folder / "out" / "laws.json").read_text())["fits"]
    assert laws[0]["exponents"].keys() == {"n", "d"}
    assert {"seconds", "product_flops", "product_seconds", "call_seconds"} <= {*rows["metric"]}
    assert {gap["axis"] for gap in laws[0]["gaps"]} == {"n", "d"}


def test_a_complete_run_measures_nothing_and_its_report_shows_what_was_claimed(ran):
    rows = rows_of(ran)
    some = ("claims", "-x", "A6.2", "--no-times", "--json", "--out", "out")
    found = json.loads(layerlaw(*some, cwd=ran).stdout)
    assert (
        json.loads((ran / "out" / "claims.json").read_text())["statements"] == (found["statements"])
    )
    layerlaw(*RUN, cwd=ran)
    pd.testing.assert_frame_equal(rows, rows_of(ran))
    assert "argmax-gradient" in (ran / "out" / "report.html").read_text()
    layerlaw("report", "out", "--out", "again", cwd=ran)
    assert "argmax-gradient" in (ran / "again" / "report.md").read_text()
    assert (ran / "again" / "claims.json").is_file()


def test_fresh_measures_passes_anew_and_nothing_beside_them_that_was_not_asked_for(ran):
    before = rows_of(ran)
    layerlaw(*RUN, *PASSES, "--fresh", cwd=ran)
    rows = rows_of(ran)
    assert {*rows["metric"]} == {"seconds"}
    assert not rows["value"].equals(before[before["metric"] == "seconds"]["value"])
    laws = json.loads((ran / "out" / "laws.json").read_text())["fits"]
    assert laws[0]["gaps"] == []


def test_a_case_that_would_not_fit_is_skipped_and_the_report_says_so(tmp_path):
    layerlaw(*SHORT, *PASSES, "--memory", "0.003", cwd=tmp_path)
    assert {"ok", "skipped"} == {*rows_of(tmp_path)["status"]}
    assert "skipped" in (tmp_path / "out" / "report.md").read_text()


@pytest.mark.slow
def test_run_checks_where_layers_cross(tmp_path):
    command = ("run", "--profile", "quick", "-l", "attention", "-l", "linear_attention")
    without = ("--rounds", "1", "--no-explain", "--no-counts", "--no-peaks", "--out", "out")
    layerlaw(*command, *without, cwd=tmp_path)
    rows = rows_of(tmp_path)
    checks = rows[rows["metric"] == "check_seconds"]
    assert {*checks["layer"]} == {"attention", "linear_attention"}
    assert (checks.groupby(["layer", "n", "d"])["round"].nunique() == 5).all()


def test_run_measures_until_exponents_are_known_and_goes_on(tmp_path):
    command = ("run", "-l", "attention_softmax", "--precision", "9", "--out", "out")
    done = layerlaw(*command, cwd=tmp_path)
    assert "every exponent is known within ±9" in done.stderr
    assert "attention_softmax (cpu, forward): " in done.stderr
    rows = rows_of(tmp_path)
    assert {"seconds", "flops"} <= {*rows["metric"]}
    assert not {"peak_bytes", "product_rate"} & {*rows["metric"]}
    layerlaw(*command, cwd=tmp_path)
    passes, after = (r[r["metric"] == "seconds"] for r in (rows, rows_of(tmp_path)))
    pd.testing.assert_frame_equal(after.head(len(passes)), passes)


def test_run_ends_when_its_budget_is_spent(tmp_path):
    budget = ("--precision", "0.001", "--budget", "2", "--no-counts")
    done = layerlaw("run", "-l", "attention_softmax", *budget, cwd=tmp_path)
    assert "the budget is spent" in done.stderr


@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_run_that_is_stopped_says_so_leaves_nothing_and_goes_on(tmp_path, name, status):
    command = ("run", "--profile", "quick", "-l", "dense", "--rounds", "2", *PASSES, "--out", "out")
    (tmp_path / "temporary").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *command],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_ctrl_c,
        env={**os.environ, "TMPDIR": str(tmp_path / "temporary")},
    )
    while not list(tmp_path.rglob("*.sqlite")):
        time.sleep(0.05)
    time.sleep(1)
    begun = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(getattr(signal, name))
    _, said = process.communicate(timeout=60)
    assert process.returncode == status
    assert not psutil.wait_procs(begun, timeout=5)[1]
    assert list((tmp_path / "temporary").iterdir()) == []
    assert said.strip().endswith("layerlaw: stopped; the same command continues from here")
    layerlaw(*command, cwd=tmp_path)
    rows = rows_of(tmp_path)
    assert not rows.duplicated(["layer", "mode", "n", "d", "metric", "round", "repeat"]).any()
    assert (rows.groupby(["layer", "n", "d"])["round"].nunique() == 2).all()
