"""Stores that cannot be used: each is one line with the file and what to do."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from hypothesis import given, settings, strategies as st
from layerlaw.measure import Case, Measurement, Store, StoreError
from layerlaw.measure.runs import database

CASES = [Case("attention", {"n": n, "d": d}) for n in (16, 32, 64) for d in (16, 32)]


def fill(path, rounds=3):
    with Store(path) as store:
        run = store.open_run({"seed": 1}, "abc", {"cpu": "a processor"})
        store.add_process(run, {"allocator": "held"})
        for round in range(rounds):
            made = (Measurement(case, 0, round, (1e-3, 2e-3, 3e-3)) for case in CASES)
            store.add(run, *made)
    return path


@pytest.fixture
def path(tmp_path):
    return fill(tmp_path / "runs.sqlite")


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """The bytes of a store."""
    return fill(tmp_path_factory.mktemp("store") / "runs.sqlite").read_bytes()


def read(path):
    """Read all that a report reads."""
    with Store(path, readonly=True) as store:
        run = store.latest_run()
        store.controls(run), store.counts(run), store.runs()
        return store.table(run)


def refusal(path, *, readonly=True):
    """Return the one line that refuses a store."""
    with pytest.raises(StoreError) as caught, Store(path, readonly=readonly) as store:
        store.table(store.latest_run())
    line = str(caught.value)
    assert line.startswith(str(path))
    assert "\n" not in line
    return line


@pytest.mark.parametrize("readonly", [True, False])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_a_truncated_store(path, share, readonly):
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    assert "damaged" in refusal(path, readonly=readonly)


@pytest.mark.parametrize("readonly", [True, False])
def test_a_store_with_a_page_of_zeros(path, readonly):
    whole = bytearray(path.read_bytes())
    whole[4096:8192] = bytes(4096)
    path.write_bytes(whole)
    assert "damaged" in refusal(path, readonly=readonly)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE measurements SET fields = '{\"layer\"' WHERE id = 3",
        "UPDATE measurements SET fields = '[1]' WHERE id = 3",
        'UPDATE measurements SET fields = \'{"layer": "rnn", "sizes": {"n": "x"}}\' WHERE id = 3',
        "UPDATE measurements SET round = 'first' WHERE id = 3",
        "UPDATE measurements SET process = 0.5 WHERE id = 3",
        "UPDATE measurements SET status = 'good' WHERE id = 3",
        "UPDATE repeats SET value = 'fast' WHERE measurement = 3",
        "UPDATE runs SET machine = '{' WHERE id = 1",
        "UPDATE runs SET created = 'yesterday' WHERE id = 1",
        "DROP TABLE repeats",
        "UPDATE runs SET created = 5 WHERE id = 1",
        "UPDATE runs SET machine = '[]' WHERE id = 1",
        "UPDATE runs SET machine = 1 WHERE id = 1",
        'UPDATE runs SET machine = \'{"caches": {"L1": "x"}}\' WHERE id = 1',
        "UPDATE runs SET settings = '{\"cases\": 1}' WHERE id = 1",
        'UPDATE runs SET settings = \'{"x": "\\ud800"}\' WHERE id = 1',
        f"UPDATE runs SET settings = '{'[' * 5000}' WHERE id = 1",
        f"UPDATE measurements SET fields = '{'[' * 5000}' WHERE id = 3",
        "UPDATE measurements SET fields = 7 WHERE id = 3",
        "UPDATE measurements SET fields = json_set(fields, '$.more', 1) WHERE id = 3",
        "UPDATE measurements SET run = 7",
        "UPDATE measurements SET metric = x'ff00' WHERE id = 3",
        "UPDATE measurements SET note = x'00' WHERE id = 3",
    ],
)
def test_a_store_with_a_value_that_cannot_be(path, change):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(change)
        connection.commit()
    assert "damaged" in refusal(path)


def test_a_store_with_a_view_that_has_no_end(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE repeats RENAME TO others")
        connection.execute(
            "CREATE VIEW repeats AS WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t)"
            " SELECT 1 AS measurement, x AS repeat, 1e-6 AS value FROM t"
        )
        connection.commit()
    assert "it has no table repeats" in refusal(path)


CHANGES = st.lists(st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=8)), max_size=4)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(changes=CHANGES, kept=st.just(1.0) | st.floats(0, 1))
def test_a_store_with_any_bytes_changed_is_read_or_refused(
    content, tmp_path_factory, changes, kept
):
    whole = bytearray(content)
    for share, other in changes:
        at = int(share * len(whole))
        whole[at : at + len(other)] = other
    path = tmp_path_factory.mktemp("changed") / "runs.sqlite"
    path.write_bytes(whole[: int(kept * len(whole))])
    for readonly in (True, False):
        lines = ""
        try:
            with Store(path, readonly=readonly) as store:
                store.table(store.latest_run())
        except StoreError as error:
            lines = str(error)
        assert len(lines.splitlines()) <= 1
    shutil.rmtree(path.parent)


def test_a_store_of_another_program_is_left_alone(tmp_path):
    path = tmp_path / "recipes.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA application_id = 7")
        connection.commit()
    before = path.read_bytes()
    for readonly in (True, False):
        assert "is not a store of layerlaw" in refusal(path, readonly=readonly)
    assert path.read_bytes() == before


def test_a_folder_or_a_pipe_is_no_store(tmp_path):
    for readonly in (True, False):
        assert "is not a regular file" in refusal(tmp_path, readonly=readonly)


def test_an_empty_file_has_no_measurement_and_becomes_a_store(tmp_path):
    path = tmp_path / "runs.sqlite"
    path.touch()
    assert "has no measurement" in refusal(path)
    fill(path)
    assert len(read(path)) == len(CASES) * 3 * 3


def test_a_store_that_another_program_locks(path, monkeypatch):
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        for readonly in (True, False):
            assert "is locked by another program" in refusal(path, readonly=readonly)
        other.execute("COMMIT")
    assert len(read(path)) == len(CASES) * 3 * 3


def test_a_store_whose_folder_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    for folder in (tmp_path / "file", tmp_path / "file" / "deep"):
        with pytest.raises(StoreError) as caught:
            Store(folder / "runs.sqlite")
        assert str(caught.value).startswith(f"{folder}: no folder (")


FULL = """
import resource, sys
from layerlaw.measure import Case, Measurement, Store, StoreError

with Store(sys.argv[1]) as store:
    run = store.open_run({}, "abc", {})
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
    for round in range(2000):
        try:
            store.add(run, Measurement(Case("rnn", {"n": 8, "d": 4}), 0, round, (1.0,) * 50))
        except StoreError as error:
            print(round)
            sys.exit(str(error))
"""


def test_a_disk_that_gets_full_loses_no_stored_measurement(tmp_path):
    path = tmp_path / "runs.sqlite"
    stopped = subprocess.run([sys.executable, "-c", FULL, path], capture_output=True, text=True)
    assert stopped.returncode == 1
    (line,) = stopped.stderr.splitlines()
    assert line.startswith(f"{path} cannot be")
    assert "disk is full" in line
    stored = int(stopped.stdout)
    assert stored > 10
    with Store(path) as store:
        run = store.open_run({}, "abc", {})
        assert [one.round for one in store.measurements(run)] == list(range(stored))
        store.add(run, Measurement(CASES[0], 0, stored, (1.0,)))


def test_a_folder_that_is_deleted_while_a_run_measures(tmp_path):
    path = tmp_path / "deep" / "runs.sqlite"
    with Store(path) as store:
        run = store.open_run({}, "abc", {})
        store.add(run, Measurement(CASES[0], 0, 0, (1.0,)))
        shutil.rmtree(path.parent)
        with pytest.raises(StoreError, match="was deleted or moved") as caught:
            store.add(run, Measurement(CASES[0], 0, 1, (1.0,)))
    assert str(caught.value).startswith(str(path))


#: Reads a store as a user who may not write into its folder; root may write everywhere unless it
#: gives up the capability (CAP_DAC_OVERRIDE) before a program is started.
READ = """
import sys
from layerlaw.measure import Store
with Store(sys.argv[1], readonly=True) as store:
    print(len(store.table(store.latest_run())))
try:
    Store(sys.argv[1])
except Exception as error:
    print(type(error).__name__, error)
"""


def read_without_writing(path):
    path.parent.chmod(0o555)
    unprivileged = []
    if shutil.which("setpriv"):
        unprivileged = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"]
    try:
        done = subprocess.run(
            [*unprivileged, sys.executable, "-c", READ, path], capture_output=True, text=True
        )
    finally:
        path.parent.chmod(0o755)
    assert done.returncode == 0, done.stderr
    rows, refused = done.stdout.splitlines()
    return int(rows), refused


def test_a_store_on_a_disk_that_cannot_be_written_is_read(path):
    before = path.read_bytes()
    path.with_name("runs.sqlite.lock").unlink()
    rows, refused = read_without_writing(path)
    assert rows == len(CASES) * 3 * 3
    assert refused.startswith(f"StoreError {path} cannot be written")
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_what_a_killed_run_left_in_the_log_is_read_from_a_disk_that_cannot_be_written(tmp_path):
    path, copy = tmp_path / "one" / "runs.sqlite", tmp_path / "copy" / "runs.sqlite"
    copy.parent.mkdir()
    with Store(path) as store:
        run = store.open_run({}, "abc", {})
        store.add(run, Measurement(CASES[0], 0, 0, (1.0, 2.0)))
        for name in ("runs.sqlite", "runs.sqlite-wal"):
            shutil.copy(path.with_name(name), copy.with_name(name))
    rows, _ = read_without_writing(copy)
    assert rows == 2
