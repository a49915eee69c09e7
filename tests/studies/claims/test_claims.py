"""Each statement's verdict, how verdicts follow from evidence, and the record of them."""

from __future__ import annotations

import json
import re

import pytest
import torch
from layerlaw.studies import claims
from layerlaw.studies.claims import (
    Evidence,
    JudgedStatement,
    Record,
    Statement,
    StatementVerdict,
)
from layerlaw.studies.claims.statement import limiting_evidence, required_evidence

C, L, R = StatementVerdict.CONFIRMED, StatementVerdict.CONDITIONAL, StatementVerdict.REFUTED

VERDICTS = {
    "channels": C,
    "nonlinearity": L,
    "position-wise": C,
    "one-kth": C,
    "max-gradient": L,
    "argmax-gradient": R,
    "four-terms": L,
    "three-paths": R,
    "parameter-gradient": R,
    "forget-product": L,
    "step-size": L,
    "need-not-vanish": L,
    "rnn-factor": R,
    "local-encoding": L,
    "short-range": L,
    "near-dominates": L,
    "not-suited": L,
    "depth": L,
    "fully-connected": C,
    "variable-length": C,
    "table-attention": L,
    "table-recurrent": C,
    "table-convolution": L,
    "table-restricted": C,
    "recurrence-input": C,
    "recurrence-state": C,
    "recurrence-total": L,
    "convolution-padding": L,
    "convolution-kernel": C,
    "convolution-total": C,
    "attention-scores": C,
    "attention-softmax": C,
    "attention-sum": C,
    "attention-total": C,
}


def test_every_statement_has_the_verdict_that_follows_from_its_numbers(checked):
    assert {name: each.verdict for name, each in checked.items()} == VERDICTS


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("exercise", ["A6.2", "A6.3"])
def test_verdicts_do_not_hang_on_the_seed(exercise, seed):
    for each in claims.judge_statements(claims.statements(exercise=exercise), seed=seed):
        assert each.verdict is VERDICTS[each.statement.id], each.reason


def test_what_is_drawn_for_a_statement_does_not_hang_on_the_others(checked):
    (alone,) = claims.judge_statements(claims.statements(["forget-product"]))
    assert alone == checked["forget-product"]


def test_statements_are_told_in_the_texts_order_with_how_they_are_tested(checked):
    exercises = [each.statement.exercise for each in checked.values()]
    assert exercises == sorted(exercises)
    assert set(exercises) == {"A6.1", "A6.2", "A6.3", "A6.4"}
    for each in checked.values():
        assert each.statement.text
        assert each.statement.how
        assert bool(each.reason) == (each.verdict is not C)
        assert all(line.so for line in each.evidence if line.bearing in ("limits", "against"))


# The machinery.


def test_one_line_against_refutes_and_one_that_limits_makes_conditional():
    said = Statement("x", "A6.1", "x", "", "x")
    good, bad = required_evidence("a", "1", True, "no"), required_evidence("a", "1", False, "no")
    limited, not_limited = (
        limiting_evidence("a", "1", True, "if"),
        limiting_evidence("a", "1", False, "if"),
    )
    assert JudgedStatement(said, (good, not_limited)).verdict is C
    assert JudgedStatement(said, (good, limited)).verdict is L
    assert JudgedStatement(said, (good, limited)).reason == "if"
    assert JudgedStatement(said, (good, limited, bad)).verdict is R
    assert JudgedStatement(said, (good, limited, bad)).reason == "no"
    with pytest.raises(ValueError, match="no evidence"):
        _ = JudgedStatement(said, (Evidence("a", "1"),)).verdict


def test_a_taken_id_is_refused():
    with pytest.raises(ValueError, match="'channels' is registered already"):
        claims.claim(Statement("channels", "A6.1", "", "", ""))


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(KeyError, match=r"'max'.*max-gradient"):
        claims.statements(["max"])
    with pytest.raises(KeyError, match=r"'A7'.*A6\.1"):
        claims.statements(exercise="A7")


def test_a_record_is_read_as_it_was_written(checked, tmp_path):
    record = Record.now(tuple(checked.values()), 0)
    (tmp_path / claims.CLAIMS_FILE).write_text(record.to_json(), encoding="utf-8")
    assert Record.read(tmp_path) == record
    assert Record.read(tmp_path / "elsewhere") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 2}', '{"schema": 1}'])
def test_a_file_that_is_no_record_is_named(tmp_path, text):
    (tmp_path / claims.CLAIMS_FILE).write_text(text)
    with pytest.raises(claims.ClaimsError, match=re.escape(str(tmp_path / claims.CLAIMS_FILE))):
        Record.read(tmp_path)


def test_the_text_is_refuted_where_it_gives_a_gradient_of_0(checked):
    sizes = [
        line.value.split(", ")
        for line in checked["parameter-gradient"].evidence
        if line.what.startswith("size of the gradient")
    ]
    assert len(sizes) == 2
    for said, truth in sizes:
        assert said == "0"
        assert float(truth) > 0.01


def values(checked: JudgedStatement, what: str) -> str:
    (line,) = [line for line in checked.evidence if what in line.what]
    return line.value


def test_numbers_that_can_be_told_beforehand(checked):
    assert values(checked["one-kth"], "FLOPs of the 1×1").endswith("1/k")
    # P(4 normals are all negative) = 1/16, of 1000
    tied = float(values(checked["max-gradient"], "share of ties").removesuffix(" %"))
    assert tied == pytest.approx(100 / 16, abs=2.5)
    assert values(checked["argmax-gradient"], "by SymPy") == "0, ∞"
    assert values(checked["argmax-gradient"], "across the tie") == "5, 500, 500000"
    assert values(checked["four-terms"], "SymPy") == "0"
    assert values(checked["variable-length"], "lengths among") == "16"
    assert values(checked["table-convolution"], "contiguous") == "⌈(2·n - 2)/(k - 1)⌉"
    assert values(checked["convolution-padding"], "without padding") == "20, 18, 17, 16, 13, 12"
    # 2·8·m / (2·8·m + 2·8² + 2·8) at m = 8, 64, 512
    shares = [f"{16 * m / (16 * m + 144):.0%}" for m in (8, 64, 512)]
    assert values(checked["recurrence-total"], "share of U x_t") == ", ".join(shares)


def test_the_file_has_what_a_program_needs(checked):
    document = json.loads(Record.now(tuple(checked.values()), 7).to_json())
    assert document["seed"] == 7
    assert document["machine"]["torch"] == torch.__version__
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\+00:00", document["date"])
    first = document["statements"][0]
    assert {"id", "exercise", "text", "original", "how", "verdict", "reason", "evidence"} <= set(
        first
    )
    assert set(first["evidence"][0]) == {"what", "value", "bearing", "so"}
