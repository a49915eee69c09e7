"""The command as a user calls it: a real process, real files, exit status and output."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from tests.helpers.interrupts import heed_ctrl_c

RUN = ("run", "--profile", "asv", "--layer", "dense", "--rounds", "1", "--out", "out")


COMMANDS = (
    *("list", "run", "claims", "doctor", "fit", "report"),
    *("predict", "validate", "published", "dependencies", "explain"),
)


def layerlaw(*arguments, cwd, status=0):
    done = subprocess.run(
        [sys.executable, "-c", "from layerlaw.cli.main import run_app; run_app()", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "120"},
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done


@pytest.fixture
def table(tmp_path):
    n, d = np.meshgrid([32, 64, 128, 256, 512], [16, 32, 64, 128, 256])
    frame = pd.DataFrame({"n": n.ravel(), "d": d.ravel()})
    frame = frame.assign(layer="mine", device="cpu", mode="forward", metric="seconds")
    frame["value"] = 1e-6 + 1e-10 * frame.n * frame.d**2
    path = tmp_path / "table.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    "command",
    [[], *([name] for name in COMMANDS)],
)
def test_every_command_has_help_with_an_example(command, tmp_path):
    assert "Example: layerlaw" in layerlaw(*command, "--help", cwd=tmp_path).stdout


def test_list_tells_the_theory_of_every_layer(tmp_path):
    rows = json.loads(layerlaw("list", "--json", cwd=tmp_path).stdout)
    attention = next(row for row in rows if row["name"] == "attention")
    assert (attention["time"], attention["flops"]) == ("O(n²·d)", "4*d*n**2 + 5*n**2")
    text = layerlaw("list", cwd=tmp_path).stdout
    assert all(row["name"] in text for row in rows)


def test_fit_writes_the_contract_and_prints_a_table(table, tmp_path):
    done = layerlaw("fit", table.name, "--expect", "mine=n*d**2", "--json", "o.json", cwd=tmp_path)
    (one,) = json.loads((tmp_path / "o.json").read_text())["fits"]
    assert one["verdict"] == "matches"
    assert "matches" in done.stdout
    assert "O(n·d²)" in done.stdout


def test_fit_asks_for_an_upper_bound_alone(table, tmp_path):
    frame = pd.read_csv(table)
    frame.assign(value=1e-6 + 1e-9 * frame.n * frame.d**1.5).to_csv(table, index=False)
    for options, verdict in (([], "differs"), (["--at-most"], "matches")):
        arguments = ["fit", table.name, "-e", "mine=n*d**2", "--json", "o.json", *options]
        layerlaw(*arguments, cwd=tmp_path)
        assert json.loads((tmp_path / "o.json").read_text())["fits"][0]["verdict"] == verdict


def test_predict_answers_what_a_size_costs_and_how_far_one_can_go(table, tmp_path):
    known = ["predict", table.name, "-l", "mine", "-e", "mine=n*d**2", "--at", "d=64"]
    done = layerlaw(*known, "--at", "n=2048", cwd=tmp_path)
    assert "n = 2048, d = 64" in done.stdout
    assert "4 × the largest n" in done.stdout
    (answer,) = json.loads(layerlaw(*known, "--within", "1", "--json", cwd=tmp_path).stdout)
    assert answer["axis"] == "n"
    assert answer["value"] == pytest.approx(1e10 / 64**2, rel=0.02)


def test_predict_takes_a_budget_for_seconds_unless_another_metric_is_named(table, tmp_path):
    times = pd.read_csv(table)
    memory = times.assign(metric="peak_bytes", value=4.0 * times.n * times.d)
    weights = times.assign(metric="parameters", value=1.0 * times.d**2)  # they do not grow in n
    depth = times.assign(metric="sequential_ops", value=1.0)  # no law at all
    pd.concat([times, memory, weights, depth]).to_csv(table, index=False)
    known = ["predict", table.name, "--at", "d=64", "--json"]
    (seconds,) = json.loads(layerlaw(*known, "--within", "1", cwd=tmp_path).stdout)
    assert seconds["metric"] == "seconds"
    named = [*known, "--metric", "peak_bytes", "--within", "1e6"]
    (found,) = json.loads(layerlaw(*named, cwd=tmp_path).stdout)
    assert found["value"] == pytest.approx(1e6 / 4 / 64, rel=0.01)
    each = json.loads(layerlaw(*known, "--at", "n=100", cwd=tmp_path).stdout)
    assert [one["metric"] for one in each[:3]] == ["seconds", "peak_bytes", "parameters"]


def test_fit_without_theory_prints_the_law_that_was_found(table, tmp_path):
    said = layerlaw("fit", table.name, cwd=tmp_path).stdout
    assert "mine: 1e-06 + 1e-10*n*d**2; no theory was given" in said


def test_fit_says_how_times_are_to_be_called(table, tmp_path):
    assert "'seconds'" not in layerlaw("fit", table.name, cwd=tmp_path).stderr
    pd.read_csv(table).assign(metric="runtime").to_csv(table, index=False)
    assert "'runtime' is fitted as a count" in layerlaw("fit", table.name, cwd=tmp_path).stderr


def test_fit_gives_json_alone_on_standard_output(table, tmp_path):
    done = layerlaw("fit", table.name, "--json", "-", cwd=tmp_path)
    assert json.loads(done.stdout)["schema"] == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["fit", "none.csv"], "none.csv: there is no such file"),
        (["fit", "table.csv", "--expect", "mine=n*q"], "unknown symbol 'q'"),
        (["fit", "table.csv", "--expect", "mine"], "LAYER=EXPR"),
        (["predict", "table.csv", "--at", "n"], "SIZE=NUMBER"),
        (["predict", "table.csv", "--at", "n=-1"], "a size is a positive number"),
        (
            ["predict", "table.csv", "--at", "n=64"],
            "mine, time: it grows in n and d: say at which d",
        ),
        (["predict", "table.csv", "-l", "other"], "'other'; there are: mine"),
        (["predict", "table.csv", "-m", "bytes"], "metric 'bytes'; there are: seconds"),
        (["fit", "table.csv", "--expect", "typo=n"], "'typo'"),
        (["fit", "table.csv", "--axis", "batch"], "no column 'batch'"),
        (["fit", "table.csv", "--json", "no/such/folder.json"], "no/such/folder.json"),
        (["run", "--layer", "nope"], "no layer is called 'nope'"),
        (["run", "--profile", "nope"], "'nope'; there are: quick, standard, full\n"),
        (["run", "--budget", "9"], "--budget goes with --precision"),
        (["run", "--precision", "0.1", "--budget", "inf"], "--budget takes a finite number"),
        (["run", "--out", "table.csv", "-l", "rnn"], "table.csv: "),
        (["run", "--graph"], "the option 'graph' is for CUDA"),
        (["doctor", "--ablate", "--layer", "nope"], "no layer is called 'nope'"),
        (["report", "none"], "none: there is no such file"),
        (["claims", "--claim", "nope"], "no statement is called 'nope'"),
        (["claims", "--exercise", "A7"], "no exercise is called 'A7'"),
        (["claims", "-x", "A6.1", "-c", "max-gradient"], "--exercise A6.1 has none"),
    ],
)
def test_what_a_user_can_mend_is_one_line_and_status_2(arguments, says, table, tmp_path):
    done = layerlaw(*arguments, cwd=tmp_path, status=2)
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_cuda_where_there_is_none_is_one_line_and_status_2(tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    done = layerlaw("run", "--device", "cuda", cwd=tmp_path, status=2)
    assert "CUDA is not available" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        (("--precision", "9"), "every exponent is known within ±9"),
        (("--precision", "0.001", "--budget", "2"), "the budget is spent"),
    ],
)
def test_run_measures_until_exponents_are_known_and_says_how_far_it_came(tmp_path, budget, said):
    done = layerlaw("run", "-l", "attention_softmax", *budget, "--out", "out", cwd=tmp_path)
    assert said in done.stderr
    assert "attention_softmax (cpu, forward): " in done.stderr
    rows = pd.read_csv(tmp_path / "out" / "table.csv")
    assert {"seconds", "flops"} <= {*rows["metric"]}
    assert not {"peak_bytes", "product_rate"} & {*rows["metric"]}
    again = layerlaw("run", "-l", "attention_softmax", *budget, "--out", "out", cwd=tmp_path)
    assert again.returncode == 0
    after = pd.read_csv(tmp_path / "out" / "table.csv")
    assert len(after) >= len(rows)
    pd.testing.assert_frame_equal(
        after[: (rows["metric"] == "seconds").sum()], rows.head((rows["metric"] == "seconds").sum())
    )


@pytest.mark.parametrize("content", ["", "layer,device,mode,metric,n,d,value\n"])
def test_an_empty_table_is_one_line_and_status_2(content, tmp_path):
    (tmp_path / "empty.csv").write_text(content)
    done = layerlaw("fit", "empty.csv", cwd=tmp_path, status=2)
    assert done.stderr.startswith("layerlaw: empty.csv: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_case_that_would_not_fit_is_skipped_and_the_report_says_so(tmp_path):
    layerlaw(*RUN, "--memory", "0.0001", "--no-explain", "--no-check", cwd=tmp_path)
    rows = pd.read_csv(tmp_path / "out" / "table.csv")
    assert {"ok", "skipped"} == {*rows["status"]}
    assert "skipped" in (tmp_path / "out" / "report.md").read_text()


@pytest.mark.slow
def test_doctor_tells_of_the_machine(tmp_path):
    found = json.loads(layerlaw("doctor", "--json", cwd=tmp_path).stdout)
    assert {"load", "clock", "GPU"} <= {each["subject"] for each in found}
    assert {each["severity"] for each in found} <= {"ok", "warn", "bad", "unknown"}
    assert list(tmp_path.iterdir()) == []


def test_run_goes_from_layers_to_report_and_measures_nothing_twice(tmp_path):
    first = layerlaw(*RUN, cwd=tmp_path)
    assert first.stderr.strip().splitlines()[-1].startswith("The report is out/report.html")
    assert "dense" in first.stdout
    rows = pd.read_csv(tmp_path / "out" / "table.csv")
    assert (rows["value"] > 0).all()
    assert {"report.html", "report.md", "laws.json"} <= {
        p.name for p in (tmp_path / "out").iterdir()
    }
    laws = json.loads((tmp_path / "out" / "laws.json").read_text())["fits"]
    assert laws[0]["exponents"].keys() == {"n", "d"}

    assert {"seconds", "product_flops", "product_seconds", "call_seconds"} <= {*rows["metric"]}
    assert {gap["axis"] for gap in laws[0]["gaps"]} == {"n", "d"}

    layerlaw(*RUN, cwd=tmp_path)  # complete: the same rows again
    pd.testing.assert_frame_equal(rows, pd.read_csv(tmp_path / "out" / "table.csv"))
    layerlaw(*RUN, "--fresh", cwd=tmp_path)
    assert not rows["value"].equals(pd.read_csv(tmp_path / "out" / "table.csv")["value"])


def test_run_measures_passes_alone_where_that_is_asked(tmp_path):
    layerlaw(*RUN, "--no-explain", "--no-check", "--no-counts", "--no-peaks", cwd=tmp_path)
    rows = pd.read_csv(tmp_path / "out" / "table.csv")
    assert {*rows["metric"]} == {"seconds"}
    laws = json.loads((tmp_path / "out" / "laws.json").read_text())["fits"]
    assert laws[0]["gaps"] == []


@pytest.mark.slow
def test_run_checks_where_layers_cross(tmp_path):
    command = ("run", "--profile", "quick", "-l", "attention", "-l", "rnn", "-l", "conv")
    layerlaw(*command, "--rounds", "1", "--no-explain", "--out", "out", cwd=tmp_path)
    rows = pd.read_csv(tmp_path / "out" / "table.csv")
    checks = rows[rows["metric"] == "check_seconds"]
    assert {"attention"} < {*checks["layer"]}
    assert (checks.groupby(["layer", "n", "d"])["round"].nunique() == 5).all()
    page = (tmp_path / "out" / "report.html").read_text()
    assert "holds: " in page or "does not hold: " in page


def test_report_and_fit_agree_with_run(tmp_path):
    layerlaw(*RUN, cwd=tmp_path)
    laws = json.loads((tmp_path / "out" / "laws.json").read_text())
    again = layerlaw("report", "out", "--out", "again", "--json", cwd=tmp_path)
    assert json.loads(again.stdout) == laws
    assert (tmp_path / "again" / "report.html").is_file()
    fitted = layerlaw("fit", "out/table.csv", "--json", "-", cwd=tmp_path)
    for one, other in zip(json.loads(fitted.stdout)["fits"], laws["fits"], strict=True):
        assert one["verdict"] == other["verdict"]


def test_ctrl_c_says_that_the_run_goes_on_from_there(tmp_path):
    code = "from layerlaw.cli.main import run_app; run_app()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "run", "-l", "dense"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_ctrl_c,
    )
    while not list(tmp_path.rglob("*.sqlite")):
        time.sleep(0.05)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.strip().endswith("layerlaw: stopped; the same command again goes on from here")


@pytest.mark.parametrize("name", ["conv[k]", "[red]x[/b]", "<b>"])
def test_a_layers_name_is_shown_as_it_is(tmp_path, name):
    rows = [
        {"layer": name, "device": "c", "mode": "m", "metric": "seconds", "n": n, "d": d}
        for n in (16, 32, 64, 128)
        for d in (16, 32, 64, 128)
    ]
    table = pd.DataFrame(rows).assign(value=lambda rows: 1e-6 * rows["n"] * rows["d"])
    table.to_csv(tmp_path / "table.csv", index=False)
    done = layerlaw("fit", "table.csv", "--expect", f"{name}=n*d**2", cwd=tmp_path)
    assert done.stdout.count(name) == 2, "in the table and in the reason"


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_and_measures_no_point_twice(tmp_path):
    command = ["run", "--profile", "quick", "-l", "dense", "-l", "rnn", "--rounds", "2"]
    code = "from layerlaw.cli.main import run_app; run_app()"
    store = tmp_path / "layerlaw-report" / "measurements.sqlite"

    def kept():
        try:
            with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
                return connection.execute("SELECT id FROM measurements ORDER BY id").fetchall()
        except sqlite3.OperationalError:
            return []

    seen = []
    for more in (1, 20, 40):
        process = subprocess.Popen(
            [sys.executable, "-c", code, *command], cwd=tmp_path, stderr=subprocess.DEVNULL
        )
        while len(kept()) < len(seen) + more and process.poll() is None:
            time.sleep(0.01)
        process.kill()
        assert process.wait() == -signal.SIGKILL, "it was still measuring"
        assert kept()[: len(seen)] == seen, "what was measured before is there as it was"
        seen = kept()
    layerlaw(*command, cwd=tmp_path)
    assert kept()[: len(seen)] == seen
    table = pd.read_csv(tmp_path / "layerlaw-report" / "table.csv")
    assert not table.duplicated(["layer", "mode", "n", "d", "metric", "round", "repeat"]).any()
    passes = table[table["metric"] == "seconds"]
    assert (passes.groupby(["layer", "n", "d"])["round"].nunique() == 2).all()


def test_claims_are_put_to_the_test_and_shown_by_the_next_report(tmp_path):
    some = ["claims", "-x", "A6.2", "--no-times"]
    done = layerlaw(*some, cwd=tmp_path)
    rows = [line for line in done.stdout.splitlines() if line.startswith(" A6.2")]
    assert len(rows) == 2
    assert "argmax-gradient" in rows[1]
    assert "refuted" in rows[1]
    assert "2 statements: 1 confirmed with a condition, 1 refuted." in done.stdout
    assert not list(tmp_path.iterdir())  # of some statements nothing is kept unless it is asked for
    found = json.loads(layerlaw(*some, "--json", "--out", "out", cwd=tmp_path).stdout)
    assert [one["verdict"] for one in found["statements"]] == [
        "confirmed with a condition",
        "refuted",
    ]
    kept = json.loads((tmp_path / "out" / "claims.json").read_text())
    assert kept["statements"] == found["statements"]
    layerlaw(*RUN, "--no-explain", "--no-check", "--no-counts", "--no-peaks", cwd=tmp_path)
    assert "argmax-gradient" in (tmp_path / "out" / "report.html").read_text()
    layerlaw("report", "out", "--out", "again", cwd=tmp_path)
    assert "argmax-gradient" in (tmp_path / "again" / "report.md").read_text()
    assert (tmp_path / "again" / "claims.json").is_file()


def test_a_statements_evidence_is_printed_where_it_is_named(tmp_path):
    done = layerlaw("claims", "--claim", "argmax-gradient", cwd=tmp_path)
    assert "its limit for D = 2 as T → 0, by SymPy" in done.stdout
    assert "如果对于输入向量中的某个元素x_i" in done.stdout
    assert "against it" in done.stdout


def test_the_page_of_the_claims_is_the_commands_output(tmp_path):
    done = layerlaw("claims", "-x", "A6.2", "--markdown", cwd=tmp_path)
    assert "    layerlaw claims -x A6.2 --markdown\n" in done.stdout
    assert "### A6.2 argmax-gradient: refuted" in done.stdout
    assert not list(tmp_path.iterdir())


def test_the_page_of_the_validation_is_the_commands_output(tmp_path):
    done = layerlaw("validate", "--cases", "2", "--seed", "3", "--markdown", cwd=tmp_path)
    assert "    layerlaw validate --cases 2 --seed 3 --markdown\n" in done.stdout
    assert "2 of each kind" in done.stdout
    assert "## Other fitters on the same points" in done.stdout


def test_published_names_the_table_that_is_not_there(tmp_path):
    done = layerlaw("published", "nowhere", cwd=tmp_path, status=2)
    assert done.stderr == "layerlaw: nowhere/flash-attention-2022.csv: there is no such file\n"
    assert not (tmp_path / "docs").exists()


@pytest.mark.slow
def test_validation_reaches_its_bars(tmp_path):
    done = layerlaw("validate", "--cases", "15", "--seed", "2000", "--json", cwd=tmp_path)
    figures = json.loads(done.stdout)
    on = ["on the law", "2 % between repeats", "5 % between repeats", "n²·d + n·d², 5 %"]
    off = ["off the law", "off the law, much overhead"]
    laws = [*on, *off, "on the law, much overhead", "10 % between repeats"]

    def mean(column, kinds):
        return sum(figures[kind][column] for kind in kinds) / len(kinds)

    # The exponents of a case err together: 15 cases of a kind tell little, those of eight do.
    assert 0.91 <= mean("coverage", laws) <= 0.99
    assert 0.91 <= mean("prediction coverage", laws) <= 0.99
    assert mean("median error", on) <= 0.012
    assert mean("p95 error", on) <= 0.08
    assert mean("median error", laws) < mean("log-log line median error", laws) / 10
    assert mean("matches", on) >= 0.8
    assert mean("differs", on) == mean("matches", off) == 0
    assert mean("two regimes", laws) <= 0.04
    assert figures["a step"]["two regimes"] >= 0.85
    assert figures["overlapping costs"]["median error"] <= 0.02
    assert figures["overhead hides it"]["unresolved"] >= 0.93
    assert figures["no law"]["outside matches"] in (0, None)
