"""A run from Python: the same as the command's, heard of stage by stage, its store read once."""

import json
import re
from collections import Counter
from contextlib import contextmanager

import layerlaw
import pandas as pd
import pytest
from layerlaw.errors import LayerlawError
from layerlaw.measure import Store
from layerlaw.session import (
    NothingMeasured,
    Observer,
    OptionError,
    RunOptions,
    Session,
    read_measurements,
)

from .conftest import TINY


class Recorder(Observer):
    """Notes the stages of a run."""

    def __init__(self):
        self.heard = []
        self.updates = Counter()

    @contextmanager
    def activity(self, what):
        self.heard.append(what)
        yield

    @contextmanager
    def steps(self):
        yield lambda done, total, what: self.updates.update([what])

    @contextmanager
    def fitting(self, what):
        self.heard.append(f"fitting {what}")
        yield lambda done, total, series: self.updates.update([series.metric])

    @contextmanager
    def measuring(self, plan):
        self.heard.append("measuring")
        yield lambda step: self.updates.update([step.layer])

    def failures(self, measured):
        self.heard.append("failures")


def test_a_run_gives_what_the_command_writes(ran):
    folder, result = ran
    assert json.loads((folder / "laws.json").read_text()) == result.to_dict()["laws"]
    assert {fit.series.metric for fit in result.fits} >= {"seconds", "flops", "peak_bytes"}
    assert {"report.html", "report.md", "table.csv"} <= {path.name for path in folder.iterdir()}
    assert result.command in (folder / "report.md").read_text()
    assert result.settings["controls"]


def test_a_run_that_is_complete_reads_its_store_once_and_measures_nothing(ran, monkeypatch):
    folder, result = ran
    reads, columns = Counter(), Store.columns

    def counted(self, run, *metrics):
        reads["columns"] += 1
        return columns(self, run, *metrics)

    monkeypatch.setattr(Store, "columns", counted)
    monkeypatch.setattr(Store, "add", None)
    recorder = Recorder()
    again = Session(RunOptions(layers=["dense"], **TINY), folder, observer=recorder).run()
    assert reads == {"columns": 1}
    pd.testing.assert_frame_equal(again.table, result.table)
    assert again.to_dict()["laws"] == result.to_dict()["laws"]
    assert recorder.heard == ["measuring", "failures", "counting", "fitting laws"]
    assert recorder.updates["seconds"] == 1


def test_what_a_folder_holds_is_read_as_it_was_measured(ran):
    folder, result = ran
    found = read_measurements(folder)
    pd.testing.assert_frame_equal(found.table, result.table)
    assert (found.machine, found.settings) == (result.machine, result.settings)


def test_names_that_are_not_known_are_refused_before_the_work(tmp_path):
    with pytest.raises(KeyError, match="no layer is called 'nope'"):
        layerlaw.run("nope", out=tmp_path / "out")
    with pytest.raises(layerlaw.LayerlawError, match="unknown symbol 'q'"):
        layerlaw.run("dense", out=tmp_path / "out", expect="n*q")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"budget": 9.0}, "budget=9 needs precision"),
        ({"layers": ["rnn", "dense"], "expect": "n"}, "expect='n' needs a single layer"),
        ({"expect": "n"}, "expect='n' needs a single layer"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, says):
    with pytest.raises(OptionError, match=says):
        RunOptions(**options)


def test_precision_leaves_out_auxiliary_measurements():
    def steps(options):
        measured = (options.measures_peaks, options.times_parts)
        return (*measured, options.checks_crossings, options.tests_claims)

    assert steps(RunOptions()) == (True, True, True, True)
    assert steps(RunOptions(precision=0.1)) == (False, False, False, False)
    assert steps(RunOptions(layers="rnn")) == (True, True, True, False)
    assert steps(RunOptions(layers="rnn", claims=True)) == (True, True, True, True)
    assert RunOptions(precision=0.1, check=True).checks_crossings


def test_a_run_that_measures_nothing_says_why_in_one_line():
    alone = {"counts": False, "peaks": False, "explain": False, "check": False}
    session = Session(RunOptions(layers="dense", profile="asv", memory=1e-9, **alone))
    with pytest.raises(NothingMeasured) as caught:
        session.run()
    assert re.fullmatch(
        r"nothing was measured: dense, skipped: it needs \S+ GiB of memory, the limit is \S+ GiB "
        r"\(--memory\)",
        str(caught.value),
    )


@pytest.mark.parametrize(
    ("expect", "why"),
    [
        ({"dense": "d - n"}, "expected dense: the term -n of d - n is not positive"),
        ({"dense": "0*n"}, "expected dense: the term 0 of 0 is not positive"),
        ({"rnn": "n"}, "expected 'rnn': the run does not measure this layer"),
    ],
)
def test_an_order_that_no_time_has_is_refused_before_measuring(expect, why):
    with pytest.raises(LayerlawError, match=re.escape(why)):
        Session(RunOptions(layers="dense", profile="asv", expect=expect))


def test_inputs_are_told_for_a_single_layer_or_by_name() -> None:
    text = "tokens: int[batch, n] < 32000"
    alone = RunOptions(layers="a.py:A", inputs=[text], multiple={"n": 64})
    named = RunOptions(
        layers=["a.py:A", "b.py:B"], inputs={"a.py:A": [text]}, multiple={"a.py:A": ["n=64"]}
    )
    assert alone.told == named.told
    assert str(alone.told["a.py:A"]) == f"{text}; n=64"
    assert not RunOptions(layers="a.py:A").told
    assert f"inputs=['{text}']" in alone.python_call()
    with pytest.raises(OptionError, match="needs a single layer, or a value for each by name"):
        RunOptions(layers=["a.py:A", "b.py:B"], inputs=[text])
    with pytest.raises(OptionError, match=r"inputs of 'c\.py:C', which is not measured"):
        RunOptions(layers="a.py:A", inputs={"c.py:C": [text]})
    with pytest.raises(layerlaw.LayerlawError, match="write it as NAME: KIND"):
        RunOptions(layers="a.py:A", inputs=["nonsense"])
