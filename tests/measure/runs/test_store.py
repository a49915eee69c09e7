import signal
import sqlite3
import subprocess
import sys

import pytest
from layerlaw.measure import Case, Measurement, Store, StoreError
from layerlaw.measure.runs.schema import APPLICATION, SCHEMA

CASE = Case("attention", {"n": 64, "d": 32})
MACHINE = ("abc", {"cpu": "a processor"})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "runs.sqlite"


def test_what_goes_in_comes_out_also_from_another_process(path):
    made = [
        Measurement(CASE, 0, 0, (1e-3, 2e-3)),
        Measurement(Case("conv", {"n": 8, "d": 4, "k": 3}), 0, 0, status="oom", note="no room"),
        Measurement(CASE, 0, 1, (3e-3, 4e-3), note="3% of the output is subnormal"),
    ]
    with Store(path) as store:
        run = store.open_run({"seed": 1}, *MACHINE)
        for measurement in made:
            store.add(run, measurement)
    with Store(path, readonly=True) as store:
        found = store.latest_run()
        assert list(store.measurements(found)) == made
        assert found == run
        assert found.settings == {"seed": 1}
        assert found.machine == {"cpu": "a processor"}
        table = store.table(found)
    assert table["value"].dropna().tolist() == [1e-3, 2e-3, 3e-3, 4e-3]
    assert set(table["machine"]) == {"abc"}


def test_the_same_settings_on_the_same_machine_are_the_same_run(path):
    with Store(path) as store:
        run = store.open_run({"a": 1, "b": 2}, *MACHINE)
        assert store.open_run({"b": 2, "a": 1}, *MACHINE) == run
        assert store.open_run({"a": 1, "b": 3}, *MACHINE).id != run.id
        assert store.open_run({"a": 1, "b": 2}, "other", {}).id != run.id
        assert len(store.runs()) == 3


def test_the_latest_run_is_the_one_measured_into_last(path):
    with Store(path) as store:
        old, new = (store.open_run({"seed": seed}, *MACHINE) for seed in (1, 2))
        store.add(new, Measurement(CASE, 0, 0, (1.0,)))
        assert store.latest_run() == new
        store.add(old, Measurement(CASE, 0, 0, (1.0,)))
        assert store.latest_run() == old


def test_nothing_is_kept_twice_and_a_refused_measurement_leaves_no_trace(path):
    with Store(path) as store:
        run = store.open_run({}, *MACHINE)
        store.add(run, Measurement(CASE, 0, 0, (1.0,)))
        with pytest.raises(StoreError, match="already has this measurement"):
            store.add(run, Measurement(CASE, 1, 0, (2.0,)))
        with pytest.raises(StoreError):  # the row is written, then its repeats fail
            store.add(run, Measurement(CASE, 0, 1, (1.0, None)))
        assert [m.values for m in store.measurements(run)] == [(1.0,)]


KILLED = """
import os, signal, sys
from sqlalchemy import event
from layerlaw.measure import Case, Measurement, Store

store = Store(sys.argv[1])
run = store.open_run({}, "abc", {})

def kill(connection, cursor, statement, *rest):
    if statement.startswith("INSERT INTO repeats") and len(list(store.measurements(run))) == 2:
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(store._database.engine, "before_cursor_execute", kill)
for round in range(5):
    store.add(run, Measurement(Case("attention", {"n": 64, "d": 32}), 0, round, (1.0, 2.0)))
"""


def test_killed_between_a_row_and_its_repeats_neither_is_kept(path):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)])
    assert killed.returncode == -signal.SIGKILL
    with Store(path) as store:
        run = store.open_run({}, "abc", {})
        assert [(m.round, m.values) for m in store.measurements(run)] == [
            (0, (1.0, 2.0)),
            (1, (1.0, 2.0)),
        ]
        store.add(run, Measurement(CASE, 1, 2, (3.0,)))


def test_clearing_a_run_leaves_the_others(path):
    with Store(path) as store:
        one, other = (store.open_run({"seed": seed}, *MACHINE) for seed in (1, 2))
        for run in (one, other):
            store.add_process(run, {})
            store.add(run, Measurement(CASE, 0, 0, (1.0,)))
        store.delete_measurements(one)
        assert not list(store.measurements(one))
        assert list(store.measurements(other))
        assert store.add_process(one, {}) == 0
        assert store.add_process(other, {}) == 1


def test_only_one_process_measures_and_others_may_read(path):
    code = f"""
import sys
from layerlaw.measure import Store, StoreError
Store({str(path)!r}, readonly=True).close()
try:
    Store({str(path)!r})
except StoreError as error:
    sys.exit(str(error))
"""
    with Store(path):
        busy = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert busy.returncode == 1
    assert busy.stderr.strip().splitlines() == [
        f"another process measures into {path}: wait for it or stop it"
    ]
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to be looked at" * 40)
    with pytest.raises(StoreError, match=r"notes\.txt cannot be read as a store"):
        Store(text)
    assert text.read_text().startswith("not a database")

    foreign = tmp_path / "foreign.sqlite"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE recipes (name)")
    connection.close()
    with pytest.raises(StoreError, match="is not a store of layerlaw"):
        Store(foreign)


def test_a_store_of_another_version_is_refused(path):
    Store(path).close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION,)
    connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.close()
    with pytest.raises(StoreError, match=f"version {SCHEMA + 1}.* reads version {SCHEMA}"):
        Store(path)


def test_reading_needs_a_store_with_measurements(path):
    with pytest.raises(StoreError, match="there is no store at"):
        Store(path, readonly=True)
    assert not path.exists()
    with Store(path) as store, pytest.raises(StoreError, match="has no measurement"):
        store.latest_run()
