"""claims.json: what cannot be used is one line with the place, the value and what to do."""

import copy
import json

import pytest
from layerlaw.studies.claims import CLAIMS_FILE, ClaimsError, Record
from layerlaw.studies.claims.statement import Bearing, Evidence, JudgedStatement, Statement

STATEMENT = Statement("a", "A6.1", "it is so", "", "by counting", ("attention",))
EVIDENCE = (Evidence("FLOPs", "3", Bearing.FOR), Evidence("time", "4"))
RECORD = Record([JudgedStatement(STATEMENT, EVIDENCE)], "2026-11-28", 3, {"cpu": "a processor"})
WHOLE = json.loads(RECORD.to_json())


def refusal(tmp_path, content):
    text = content if isinstance(content, str) else json.dumps(content)
    (tmp_path / CLAIMS_FILE).write_text(text)
    with pytest.raises(ClaimsError) as error:
        Record.read(tmp_path)
    message = str(error.value)
    assert message.startswith(str(tmp_path / CLAIMS_FILE))
    assert message.endswith("; write the file again with `layerlaw claims`")
    assert len(message) <= 300
    assert message.isprintable()
    return message


VALUES = (None, True, "x", [], {}, 1.5, [[1]], {"": None}, 10**300)


@pytest.mark.parametrize(
    ("key", "value"),
    [(k, v) for k in WHOLE for v in VALUES if type(v) is not type(WHOLE[k]) and k != "schema"],
)
def test_values_of_wrong_types(tmp_path, key, value):
    assert f"claims.json: {key} is " in refusal(tmp_path, {**WHOLE, key: value})


@pytest.mark.parametrize("value", [0, 2, -1, "1", None, [], 10**300])
def test_other_versions(tmp_path, value):
    assert "this layerlaw reads 1" in refusal(tmp_path, {**WHOLE, "schema": value})


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("timed", "x", "statements[0].timed is 'x': expected array"),
        ("text", None, "statements[0].text is null: expected str"),
        ("evidence", [1], "statements[0].evidence[0] is 1: expected object"),
        ("evidence", [{"what": "a"}], "statements[0].evidence[0] has no value"),
        (
            "evidence",
            [{"what": "a", "value": "1", "bearing": "x"}],
            "statements[0].evidence[0].bearing is 'x': invalid enum value",
        ),
        ("evidence", [], "statements[0]: the statement 'a' has no evidence that decides it"),
    ],
)
def test_values_of_wrong_types_in_a_statement(tmp_path, key, value, says):
    made = copy.deepcopy(WHOLE)
    made["statements"][0][key] = value
    assert says in refusal(tmp_path, made)


def test_deep_nesting_and_keys_that_occur_twice(tmp_path):
    assert "nested in more than 100 levels" in refusal(tmp_path, "[" * 100_000)
    deep = {**WHOLE, "machine": json.loads("[" * 500 + "]" * 500)}
    assert "nested in more than 100 levels" in refusal(tmp_path, deep)
    assert "the key 'schema' occurs twice" in refusal(tmp_path, '{"schema": 1, "schema": 1}')


def test_a_folder_or_a_loop_of_links_in_place_of_the_file(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / CLAIMS_FILE).mkdir()
    with pytest.raises(ClaimsError, match="it is a folder, not a file"):
        Record.read(tmp_path / "a")
    (tmp_path / CLAIMS_FILE).symlink_to(CLAIMS_FILE)
    with pytest.raises(ClaimsError, match="Too many levels of symbolic links"):
        Record.read(tmp_path)


def test_a_record_is_read_as_it_was_written(tmp_path):
    (tmp_path / CLAIMS_FILE).write_text(RECORD.to_json())
    found = Record.read(tmp_path)
    assert found.to_json() == RECORD.to_json()
