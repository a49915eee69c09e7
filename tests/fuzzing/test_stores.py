"""Stores, changed by chance, are read or refused in one line."""

import shutil
import sqlite3
from contextlib import closing

import pytest
from hypothesis import given, strategies as st
from layerlaw.analysis import series_of
from layerlaw.measure import Case, Measurement, Store
from layerlaw.reports import build_content
from layerlaw.session import STORE, read_measurements

from tests.fuzzing.fuzzing import fuzzed, refused_or_read
from tests.fuzzing.mutations import STRANGE, changed_bytes, changed_json

CASES = [Case("dense", {"n": n, "d": d}) for n in (16, 32, 64) for d in (16, 32)]
SETTINGS = {"cases": [case.as_dict() for case in CASES], "seed": 1, "controls": {"calm": True}}
MACHINE = {"cpu": "a processor", "caches": {"L1": 32768}, "libraries": ["MKL"], "build": {"x": "y"}}

#: Columns of the tables with JSON, and the others.
OBJECTS = (("runs", "settings"), ("runs", "machine"), ("processes", "controls"))
FIELDS = ("measurements", "fields")
OTHERS = (
    ("runs", "settings_hash"),
    ("runs", "machine_id"),
    ("runs", "created"),
    ("processes", "number"),
    *(("measurements", name) for name in ("case", "metric", "round", "process", "status", "note")),
    *(("repeats", name) for name in ("measurement", "repeat", "value")),
)


@pytest.fixture(scope="module", name="whole")
def _whole(tmp_path_factory):
    """A folder with a store, and one to read changed ones in."""
    folder = tmp_path_factory.mktemp("fuzzing")
    with Store(folder / "whole.sqlite") as store:
        run = store.open_run(SETTINGS, "abc", MACHINE)
        store.add_process(run, {"allocator": "held"})
        for round in range(2):
            made = (Measurement(case, 0, round, (1e-3, 2e-3, 3e-3)) for case in CASES)
            store.add(run, *made)
    (folder / "changed").mkdir()
    return folder


def read(folder):
    """Read all that a report reads, but for its laws."""
    measured = read_measurements(folder)
    series_of(measured.table, ())
    content = build_content(measured.table, [], measured.machine, measured.settings, "")
    str(content).encode()
    with Store(folder / STORE, readonly=True) as store:
        store.counts(store.latest_run())


def changed(whole, content=None):
    """Copy the store to where it is changed and read."""
    path = whole / "changed" / STORE
    if content is None:
        shutil.copyfile(whole / "whole.sqlite", path)
    else:
        path.write_bytes(content)
    return path


@fuzzed(100)
@given(st.data())
def test_a_store_of_which_bytes_are_others(whole, data):
    before = (whole / "whole.sqlite").read_bytes()
    changed(whole, data.draw(changed_bytes(before)))
    refused_or_read(lambda: read(whole / "changed"))


cells = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.sampled_from(STRANGE),
    st.text(max_size=9),
    st.binary(max_size=9),
)


@fuzzed(100)
@given(st.sampled_from((*OBJECTS, FIELDS, *OTHERS)), cells, st.booleans())
def test_a_store_of_which_cells_are_others(whole, place, cell, one):
    update(changed(whole), place, cell, one)
    refused_or_read(lambda: read(whole / "changed"))


@fuzzed(150)
@given(
    st.one_of(
        st.tuples(st.just(OBJECTS[0]), changed_json(SETTINGS)),
        st.tuples(st.just(OBJECTS[1]), changed_json(MACHINE)),
        st.tuples(st.just(OBJECTS[2]), changed_json({"allocator": "held"})),
        st.tuples(st.just(FIELDS), changed_json(CASES[0].as_dict())),
    )
)
def test_a_store_of_which_json_is_other(whole, changes):
    place, text = changes
    update(changed(whole), place, text.decode("utf-8", "replace"), one=True)
    refused_or_read(lambda: read(whole / "changed"))


def update(path, place, cell, one):
    """Set a column, of one row or of all; what the database itself refuses stays."""
    table, column = place
    where = " WHERE rowid = 1" if one else ""
    if isinstance(cell, str):
        cell = cell.encode("utf-8", "replace").decode()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(f'UPDATE OR IGNORE {table} SET "{column}" = ?{where}', (cell,))
