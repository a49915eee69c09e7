"""How far signals carry, as a report, a page and a figure say it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from layerlaw.reports import build_content, write_report
from layerlaw.studies.gradients.figures import dependencies_figures, dependencies_svg
from layerlaw.studies.gradients.markdown_page import dependencies_page
from layerlaw.studies.gradients.record import RECORD_FILE, RecordError, fit_record, read_record
from layerlaw.studies.gradients.section import read_section
from layerlaw.studies.gradients.tables import initial_table, trained_table

from tests.helpers.strict_html import Strict

DOCS = Path(__file__).parents[3] / "docs"
DISTANCE = np.arange(32)


def norms(rate, seed=0):
    rng = np.random.default_rng(seed)
    rates = rng.normal(rate, 0.01, (6, 1))
    return np.exp(-rates * DISTANCE + rng.normal(0, 0.02, (6, 32)))


def profile(layer, variant="", **found):
    return {
        "layer": layer,
        "variant": variant,
        **{k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in found.items()},
    }


def cell(rate, gate):
    return {
        "true": norms(rate).tolist(),
        "gates": norms(gate, 1).tolist(),
        "between": (1 - 0.8**DISTANCE * np.ones((6, 1))).tolist(),
        "mean_gate": [0.5, 0.51, 0.49, 0.5, 0.5, 0.5],
    }


@pytest.fixture
def record():
    where = {"made": "2020-02-02", "machine": {"cpu": "A Processor"}, "sizes": {"n": 32, "d": 8}}
    ended = norms(0.1)
    ended[:, 17:] = 0
    shares = {"accuracy": [0.5, 0.6, 0.7] * 2, "far": [0.1, 0.2, 0.3] * 2}
    return {
        "schema": 1,
        "initial": {
            **where,
            "seeds": 6,
            "profiles": [
                profile("rnn", norms=norms(0.7)),
                profile("lstm", "forget bias 0", norms=norms(0.5)),
                profile("lstm", "forget bias 1", norms=norms(0.2)),
                profile("conv", "8 layers", norms=ended),
                profile("attention", norms=norms(0)),
                profile("conv_1x1", norms=np.eye(1, 32) * np.ones((6, 1))),
            ],
            "forgetting": [
                profile("lstm", "forget bias 0", **cell(0.5, 0.7)),
                profile("lstm", "forget bias 1", **cell(0.2, 0.3)),
            ],
            "fields": [
                {"depth": 8, "k": 5, "widths": [3.9, 4, 4.1], "expected": 4, "reach": 16}
                | {"reached": 16}
            ],
        },
        "trained": {
            **where,
            "seeds": 6,
            "steps": 10,
            "seconds": 3,
            "profiles": [
                profile("rnn", before=norms(0.7), after=norms(0.4, 2), **shares),
                profile("gru", before=norms(0.5), after=norms(0.1, 2), **shares),
            ],
            "forgetting": [
                profile("lstm", "forget bias 0", before=cell(0.5, 0.7), after=cell(0.1, 0.1))
            ],
        },
    }


def test_each_layers_law_is_told_with_its_interval(record):
    found = fit_record(record)
    rows = {row[0]: row for row in initial_table(found).rows}
    rnn, conv, attention_ = (rows[n] for n in ("rnn", "conv, 8 layers", "attention"))
    assert re.fullmatch(r"exp\(−λδ\), λ = 0\.70?\d* \[0\.6\d+, 0\.7\d*\]", rnn[1])
    assert attention_[1].startswith("no decay, λ = ")
    assert conv[1].endswith("; 0 beyond δ = 16")
    assert {each.label for each in found.initial if each.law is None} == {"conv_1x1"}
    assert "there are 0" in rows["conv_1x1"][1]
    assert float(rnn[2].split()[0]) == pytest.approx(1 + np.log(2) / 0.7, rel=0.02)
    assert conv[3] == "17"  # nothing is left there, whatever the law says
    assert attention_[2:4] == ("> 31", "> 31")


def test_training_is_told_of_the_subjects_of_this_run_alone(record):
    found = fit_record(record)
    assert [each.before.label for each in found.trainings] == ["rnn"]
    (rnn,) = found.trainings
    assert rnn.rate_decrease.estimate == pytest.approx(0.3, abs=0.03)
    assert rnn.accuracy.estimate == pytest.approx(0.6)
    assert trained_table(found).rows[0][-1] == "20% [11%, 29%]"
    assert [(g.variant, g.state) for g in found.gates] == [
        ("forget bias 0", "as drawn"),
        ("forget bias 1", "as drawn"),
        ("forget bias 0", "before training"),
        ("forget bias 0", "trained"),
    ]
    assert found.gates[0].rate_decrease.estimate == pytest.approx(0.2, abs=0.03)


def test_without_training_nothing_is_said_of_it(record):
    record["trained"] = None
    found = fit_record(record)
    assert not found.trainings
    assert "After training" not in dependencies_page(found, "layerlaw dependencies", "x.svg")
    assert len(found.settings) == len(found.measurement)


def test_the_page_has_its_numbers_from_the_record(record):
    text = dependencies_page(fit_record(record), "layerlaw dependencies --train", "images/x.svg")
    assert "    layerlaw dependencies --train\n" in text
    assert "(images/x.svg)" in text
    taken = re.search(r"forget bias of 1 instead of 0 reduces λ by ([\d.]+) \[", text)[1]
    assert float(taken) == pytest.approx(0.3, abs=0.02)
    assert "Gradients decay more slowly after training: `rnn` (decrease of λ: 0.3" in text
    assert "training changes the mean forget gate from 0.5" in text
    assert "log σ(1) − log σ(0) = 0.380" in text  # log σ(1) − log σ(0) = log 2 − log(1 + 1/e)
    assert "No decay over 31 positions: `attention`." in text
    record["initial"]["profiles"] = record["initial"]["profiles"][:1]
    again = dependencies_page(fit_record(record), "", "")
    assert "forget bias of 1" not in again
    assert "No decay over" not in again


def test_the_page_of_the_docs_is_that_of_its_record():
    shipped = DOCS / "dependencies.md"
    record = read_record(DOCS / "dependencies" / RECORD_FILE)
    text = shipped.read_text(encoding="utf-8")
    command, image = (
        re.search(r"^    (layerlaw .*)$", text, re.M)[1],
        "dependencies/dependencies.svg",
    )
    again = dependencies_page(fit_record(record), command, image)
    number = r"−?\d+(?:\.\d+)?(?:e−?\d+)?"
    assert re.sub(number, "0", again) == re.sub(number, "0", text)
    for ours, theirs in zip(re.findall(number, again), re.findall(number, text), strict=True):
        ours, theirs = (float(each.replace("−", "-")) for each in (ours, theirs))
        assert ours == pytest.approx(theirs, rel=0.03, abs=1e-5)  # other machines round otherwise


def test_figures_tell_in_words_what_they_show(record):
    found = fit_record(record)
    drawn = dependencies_figures(found)
    assert [len(each.panels) for each in drawn] == [1, 1, 2]
    assert "rnn: exp(−λδ), λ = 0.7" in drawn[0].panels[0]
    assert "forget bias 1: the derivative decays with λ = 0.2" in drawn[2].panels[0]
    svg = dependencies_svg(found)
    assert svg.count("aria-label") == 5
    assert "var(--" not in svg


def test_json_is_strict(record):
    told = fit_record(record).as_dict()
    text = json.dumps(told, allow_nan=False)
    assert json.loads(text)["initial"][0]["decay"]["law"] == "exponential"
    assert told["initial"][4]["decay"]["half"]["high"] is None  # attention's never falls


def test_a_folders_record_becomes_a_section_of_its_report(record, table, fits, tmp_path):
    assert read_section(tmp_path) is None
    (tmp_path / RECORD_FILE).write_text(json.dumps(record))
    section = read_section(tmp_path)
    content = build_content(table, fits, {}, {}, "layerlaw run", sections=[section])
    write_report(tmp_path, content)
    html = Strict((tmp_path / "report.html").read_text())
    assert html.fetched == []
    assert "dependencies" in html.ids
    for name in ("report.html", "report.md"):
        text = (tmp_path / name).read_text()
        assert "How far a signal carries" in text
        assert "forget bias 1" in text
        assert "A Processor" in text


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": 1}', '{"schema": 2, "initial": {}}', "\0"])
def test_what_is_no_record_is_refused_by_name(text, tmp_path):
    path = tmp_path / RECORD_FILE
    path.write_text(text)
    with pytest.raises(RecordError, match=r"dependencies\.json: .*; not a record of"):
        read_record(path)
