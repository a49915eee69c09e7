"""Layers of one's own from the command line: explained, measured, and refused in a line."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pandas as pd
import psutil
import pytest

from tests.helpers.command import SCRIPT, layerlaw, layerlaw_process
from tests.helpers.interrupts import heed_ctrl_c

MODULE = """
import os
import signal

import torch
from torch import nn


class Gated(nn.Module):
    def __init__(self, d_model):
        super().__init__()
        self.gate, self.value = nn.Linear(d_model, d_model), nn.Linear(d_model, d_model)

    def forward(self, x):
        return torch.sigmoid(self.gate(x)) * self.value(x)


class Dies(Gated):
    def forward(self, x):
        if x.shape[1] > 900 and x.device.type != "meta":
            os.abort()
        if x.shape[1] > 300 and x.device.type != "meta":
            raise ValueError("too long for me")
        return super().forward(x)


class Wants(nn.Module):
    def __init__(self, dim, flavour):
        super().__init__()


class Flat(nn.Module):
    def forward(self, x):
        return x.sum(0)


class Crashes(Gated):
    def forward(self, x):
        os.kill(os.getpid(), signal.SIGSEGV)


class Prints(Gated):
    def forward(self, x):
        print("printing")
        return super().forward(x)


class Leaves(Gated):
    def forward(self, x):
        os._exit(3)


class Hangs(Gated):
    def forward(self, x):
        with open("hanging", "w") as file:
            print(os.getpid(), file=file)
        while True:
            pass


class Words(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.rows = nn.Embedding(100, dim)

    def forward(self, lookup):
        assert [x.dtype for x in lookup] == [torch.int64] * 3
        return self.rows(lookup[2])


class Far(Gated):
    def forward(self, x):
        if x.shape[1] > 1000:
            os.kill(os.getpid(), signal.SIGSEGV)
        return super().forward(x)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.py").write_text(MODULE)
    (tmp_path / "leaves.py").write_text("import os; os._exit(3)")
    return tmp_path


@pytest.fixture(autouse=True)
def _own_path(isolated_registry, monkeypatch):
    """Let a test load layers that the next one does not see."""
    monkeypatch.setattr(sys, "path", [*sys.path])


def test_explain_gives_formulas_for_a_person_and_for_a_program(folder):
    text = layerlaw("explain", "there/mine.py:Gated", cwd=folder).stdout
    assert "from x (batch, n, d) to (batch, n, d)" in text
    assert (
        "the work grows like n·d²: where FLOPs decide, the time has the exponents n 1, d 2" in text
    )
    found = json.loads(layerlaw("explain", "mine:Gated", "--json", cwd=folder / "there").stdout)
    metrics = {one["metric"]: one for one in found["metrics"]}
    assert metrics["flops"]["formula"] == "4*d**2*n + 4*d*n"
    assert metrics["parameters"]["formula"] == "2*d**2 + 2*d"
    assert metrics["sequential_ops"]["formula"] == "4"
    assert metrics["path_length"]["formula"] == "∞"
    assert metrics["kept_bytes"]["formula"] == "12*d*n"
    assert {one["theory"] for one in found["metrics"]} == {"–"}
    assert metrics["flops"]["verified"][-1]["n"] == 1_000_000


def test_explain_holds_a_known_layer_against_its_theory(tmp_path):
    found = json.loads(layerlaw("explain", "attention", "--json", cwd=tmp_path).stdout)
    agrees = {one["metric"]: one["agrees"] for one in found["metrics"]}
    assert all(agrees[metric] for metric in ("flops", "parameters", "sequential_ops"))
    assert agrees["path_length"] is True
    assert agrees["training_peak_bytes"] is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["explain", "there/mine.py:X"], "there/mine.py has no 'X'; it has: Gated, Dies"),
        (["explain", "there/mine.py:torch"], "a module is not a layer"),
        (["explain", "there/mine.py:Wants"], "no size has the name of its parameter flavour"),
        (["run", "--layer", "there/mine.py:Flat"], "a dimension must be the batch"),
        (["run", "--layer", "there/mine.py:Gated", "--expect", "n*q"], "unknown symbol 'q'"),
        (
            ["explain", "there/mine.py:Crashes"],
            "mine.py:Crashes, at n=16, d=8: its process ended by signal SIGSEGV",
        ),
        (["explain", "leaves.py:X"], "X, while it is loaded: its process ended with status 3"),
        (["run", "-l", "there/mine.py:Leaves"], "at n=16, d=8: its process ended with status 3"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_status_2(arguments, says, folder):
    done = layerlaw(*arguments, cwd=folder, status=2)
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (folder / "layerlaw-report").exists()


def test_inputs_that_are_not_found_are_refused_with_the_line_to_type(folder):
    refused = layerlaw("explain", "there/mine.py:Words", cwd=folder, status=2).stderr
    assert len(refused.splitlines()) == 1
    assert 'say what it takes: --input "lookup: float[batch, n, d]"' in refused
    told = [f"--input=lookup.{place}: int[batch, n] < 100" for place in range(3)]
    done = layerlaw("explain", "there/mine.py:Words", *told, "--json", cwd=folder)
    found = json.loads(done.stdout)
    assert found["input_tensors"] == [each.removeprefix("--input=") for each in told]
    metrics = {one["metric"]: one["formula"] for one in found["metrics"]}
    assert metrics["flops"] == "0"
    assert metrics["parameters"] == "100*d"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--input", "x"], "input 'x': write it as NAME: KIND[SIDE, …], such as \"tokens: int"),
        (["--input", "x: float[batch, n, q]"], "'q' is not a size; there are: batch, n, d, k"),
        (["--input", "y: float[batch, n]"], "it takes no 'y'; its forward takes x"),
        (["--multiple", "n"], "multiple 'n': write it as SIZE=NUMBER, such as n=64"),
        (["--multiple", "k=3"], "k is not one of its sizes: "),
    ],
)
def test_inputs_that_cannot_be_are_one_line(options, says, folder):
    for command in (["explain"], ["run", "--layer"]):
        done = layerlaw(*command, "there/mine.py:Gated", *options, cwd=folder, status=2)
        assert says in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_formula_that_crashes_has_its_reason_and_the_rest_is_there(folder):
    found = json.loads(layerlaw("explain", "there/mine.py:Far", "--json", cwd=folder).stdout)
    metrics = {one["metric"]: one for one in found["metrics"]}
    assert re.fullmatch(
        r"there/mine.py:Far, at n=\d+, d=64: its process ended by signal SIGSEGV",
        metrics["flops"]["reason"],
    )
    assert metrics["forward_peak_bytes"]["formula"] == "12*d*n"


@pytest.mark.parametrize("command", [["explain"], ["run", "--layer"]])
def test_ctrl_c_stops_a_layer_that_hangs_and_leaves_no_process(folder, command):
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *command, "there/mine.py:Hangs"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_ctrl_c,
    ) as process:
        written, until = folder / "hanging", time.monotonic() + 60
        while not (written.exists() and written.read_text().endswith("\n")):
            assert time.monotonic() < until
            time.sleep(0.05)
        worker = int(written.read_text())
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "layerlaw: stopped\n"
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_what_a_layer_prints_is_no_output_of_the_command(folder):
    done = layerlaw_process("explain", "there/mine.py:Prints", "--json", cwd=folder)
    assert json.loads(done.stdout)["layer"] == "there/mine.py:Prints"
    assert "printing" not in done.stderr


STARTS = """
import os, subprocess, sys, time
from torch import nn

def daemon():
    if (pid := os.fork()) == 0:
        os.setsid()
        if os.fork() == 0:
            with open("started", "a") as file:
                print(os.getpid(), file=file)
            time.sleep(600)
        os._exit(0)
    os.waitpid(pid, 0)

program = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
with open("started", "a") as file:
    print(program.pid, file=file)
daemon()
print("\\x1b[2J imported")

class Linear(nn.Linear):
    def __init__(self, d):
        super().__init__(d, d)

    def forward(self, x):
        daemon()
        return super().forward(x)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="daemons are found on Linux alone")
def test_what_a_module_starts_when_it_is_imported_or_called_ends_with_the_command(folder):
    (folder / "starts.py").write_text(STARTS)
    done = layerlaw_process("explain", "starts.py:Linear", "--timeout", "5", cwd=folder)
    assert "imported" not in done.stdout + done.stderr
    assert (done.stdout + done.stderr).replace("\n", "").isprintable()
    started = [int(pid) for pid in (folder / "started").read_text().split()]
    assert len(started) >= 4
    for pid in started:
        assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie"


QUICK = ("--profile", "quick", "--rounds", "1", "--no-explain", "--no-check", "--json")


def test_a_layer_of_ones_own_is_measured_judged_and_reported_from_another_folder(folder):
    spec, elsewhere = "../there/mine.py:Gated", folder / "elsewhere"
    elsewhere.mkdir()
    arguments = ("run", "-l", spec, "--expect", "n*d**2", *QUICK, "--out", "out")
    fits = json.loads(layerlaw(*arguments, cwd=elsewhere).stdout)["fits"]
    laws = {fit["metric"]: fit for fit in fits}
    assert laws["seconds"]["exponents"]["d"]["expected"] == 2
    assert laws["seconds"]["verdict"] in ("matches", "differs", "unresolved")
    assert laws["flops"]["verdict"] is None
    assert laws["flops"]["law"] == "4*n*d + 4*n*d**2"
    assert spec in (elsewhere / "out" / "report.html").read_text()
    assert spec in (elsewhere / "out" / "report.md").read_text()
    table = pd.read_csv(elsewhere / "out" / "table.csv")
    assert set(table["layer"]) == {spec}
    assert set(table["status"]) == {"ok"}


def test_a_crash_is_a_row_with_its_reason_and_the_law_is_found_without_theory(folder):
    alone = (*QUICK, "--no-counts", "--no-peaks", "--out", "out")
    done = layerlaw("run", "-l", "there/mine.py:Dies", *alone, cwd=folder)
    assert "error: its process ended by signal SIGABRT" in done.stderr
    assert "error: ValueError: too long for me" in done.stderr
    laws = {fit["metric"]: fit for fit in json.loads(done.stdout)["fits"]}
    assert laws["seconds"]["verdict"] is None
    assert laws["seconds"]["runners_up"]
    table = pd.read_csv(folder / "out" / "table.csv")
    failed = table[(table["metric"] == "seconds") & (table["status"] == "error")]
    assert failed["n"].min() > 300


def test_other_packages_layers_are_listed_and_a_broken_one_is_a_warning(folder):
    info = folder / "nice-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nice\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[layerlaw.layers]\nnice = nicelayers:Nice\nlost = nicelayers:Lost\n"
    )
    (folder / "nicelayers.py").write_text(
        "import layerlaw\nfrom torch import nn\n"
        "@layerlaw.layer('nice', expect='n*d', formula='y = x')\n"
        "class Nice(nn.Identity):\n    pass\n"
    )
    done = layerlaw_process("list", "--json", cwd=folder / "there", path=folder)
    (row,) = [row for row in json.loads(done.stdout) if row["name"] == "nice"]
    assert (row["time"], row["formula"]) == ("O(n·d)", "y = x")
    assert "warning: layer 'lost' of the package nice cannot be loaded" in done.stderr
    help_of_fit = layerlaw_process("fit", "--help", cwd=folder / "there", path=folder)
    assert "warning" not in help_of_fit.stderr
