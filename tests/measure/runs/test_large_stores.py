"""A store of many repeats: what a resumed run and a report do with it, in numbers of steps."""

import sqlite3
import tracemalloc
from collections import Counter
from contextlib import closing, contextmanager

import pandas as pd
import pytest
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
        run = store.open_run({}, "abc", {})
        store.add(run, *made)
        assert list(store.measurements(run)) == made
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
