"""Both suites: they cover every layer, and the real tools run them and are read."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import layerlaw
import pytest
from layerlaw.analysis.tables import readers
from layerlaw.layers import CORE
from layerlaw.measure import Case, plan

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / "tests" / "data" / "sweep.csv"


def loaded(path):
    spec = importlib.util.spec_from_file_location(f"suite_{path.parent.name}", ROOT / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def asv_suite():
    return loaded(Path("benchmarks/asv/layers.py"))


def test_every_core_layer_has_cases_in_both_suites(asv_suite):
    test = loaded(Path("benchmarks/pytest_benchmark/test_layers.py")).test_forward
    (keys,) = (mark.args[1] for mark in test.pytestmark if mark.name == "parametrize")
    assert keys == asv_suite.Forward.params
    assert {Case.parse(key).layer for key in keys} == set(CORE)
    assert set(asv_suite.Exponents.params[0]) == set(CORE)


def test_exponents_are_those_that_layerlaw_fits(asv_suite, monkeypatch):
    recorded = readers.read(RECORDED)
    recorded = recorded[recorded["layer"] == "attention"]
    monkeypatch.setattr(layerlaw, "sweep", lambda profile: recorded)
    suite = asv_suite.Exponents()
    exponents = suite.setup_cache()
    (fit,) = layerlaw.fit(recorded)
    for exponent in fit.law.exponents:
        suite.setup(exponents, "attention", exponent.axis)
        tracked = suite.track_exponent(exponents, "attention", exponent.axis)
        assert tracked == exponent.estimate
    with pytest.raises(NotImplementedError):
        suite.setup(exponents, "attention", "k")


@pytest.fixture(scope="module")
def cases():
    """A few small cases of two layers, two axes each."""
    return [
        case
        for layer in ("attention", "sdpa")
        for case in sorted(plan(layer, profile="asv").cases, key=lambda c: c.sizes["n"])[:5]
    ]


def assert_read(path, cases):
    table = readers.read(path)
    found = {
        Case(row.layer, {"n": row.n, "d": row.d}, row.batch, row.dtype, row.device, row.threads)
        for row in table.itertuples()
    }
    assert found == set(cases)
    assert set(table["metric"]) == {"seconds"}
    assert table["value"].between(0, 60, inclusive="neither").all()
    assert [fit.series.layer for fit in layerlaw.fit(path)] == ["attention", "sdpa"]


def run(*command, cwd, home):
    """Run a command of this Python's; what it printed is shown where it fails."""
    # A run of its own, whoever runs this one: pytest-benchmark times nothing in a worker of xdist.
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        cwd=cwd,
        env={**own, "HOME": str(home)},  # asv keeps its machines there
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="asv measures commits")
def test_asv_runs_publishes_and_is_read(tmp_path, cases):
    clone = tmp_path / "clone"
    git = ["git", "-c", f"safe.directory={ROOT}"]
    subprocess.run([*git, "clone", "-q", ROOT, clone], check=True)
    # The conf's branch, whatever is checked out here: CI has no branch at all.
    subprocess.run(["git", "checkout", "-q", "-B", "main"], cwd=clone, check=True)
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=clone, check=True, capture_output=True, text=True
    ).stdout.strip()
    shutil.copy(ROOT / "asv.conf.json", clone)
    shutil.copytree(ROOT / "benchmarks", clone / "benchmarks", dirs_exist_ok=True)
    run("asv", "machine", "--yes", "--machine", "testing", cwd=clone, home=tmp_path)
    run(
        *("asv", "run", "--machine", "testing", "-E", f"existing:{sys.executable}"),
        *("--set-commit-hash", commit, "-b", "|".join(re.escape(case.key) for case in cases)),
        *("-a", "rounds=1", "-a", "repeat=2", "-a", "warmup_time=0.01"),
        cwd=clone,
        home=tmp_path,
    )
    assert_read(clone / ".asv" / "results", cases)
    run("asv", "publish", cwd=clone, home=tmp_path)
    assert (clone / ".asv" / "html" / "index.html").is_file()
    assert list((clone / ".asv" / "html" / "graphs").rglob("layers.Forward.time_forward.json"))


@pytest.mark.slow
def test_pytest_benchmark_runs_and_is_read(tmp_path, cases):
    suite = "benchmarks/pytest_benchmark/test_layers.py"
    out = tmp_path / "out.json"
    run(
        *("pytest", *(f"{suite}::test_forward[{case.key}]" for case in cases)),
        *("-p", "no:cacheprovider", f"--benchmark-json={out}", "--benchmark-max-time=0.02"),
        cwd=ROOT,
        home=tmp_path,
    )
    assert_read(out, cases)
