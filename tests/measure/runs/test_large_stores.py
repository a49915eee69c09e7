"""A store of many repeats: what a resumed run and a report do with it, in numbers of steps."""

import sqlite3
import tracemalloc
from collections import Counter
from contextlib import closing, contextmanager
from time import process_time

import pandas as pd
import pytest
from layerlaw.analysis.verdicts.table_fitting import series_of
from layerlaw.measure import Case, Measurement, Store, execute, open_run, plan, tidy_table
from layerlaw.measure.cases import columns
from sqlalchemy import event

TODO = {"profile": "asv", "repeats": 5}
#: Repeats of the two stores.
FEW, MANY = 5_000, 100_000


@contextmanager
def statements(store):
    """Count the SQL statements by their first word."""
    made = Counter()

    def count(connection, cursor, statement, *_):
        made[statement.split()[0]] += 1

    event.listen(store._database.engine, "before_cursor_execute", count)
    yield made
    event.remove(store._database.engine, "before_cursor_execute", count)


def complete(path, repeats):
    """Make the store of a complete run of at least so many repeats; return its plan."""
    cases = plan("rnn", **TODO, rounds=1).cases
    todo = plan("rnn", **TODO, rounds=-(-repeats // (5 * len(cases))))
    with Store(path) as store:
        run = open_run(todo, store)
        run.add_process({})
        made = (
            Measurement(case, 0, round, tuple(1e-3 * (1 + at / 7) for at in range(5)))
            for round, case in todo.measurements()
        )
        run.add(*made)
    return todo


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    return {
        size: (folder / f"{size}.sqlite", complete(folder / f"{size}.sqlite", size))
        for size in (FEW, MANY)
    }


def test_to_find_that_nothing_is_left_takes_as_many_statements_and_no_value_is_read(
    stores, monkeypatch
):
    monkeypatch.setattr(Store, "columns", None)
    made = {}
    for size, (path, todo) in stores.items():
        with Store(path) as store, statements(store) as made[size]:
            assert list(execute(open_run(todo, store))) == []
    assert made[FEW] == made[MANY]
    assert made[MANY].total() < 10


def test_a_table_takes_as_many_statements_and_no_object_for_each_measurement(stores, monkeypatch):
    monkeypatch.setattr(columns, "Measurement", None)
    made, peak = {}, {}
    for size, (path, _) in stores.items():
        with Store(path, readonly=True) as store, statements(store) as made[size]:
            run = store.latest_run()
            tracemalloc.start()
            table = store.table(run)
            peak[size] = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert len(table) >= size
    assert made[FEW] == made[MANY]
    assert peak[MANY] < 1.5 * MANY / FEW * peak[FEW], "memory grows in proportion to the repeats"
    assert peak[MANY] < 600 * MANY, "some hundred bytes for each repeat"


def seconds(call):
    """Return the least processor time of three calls."""
    taken = []
    for _ in range(3):
        began = process_time()
        call()
        taken.append(process_time() - began)
    return min(taken)


def test_points_take_a_few_times_as_long_as_sqlite_takes_to_give_the_values(stores):
    path, _ = stores[MANY]
    with Store(path, readonly=True) as store, closing(sqlite3.connect(path)) as connection:
        run = store.latest_run()
        counting = seconds(lambda: store.counts(run))
        making = seconds(lambda: series_of(store.table(run), ()))
        reading = seconds(lambda: connection.execute("SELECT * FROM repeats").fetchall())
    # 4.3 and 0.3 times as long on an idle machine; with an object for each repeat 13 and 1.5 times.
    assert making < 8 * reading
    assert counting < reading


def test_one_measurement_that_is_missing_among_many_is_measured(stores, tmp_path):
    path, todo = stores[MANY]
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(path.read_bytes())
    with closing(sqlite3.connect(copy)) as connection:
        (lost,) = connection.execute("SELECT max(id) / 2 FROM measurements").fetchone()
        connection.execute("DELETE FROM repeats WHERE measurement = ?", [lost])
        connection.execute("DELETE FROM measurements WHERE id = ?", [lost])
        connection.commit()
    with Store(copy) as store:
        (step,) = execute(open_run(todo, store))
    assert (step.done, step.total) == (todo.total, todo.total)


def test_a_table_of_columns_is_that_of_the_measurements(tmp_path):
    made = [
        Measurement(Case("rnn", {"n": 8, "d": 4}), 0, 1, (1.0, 2.0)),
        Measurement(Case("window", {"d": 4, "r": 2, "n": 8}), 1, 0, (3.0,)),
        Measurement(
            Case("conv", {"n": 8, "d": 4, "k": 3}, dtype="float64", batch=2),
            1,
            0,
            status="oom",
            note="needs more",
            metric="peak_bytes",
        ),
    ]
    with Store(tmp_path / "runs.sqlite") as store:
        other = store.open_run({"seed": 1}, "abc", {})
        store.add(other, made[1])
        run = store.open_run({}, "abc", {})
        store.add(run, *made)
        store.add(other, made[0])
        assert list(store.measurements(run)) == made
        counted = {(one.case, one.metric, one.status): one for one in store.counts(run)}
        assert len(counted) == len(made)
        assert all(
            (one.measurements, one.last_round) == (1, each.round)
            for each in made
            for one in [counted[each.case, each.metric, each.status]]
        )
        assert list(store.measurements(run, "peak_bytes")) == made[2:]
        assert store.failures(run, "peak_bytes") == made[2:]
        assert store.failures(run, "seconds") == []
        pd.testing.assert_frame_equal(store.table(run), tidy_table(made, "abc"))
    rows = [
        dict(zip(("layer", "n", "d", "k", "r", "repeat", "value", "status"), row, strict=True))
        for row in [
            ("rnn", 8, 4, None, None, 0, 1.0, "ok"),
            ("rnn", 8, 4, None, None, 1, 2.0, "ok"),
            ("window", 8, 4, None, 2, 0, 3.0, "ok"),
            ("conv", 8, 4, 3, None, 0, None, "oom"),
        ]
    ]
    table = tidy_table(made, "abc")[list(rows[0])]
    sizes = dict.fromkeys(("n", "d", "k", "r"), "Int64")
    pd.testing.assert_frame_equal(table, pd.DataFrame(rows).astype(sizes))


def test_counts_of_a_case_that_failed_in_some_rounds_are_by_status(tmp_path):
    case = Case("rnn", {"n": 8, "d": 4})
    made = [
        Measurement(case, 0, 0, (1.0,)),
        Measurement(case, 0, 1, status="timeout"),
        Measurement(case, 0, 2, (1.0,)),
        Measurement(Case("rnn", {"n": 16, "d": 4}), 0, 0, (1.0,)),
    ]
    with Store(tmp_path / "runs.sqlite") as store:
        run = store.open_run({}, "abc", {})
        store.add(run, *made)
        counted = [
            (one.case.sizes["n"], one.status, one.measurements, one.last_round)
            for one in store.counts(run)
        ]
    assert sorted(counted) == [(8, "ok", 2, 2), (8, "timeout", 1, 1), (16, "ok", 1, 0)]
