"""layerlaw dependencies: what it prints, leaves, keeps and refuses."""

import json
import signal
import subprocess
import sys
import time
from functools import partial

import pytest
from layerlaw.cli.main import run_app
from layerlaw.studies.gradients import experiment, jacobians

from tests.helpers.interrupts import heed_ctrl_c

SMALL = ("--n", "10", "--d", "4", "--seeds", "3", "--layer", "rnn", "--out", "out")
TRAIN = ("--train", "--train-seeds", "2", "--steps", "3")


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Calls the command in an empty folder, and gives status, output and errors."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["layerlaw", "dependencies", *arguments])
        with pytest.raises(SystemExit) as end:
            run_app()
        return end.value.code or 0, *capsys.readouterr()

    return call


def test_it_prints_laws_and_leaves_record_and_figure(command, tmp_path):
    status, out, err = command(*SMALL, *TRAIN)
    assert status == 0
    assert "exp(−λδ), λ = " in out
    assert "After training" in out
    assert "out/dependencies.json" in err
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    left = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert left == ["dependencies.json", "dependencies.svg"]


def test_training_is_kept_until_it_is_asked_for_again(command, tmp_path):
    path = tmp_path / "out" / "dependencies.json"
    command(*SMALL, *TRAIN)
    before = json.loads(path.read_text())
    _, out, _ = command(*SMALL, "--json")
    told, after = json.loads(out), json.loads(path.read_text())
    assert after["trained"] == before["trained"]
    assert after["initial"]["profiles"] == before["initial"]["profiles"]  # measured anew, alike
    assert [each["before"]["layer"] for each in told["trained"]] == ["rnn"]
    assert told["initial"][0]["seeds"] == 3
    command(*SMALL, *TRAIN, "--steps", "4")
    assert json.loads(path.read_text())["trained"]["steps"] == 4


def test_the_page_shows_the_figure_beside_it(command):
    _, out, _ = command(*SMALL, "--markdown")
    assert "](out/dependencies.svg)" in out
    assert f"    layerlaw dependencies {' '.join(SMALL)} --markdown\n" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--layer", "nope"), "no layer is called 'nope'"),
        (("--layer", "softmax_output"), "to (n, d) is needed"),
        (("--layer", "multihead", "--d", "6"), "d/h must be a whole number"),
    ],
)
def test_what_cannot_be_measured_is_said_in_one_line(arguments, message, command, tmp_path):
    status, _, err = command(*arguments)
    assert status == 2
    assert message in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_another_file_in_the_records_place_is_not_overwritten(command, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "dependencies.json").write_text("mine")
    status, _, err = command(*SMALL)
    assert status == 2
    assert "not a record of `layerlaw dependencies`" in err
    assert (tmp_path / "out" / "dependencies.json").read_text() == "mine"


def finished(path):
    """How many trainings that were stopped are kept."""
    return len(json.loads(path.read_text())["unfinished"]) if path.is_file() else 0


def test_a_training_that_is_stopped_goes_on_where_it_was(command, tmp_path):
    arguments = (*SMALL, "--layer", "lstm", "--train", "--train-seeds", "3", "--steps", "50")
    command(*arguments, "--out", "whole")
    script = "from layerlaw.cli.main import run_app; run_app()"
    path = tmp_path / "out" / "dependencies.json"
    with subprocess.Popen(
        [sys.executable, "-c", script, "dependencies", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_ctrl_c,
    ) as process:
        until = time.monotonic() + 120
        while finished(path) < 2 and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "layerlaw: stopped; the same command continues from here\n"
    stopped = json.loads(path.read_text())["unfinished"]
    assert 2 <= len(stopped) < 9

    command(*SMALL, "--layer", "gru", *TRAIN)  # another training leaves them as they are
    assert json.loads(path.read_text())["unfinished"] == stopped
    status, out, _ = command(*arguments)
    assert status == 0
    assert "After training" in out
    record = json.loads(path.read_text())
    whole = json.loads((tmp_path / "whole" / "dependencies.json").read_text())
    assert record["unfinished"] == whole["unfinished"] == {}
    for kind in ("profiles", "forgetting"):
        assert record["trained"][kind] == whole["trained"][kind]
    assert record["trained"]["seconds"] >= sum(one["seconds"] for one in stopped.values()) - 1


def test_a_training_that_is_gone_on_with_trains_only_what_is_left():
    subjects, sizes = jacobians.subjects(["rnn", "gru"]), {"n": 10, "d": 4}
    known, told = {}, []

    def stop_at(count):
        if len(known) == count:
            raise KeyboardInterrupt

    def progress(*said):
        told.append(said)

    with pytest.raises(KeyboardInterrupt):
        experiment.measure_training(subjects, sizes, 2, 3, progress, known, partial(stop_at, 3))
    assert told[0] == (3, 13, "training rnn")
    told.clear()
    more = dict(known)
    experiment.measure_training(subjects, sizes, 2, 4, progress, more)
    assert told[0] == (4, 17, "training rnn"), "of other steps nothing was there"
    told.clear()
    experiment.measure_training(subjects, sizes, 2, 3, progress, known)
    assert told == [(3, 4, "training gru (3 of 4 trainings were finished earlier)")]
    assert known == {}


def test_a_layer_in_which_no_signal_travels_is_told_without_a_curve(command, tmp_path):
    status, out, _ = command("--layer", "dense", "--seeds", "2", "--n", "16", "--out", "out")
    assert status == 0
    assert "dense" in out
    assert (tmp_path / "out" / "dependencies.svg").read_text().startswith("<svg")
