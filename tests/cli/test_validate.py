"""The command that holds the fitter against laws whose truth is known."""

import json

import layerlaw.studies.validation as study
import pandas as pd
import pytest
from layerlaw.studies.validation import baselines, results, synthetic, validation

from tests.helpers.command import layerlaw


@pytest.fixture
def validated(monkeypatch):
    """Have figures that took no time: those of two cases for every kind."""
    some = list(synthetic.draw_cases(2, 5, validation.KINDS["on the law"]))
    figures = results.summarise(validation.case_results(some, [baselines.LogLogLine()]))
    table = pd.DataFrame([figures] * len(validation.KINDS), index=list(validation.KINDS))
    asked = []

    def validate(number, seed, **_):
        asked.append((number, seed))
        return table

    monkeypatch.setattr(study, "validate", validate)
    monkeypatch.setattr(study, "recover_exact_orders", lambda: (11, 11))
    return asked


def test_the_page_of_the_validation_is_the_commands_output(tmp_path, validated):
    done = layerlaw("validate", "--cases", "2", "--seed", "3", "--markdown", cwd=tmp_path)
    assert validated == [(2, 3)]
    assert "    layerlaw validate --cases 2 --seed 3 --markdown\n" in done.stdout
    assert "2 of each kind" in done.stdout
    assert "## Other fitters on the same points" in done.stdout


@pytest.mark.nightly
def test_the_command_validates(tmp_path):
    done = layerlaw("validate", "--cases", "1", "--json", cwd=tmp_path)
    assert json.loads(done.stdout).keys() == validation.KINDS.keys()


@pytest.mark.nightly
def test_validation_reaches_its_criteria(tmp_path):
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
