"""Layers from elsewhere that end their process, or hang, for real."""

import os
import random
import signal
import sys
import time
from functools import partial

import pytest
import torch
from layerlaw.layers import LayerError, get, isolated_registry
from layerlaw.measure import Case
from layerlaw.measure.counting.counts import count
from layerlaw.measure.operations.operation_timing import time_operations
from layerlaw.measure.workers import forkserver, sandbox
from layerlaw.measure.workers.sandbox import Sandbox

pytestmark = pytest.mark.skipif(not forkserver.can_fork(), reason="this system cannot fork safely")

MODULE = """
import os
import signal

from torch import nn


class Fine(nn.Linear):
    def __init__(self, d):
        super().__init__(d, d)


class Crashes(Fine):
    def forward(self, x):
        os.kill(os.getpid(), signal.SIGSEGV)


class Leaves(Fine):
    def forward(self, x):
        os._exit(3)


class Hangs(Fine):
    def forward(self, x):
        while True:
            pass


class Far(Fine):
    '''Crashes from sixteen times as many positions on as it is tried at.'''

    def forward(self, x):
        if x.shape[1] >= 1024:
            os.kill(os.getpid(), signal.SIGSEGV)
        return super().forward(x)


class Narrow(Fine):
    '''Leaves at a width that it is not tried at.'''

    def forward(self, x):
        if x.shape[2] == 4:
            os._exit(3)
        return super().forward(x)
"""


@pytest.fixture
def folder(tmp_path, isolated_registry, monkeypatch):
    (tmp_path / "mine.py").write_text(MODULE)
    (tmp_path / "leaves.py").write_text("import os; os._exit(3)")
    (tmp_path / "crashes.py").write_text("import os; os.abort()")
    (tmp_path / "exits.py").write_text("import sys; sys.exit(4)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mine.py:Crashes", "mine.py:Crashes, at n=16, d=8: its process ended by signal SIGSEGV"),
        ("2*mine.py:Leaves", "2*mine.py:Leaves, at n=16, d=8: its process ended with status 3"),
        ("leaves.py:X", "leaves.py:X, while it is loaded: its process ended with status 3"),
        ("crashes.py:X", "crashes.py:X, while it is loaded: its process ended by signal SIGABRT"),
        ("exits.py:X", "exits.py cannot be imported: SystemExit: 4"),
    ],
)
def test_what_ends_its_process_as_it_is_loaded_is_told_with_its_sizes(folder, name, says):
    with Sandbox() as process, pytest.raises(LayerError) as told:
        process.load(name)
    assert str(told.value) == says


def test_what_hangs_is_given_up_and_not_asked_again(folder):
    with Sandbox(5.0) as process:
        for most in (60, 1):
            start = time.monotonic()
            with pytest.raises(LayerError, match="at n=16, d=8: it took longer than"):
                process.load("mine.py:Hangs")
            assert time.monotonic() - start < most
        assert process.load("mine.py:Fine").axes == ("n", "d")


def test_after_one_that_ended_its_process_others_are_loaded(folder):
    with Sandbox() as process:
        with pytest.raises(LayerError):
            process.load("mine.py:Crashes")
        assert process.load("mine.py:Fine").axes == ("n", "d")
        assert process.ask("mine.py:Fine", os.getpid) != os.getpid()
        assert process.ask("rnn", os.getpid) == os.getpid(), "ours end none"


def test_an_error_of_a_task_is_that_of_its_layer(folder):
    with Sandbox() as process, pytest.raises(LayerError, match="ValueError: invalid literal"):
        process.ask("mine.py:Fine", partial(int, "none"))


HARMFUL = """
import os
import random
import signal
import subprocess
import sys
import tempfile

import torch
from torch import nn

print("\\x1b[2J imported")
os.write(2, b"\\x1b[2J written")
os.chdir(tempfile.gettempdir())
signal.signal(signal.SIGTERM, signal.SIG_IGN)
random.seed(7)
torch.manual_seed(7)


class Tells(nn.Linear):
    def __init__(self, d):
        super().__init__(d, d)

    def forward(self, x):
        with open(__file__ + ".pids", "a") as file:
            print(os.getpid(), file=file)
        return super().forward(x)


def example_inputs(n, d, batch=1):
    return torch.randn(batch, n, d)


class TakesExamples(Tells):
    pass


TakesExamples.example_inputs = staticmethod(example_inputs)
del example_inputs


def no_module(d):
    raise ValueError("no\\nmodule\\x07")
"""


@pytest.mark.parametrize("name", ["Tells", "TakesExamples"])
def test_a_module_is_called_in_the_sandbox_alone_and_its_import_changes_nothing(
    folder, name, capfd
):
    (folder / "harmful.py").write_text(HARMFUL)
    spec = f"harmful.py:{name}"
    states = random.getstate(), torch.get_rng_state()
    handler = signal.getsignal(signal.SIGTERM)
    with Sandbox() as process:
        loaded = process.load(spec)
        assert os.getcwd() == str(folder)
    assert capfd.readouterr() == ("", "")
    assert signal.getsignal(signal.SIGTERM) is handler
    assert random.getstate() == states[0]
    assert torch.equal(torch.get_rng_state(), states[1])
    pids = {*(folder / "harmful.py.pids").read_text().split()}
    assert str(os.getpid()) not in pids
    with isolated_registry():
        tried = get(spec)  # called here
    assert str(os.getpid()) in (folder / "harmful.py.pids").read_text().split()
    assert (loaded.axes, loaded.output, loaded.inputs) == (tried.axes, tried.output, tried.inputs)
    assert loaded.was_searched == tried.was_searched == (name == "Tells")
    assert loaded.build({"n": 4, "d": 8})(*loaded.make_inputs({"n": 4, "d": 8})).shape == (1, 4, 8)


def test_a_layer_that_cannot_be_loaded_is_one_line(folder):
    (folder / "harmful.py").write_text(HARMFUL)
    with Sandbox() as process:
        with pytest.raises(LayerError, match=r"ValueError: no module\\x07"):
            process.load("harmful.py:no_module")
        with pytest.raises(LayerError, match="there is no such file"):
            process.load("nowhere.py:X")


def test_what_tasks_import_is_imported_before_the_first(folder):
    names = ["torch._dynamo", "layerlaw.layers.attention", "layerlaw.experiments.derivation"]
    with Sandbox(modules=["layerlaw.experiments.derivation"]) as process:
        for name in names:
            assert process.ask(
                "mine.py:Fine", partial(eval, f"{name!r} in __import__('sys').modules")
            )


def test_without_forks_it_is_the_calling_process(folder, monkeypatch):
    monkeypatch.setattr(sandbox, "can_fork", lambda: False)
    with Sandbox() as process:
        process.load("mine.py:Fine")
        assert process.ask("mine.py:Fine", os.getpid) == os.getpid()


def test_a_count_that_ends_its_process_is_one_row_of_its_metric(folder):
    (rows,) = count([Case("mine.py:Narrow", {"n": 16, "d": 8})])
    bad = {row.metric: row.note for row in rows if row.status != "ok"}
    why = "it cannot be counted: mine.py:Narrow, at n=2, d=4: its process ended with status 3"
    assert bad["flops"] == why
    assert {row.metric for row in rows if row.status == "ok"} == {"parameters"}


def test_parts_that_end_their_process_are_one_row_of_their_case(folder):
    cases = [Case("mine.py:Far", {"n": n, "d": 8}) for n in (16, 1024)]
    few, (far,) = sorted(time_operations(cases, rounds=1), key=lambda rows: rows[0].case.sizes["n"])
    assert {row.status for row in few} == {"ok"}
    assert far.note == (
        "its operations cannot be recorded: mine.py:Far, at n=1024, d=8: its process ended by "
        "signal SIGSEGV"
    )
