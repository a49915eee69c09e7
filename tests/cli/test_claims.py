"""The command that puts the course text's statements to the test."""

import json

from tests.helpers.command import layerlaw


def test_statements_are_printed_with_their_verdicts_and_kept_where_that_is_asked(tmp_path):
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


def test_a_statements_evidence_is_printed_where_it_is_named(tmp_path):
    done = layerlaw("claims", "--claim", "argmax-gradient", cwd=tmp_path)
    assert "its limit for D = 2 as T → 0, by SymPy" in done.stdout
    assert "如果对于输入向量中的某个元素x_i" in done.stdout
    assert "refutes it" in done.stdout


def test_the_page_of_the_claims_is_the_commands_output(tmp_path):
    done = layerlaw("claims", "-x", "A6.2", "--markdown", cwd=tmp_path)
    assert "    layerlaw claims -x A6.2 --markdown\n" in done.stdout
    assert "### A6.2 argmax-gradient: refuted" in done.stdout
    assert not list(tmp_path.iterdir())
