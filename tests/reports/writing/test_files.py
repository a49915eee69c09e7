"""Files are written completely or not at all."""

import os
import signal
import subprocess
import sys
import threading

import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from layerlaw.reports import open_atomically, write_atomically
from layerlaw.reports.writing.csv_rows import csv_rows
from layerlaw.reports.writing.files import write_table


def test_an_error_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "laws.json"
    path.write_text("old")
    with pytest.raises(TypeError), open_atomically(path) as file:
        file.writelines([b"new, but", None])
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["laws.json"]


KILLED = """
import os, signal, sys
from layerlaw.reports import open_atomically
with open_atomically(sys.argv[1]) as file:
    file.write(b"half")
    file.flush()
    if sys.argv[2] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    print("writing", flush=True)
    sys.stdin.read()
    file.write(b" and half")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="without locks nothing is removed")
def test_what_a_killed_process_left_is_removed_and_what_another_writes_is_not(tmp_path):
    path, own = tmp_path / "laws.json", tmp_path / ".layerlaw-settings"
    own.write_text("a user's own")
    killed = subprocess.run([sys.executable, "-c", KILLED, path, "killed"], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 2, "it left one"
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, tmp_path / "other.json", "lives"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout.readline() == b"writing\n"
        write_atomically(path, "{}")
        assert len(list(tmp_path.iterdir())) == 3, "the other's is there"
        other.stdin.close()
    assert {each.name for each in tmp_path.iterdir()} == {path.name, own.name, "other.json"}
    assert (tmp_path / "other.json").read_text() == "half and half"


FULL = """
import resource, sys
from pathlib import Path
from layerlaw.reports import write_atomically
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    write_atomically(Path(sys.argv[1]), "x" * 2000)
except OSError as error:
    sys.exit(f"{error.filename}: {error.strerror}")
"""


def test_a_full_disk_leaves_the_old_file_and_is_said_with_its_name(tmp_path):
    path = tmp_path / "laws.json"
    path.write_text("old")
    full = subprocess.run([sys.executable, "-c", FULL, path], capture_output=True, text=True)
    assert full.stderr.strip() == f"{path}: File too large"
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["laws.json"]


def test_a_folder_that_does_not_exist_is_said_with_the_file(tmp_path):
    path = tmp_path / "nowhere" / "laws.json"
    with pytest.raises(FileNotFoundError) as caught:
        write_atomically(path, "{}")
    assert caught.value.filename == str(path)


def test_a_link_stays_and_its_file_is_written(tmp_path):
    (tmp_path / "laws.json").write_text("old")
    link = tmp_path / "link.json"
    link.symlink_to("laws.json")
    write_atomically(link, "new")
    assert link.is_symlink()
    assert (tmp_path / "laws.json").read_text() == "new"


def test_a_pipe_is_written_into_and_stays(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read = []
    reader = threading.Thread(target=lambda: read.append(path.read_text()))
    reader.start()
    write_atomically(path, "n²")
    reader.join()
    assert read == ["n²"]
    assert path.is_fifo()


def test_a_table_is_the_csv_that_pandas_writes(tmp_path):
    table = pd.DataFrame({"layer": ["größer", 'a "b", c'], "value": [1 / 3, None]})
    path = write_table(tmp_path / "table.csv", table)
    assert path.read_bytes() == table.to_csv(index=False, lineterminator="\n").encode()


CELLS = {
    "str": st.text(alphabet=' ,"\n\rab', max_size=3) | st.none(),
    "Int64": st.integers(-9, 2**60) | st.none(),
    "int64": st.integers(-9, 9),
    "float64": st.floats(width=64) | st.none(),
    "bool": st.booleans(),
    "category": st.sampled_from(["a", "b, c"]),
    "object": st.sampled_from([1, True, 1.0, "x", None, 0.1]),
}


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(1, 12))
def test_any_table_is_the_csv_that_pandas_writes(data, rows):
    dtypes = data.draw(st.lists(st.sampled_from(list(CELLS)), min_size=1, max_size=5))
    columns = {
        f"c{at}, {dtype}": pd.Series(
            data.draw(st.lists(CELLS[dtype], min_size=rows, max_size=rows)), dtype=dtype
        )
        for at, dtype in enumerate(dtypes)
    }
    table = pd.DataFrame(columns)
    assert "".join(csv_rows(table)) == table.to_csv(index=False, lineterminator="\n")
