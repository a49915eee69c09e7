"""JSON whose top level is an object: what cannot be used where it is read is refused there."""

import json

import pytest
from hypothesis import given, strategies as st
from layerlaw.measure.files import FileError, load_json, parse_json


def refusal(text):
    with pytest.raises(FileError) as error:
        parse_json(text if isinstance(text, bytes) else text.encode(), "f.json")
    message = str(error.value)
    assert message.startswith("f.json: ")
    assert len(message) <= 300
    assert message.isprintable()
    return message


@pytest.mark.parametrize("begin", ["[", '{"a":'])
@pytest.mark.parametrize("levels", [101, 900, 100_000])
def test_deep_nesting(begin, levels):
    end = {"[": "]"}.get(begin, "}")
    nested = f'{{"a": {begin * levels}1{end * levels}}}'
    assert "nested in more than 100 levels" in refusal(nested)


def test_nesting_up_to_the_limit_is_read():
    text = '{"a": ' + "[" * 99 + "]" * 99 + "}"
    assert json.dumps(parse_json(text.encode(), "f.json"), indent=1)


def test_numbers_of_many_digits():
    assert "99999999" in refusal('{"a": ' + "9" * 309 + "}")
    assert "has 5000 digits; at most 308 are read" in refusal('{"a": ' + "9" * 5_000 + "}")
    assert parse_json(b'{"a": 0.' + b"0" * 5_000 + b"}", "f.json") == {"a": 0.0}
    assert parse_json(b'{"a": "' + b"9" * 5_000 + b'"}', "f.json") == {"a": "9" * 5_000}
    assert parse_json(b'{"a": ' + b"9" * 308 + b"}", "f.json") == {"a": int("9" * 308)}


def test_keys_that_occur_twice():
    assert "the key 'b' occurs twice" in refusal('{"a": [{"b": 1, "b": 2}]}')
    assert "the key '\\x1b[2J' occurs twice" in refusal('{"\\u001b[2J": 1, "\\u001b[2J": 2}')


@pytest.mark.parametrize("text", ['{"a": "\\ud800"}', '{"\\udfff": 1}', '{"a": ["x\\uDC00x"]}'])
def test_half_of_a_character(text):
    assert "half a character" in refusal(text)


def test_whole_characters_are_read_however_they_are_written():
    assert parse_json(b'{"a": "\\ud83d\\ude00 \\u00e9"}', "f.json") == {"a": "😀 é"}


@pytest.mark.parametrize("text", ["", "nul", "{", "[1]", "null", '"x"', "1", "NaN", b"\xff", b"\0"])
def test_what_is_no_object_of_json(text):
    assert refusal(text)


def test_a_file_is_read_whatever_its_mark_of_byte_order(tmp_path):
    path = tmp_path / "f.json"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path.write_bytes('{"a": "é"}'.encode(encoding))
        assert load_json(path) == {"a": "é"}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_whatever_python_writes_is_read_back(value):
    assert parse_json(json.dumps(value).encode(), "f.json") == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode(), "f.json") == value


@given(st.binary(max_size=60))
def test_whatever_the_bytes_an_object_or_one_line_comes_out(data):
    try:
        said, found = "", parse_json(data, "f.json")
    except FileError as error:
        said, found = str(error), {}
    assert isinstance(found, dict)
    assert len(said) <= 300
    assert said.isprintable()
