"""Tables that are there already: fitted, reported and predicted from."""

import json

import pandas as pd
import pytest
from layerlaw.analysis import parse
from layerlaw.layers.core.theory import SYMBOLS

from tests.helpers.command import layerlaw


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


def test_fit_without_theory_prints_the_law_that_was_found(table, tmp_path):
    said = layerlaw("fit", table.name, cwd=tmp_path).stdout
    (line,) = (line for line in said.splitlines() if line.startswith("mine: "))
    law, _, rest = line.removeprefix("mine: ").partition("; ")
    assert rest.startswith("no theory was given")
    # The last digits are another processor's own.
    found = parse(law, ("n", "d"))
    for n, d in ((32, 16), (512, 256), (4096, 1024)):
        cost = float(found.subs({SYMBOLS["n"]: n, SYMBOLS["d"]: d}))
        assert cost == pytest.approx(1e-6 + 1e-10 * n * d**2, rel=1e-5)


def test_fit_says_how_times_are_to_be_called(table, tmp_path):
    assert "'seconds'" not in layerlaw("fit", table.name, cwd=tmp_path).stderr
    pd.read_csv(table).assign(metric="runtime").to_csv(table, index=False)
    assert "metric 'runtime' is fitted as a" in layerlaw("fit", table.name, cwd=tmp_path).stderr


def test_fit_gives_json_alone_on_standard_output(table, tmp_path):
    done = layerlaw("fit", table.name, "--json", "-", cwd=tmp_path)
    assert json.loads(done.stdout)["schema"] == 1


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


def test_report_makes_of_a_run_what_the_run_made_of_itself(ran):
    laws = json.loads((ran / "out" / "laws.json").read_text())
    again = layerlaw("report", "out", "--out", "again", "--json", cwd=ran)
    assert json.loads(again.stdout) == laws
    assert (ran / "again" / "report.html").is_file()
    fitted = layerlaw("fit", "out/table.csv", "--json", "-", cwd=ran)
    for one, other in zip(json.loads(fitted.stdout)["fits"], laws["fits"], strict=True):
        assert one["verdict"] == other["verdict"]


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
