"""JSON held against records: a refusal names the place, the value and what is expected."""

import json
from typing import Annotated

import msgspec
import pytest
from layerlaw.measure.files import FileError, as_record, load_record


class Row(msgspec.Struct):
    name: str
    sizes: dict[str, Annotated[int, msgspec.Meta(ge=1)]]
    values: list[float] = []


class Document(msgspec.Struct):
    schema: int
    rows: list[Row]
    by_key: dict[str, dict[str, Row]] = {}


GOOD = {"name": "a", "sizes": {"n": 1, "d": 2}}


def refusal(**changed):
    with pytest.raises(FileError) as error:
        as_record({"schema": 1, "rows": [GOOD], **changed}, Document, "f.json")
    message = str(error.value)
    assert len(message) <= 300
    assert message.isprintable()
    return message


def test_the_place_and_the_value_of_a_wrong_type_are_named():
    assert refusal(rows=[GOOD, {**GOOD, "name": None}]) == (
        "f.json: rows[1].name is null: expected str, got null"
    )
    assert refusal(rows=[{**GOOD, "values": [1.5, "x"]}]) == (
        "f.json: rows[0].values[1] is 'x': expected float, got str"
    )
    assert refusal(rows=GOOD) == "f.json: rows is an object: expected array, got object"
    assert refusal(rows=[[]]) == "f.json: rows[0] is an array: expected object, got array"


def test_a_key_that_is_free_is_named():
    assert refusal(rows=[GOOD, {**GOOD, "sizes": {"n": 1, "d": 0}}]) == (
        "f.json: rows[1].sizes.d is 0: expected int >= 1"
    )
    tables = {"first": {"x": GOOD, "y": GOOD}, "second": {"x": GOOD, "y": {**GOOD, "name": True}}}
    assert refusal(by_key=tables) == (
        "f.json: by_key.second.y.name is true: expected str, got bool"
    )


def test_what_is_missing_is_named():
    assert refusal(rows=[{"name": "a"}]) == "f.json: rows[0] has no sizes"


def test_control_characters_and_long_values_are_escaped_and_cut():
    message = refusal(rows=[{**GOOD, "sizes": {"\x1b[2J": "x" * 10_000}}])
    assert "rows[0].sizes.\\x1b[2J is 'xxx" in message


def test_numbers_that_no_number_of_that_kind_holds():
    assert "rows[0].values[0]" in refusal(rows=[{**GOOD, "values": [10**400]}])
    assert "rows[0].sizes.n is NaN" in refusal(rows=[{**GOOD, "sizes": {"n": float("nan")}}])


def test_a_record_of_another_version_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "f.json"
    for content, says in (
        ({"schema": 2, "rows": []}, "its format has version 2, this layerlaw reads 1"),
        ({"rows": []}, "its format has version None"),
        ({"schema": 1}, "it has no rows"),
        ([], "its JSON is not an object"),
    ):
        path.write_text(json.dumps(content))
        with pytest.raises(FileError, match=f"{says}.*; write it again$"):
            load_record(path, Document, version=1, remedy="write it again")
    path.write_text('{"schema": 1, "rows": [], "more": 3}')
    record, content = load_record(path, Document, version=1, remedy="write it again")
    assert record == Document(1, [])
    assert content["more"] == 3
