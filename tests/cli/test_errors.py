"""What a user can mend is said in one line, with exit status 2."""

import json

import pytest

from tests.helpers.command import layerlaw, layerlaw_process

COMMANDS = (
    *("list", "run", "claims", "doctor", "fit", "report"),
    *("predict", "validate", "published", "dependencies", "explain"),
)


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_every_command_has_help_with_an_example(command, tmp_path):
    assert "Example: layerlaw" in layerlaw(*command, "--help", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["fit", "none.csv"], "none.csv: there is no such file"),
        (["fit", "table.csv", "--expect", "mine=n*q"], "unknown symbol 'q'"),
        (["fit", "table.csv", "--expect", "mine"], "LAYER=EXPR"),
        (["predict", "table.csv", "--at", "n"], "SIZE=NUMBER"),
        (["predict", "table.csv", "--at", "n=-1"], "a size must be a positive number"),
        (
            ["predict", "table.csv", "--at", "n=64"],
            "mine, time: the law depends on n and d: give d as well",
        ),
        (["predict", "table.csv", "-l", "other"], "--layer 'other': no row has this layer"),
        (["predict", "table.csv", "-m", "bytes"], "no row has this metric; there are: seconds"),
        (["fit", "table.csv", "--expect", "typo=n"], "'typo'"),
        (["fit", "table.csv", "--axis", "batch"], "no column 'batch'"),
        (["fit", "table.csv", "--json", "no/such/folder.json"], "no/such/folder.json"),
        (["run", "--layer", "nope"], "no layer is called 'nope'"),
        (["run", "--profile", "nope"], "'nope'; there are: quick, standard, full\n"),
        (["run", "--budget", "9"], "--budget 9 needs --precision"),
        (
            ["run", "--precision", "0.1", "--budget", "inf"],
            "--budget 'inf': give a number from",
        ),
        (
            ["run", "--out", "table.csv", "-l", "rnn"],
            "--out 'table.csv': it is not a folder",
        ),
        (["run", "--graph"], "the option 'graph' is for CUDA"),
        (
            ["run", "-l", "rnn", "-l", "dense", "-e", "n"],
            "--expect 'n' needs a single --layer; for several: LAYER=EXPR",
        ),
        (["run", "-l", "rnn", "-e", "dense=n"], "--expect dense=n needs --layer dense"),
        (["run", "-l", "rnn", "-e", "d - n"], "expected rnn: the term -n of d - n is not positive"),
        (["explain", "rn"], "no layer is called 'rn'"),
        (["explain", "nowhere.py:X"], "nowhere.py: there is no such file"),
        (["doctor", "--ablate", "--layer", "nope"], "no layer is called 'nope'"),
        (["report", "none"], "none: there is no such file"),
        (["claims", "--claim", "nope"], "no statement is called 'nope'"),
        (["claims", "--exercise", "A7"], "no exercise is called 'A7'"),
        (["claims", "-x", "A6.1", "-c", "max-gradient"], "--exercise A6.1 has none"),
        (["published", "nowhere"], "nowhere/flash-attention-2022.csv: there is no such file"),
    ],
)
def test_it_is_said_in_one_line(arguments, says, table, tmp_path):
    done = layerlaw(*arguments, cwd=tmp_path, status=2)
    assert says in done.stderr
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"table.csv"}


def test_a_process_ends_with_that_line_and_status(tmp_path):
    done = layerlaw_process("fit", "none.csv", cwd=tmp_path, status=2)
    assert (done.stdout, done.stderr) == ("", "layerlaw: none.csv: there is no such file\n")


def test_cuda_where_there_is_none_is_one_line_and_status_2(tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    done = layerlaw("run", "--device", "cuda", cwd=tmp_path, status=2)
    assert "CUDA is not available" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "layer,device,mode,metric,n,d,value\n"])
def test_an_empty_table_is_one_line_and_status_2(content, tmp_path):
    (tmp_path / "empty.csv").write_text(content)
    done = layerlaw("fit", "empty.csv", cwd=tmp_path, status=2)
    assert done.stderr.startswith("layerlaw: empty.csv: ")
    assert len(done.stderr.splitlines()) == 1


def test_list_tells_the_theory_of_every_layer(tmp_path):
    rows = json.loads(layerlaw("list", "--json", cwd=tmp_path).stdout)
    attention = next(row for row in rows if row["name"] == "attention")
    assert (attention["time"], attention["flops"]) == ("O(n²·d)", "4*d*n**2 + 5*n**2")
    text = layerlaw("list", cwd=tmp_path).stdout
    assert all(row["name"] in text for row in rows)


@pytest.mark.slow
def test_doctor_tells_of_the_machine(tmp_path):
    found = json.loads(layerlaw("doctor", "--json", cwd=tmp_path).stdout)
    assert {"load", "clock", "GPU"} <= {each["subject"] for each in found}
    assert {each["severity"] for each in found} <= {"ok", "warn", "bad", "unknown"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"not a database, but as long as a header of one" * 40, "cannot be read as a store"),
        (b"", "has no measurement: it is empty"),
        (None, "is not a regular file"),
    ],
)
@pytest.mark.parametrize("command", ["report", "predict"])
def test_a_store_that_cannot_be_read_is_one_line_and_status_2(command, content, says, tmp_path):
    store = tmp_path / "out" / "measurements.sqlite"
    if content is None:
        store.mkdir(parents=True)
    else:
        store.parent.mkdir()
        store.write_bytes(content)
    done = layerlaw(command, "out", cwd=tmp_path, status=2)
    assert done.stderr.startswith("layerlaw: out/measurements.sqlite ")
    assert says in done.stderr
    assert (done.stdout, len(done.stderr.splitlines())) == ("", 1)
    assert {each.name for each in store.parent.iterdir()} == {store.name}


def test_laws_that_cannot_be_written_leave_the_old_ones(table, tmp_path):
    (tmp_path / "folder").mkdir()
    for path in ("folder", "nowhere/laws.json"):
        done = layerlaw("fit", "table.csv", "--json", path, cwd=tmp_path, status=2)
        assert done.stderr.startswith(f"layerlaw: --json '{path}': ")
        assert len(done.stderr.splitlines()) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"table.csv", "folder"}
