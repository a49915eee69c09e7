"""Whatever characters a text has, it is shown in one line that no terminal obeys."""

import pytest
from hypothesis import given, strategies as st
from layerlaw.messages import error_line, error_message, one_line, quoted

ANY = st.text(st.characters(exclude_categories=()))


@given(ANY)
def test_every_text_is_one_printable_line_and_what_is_printable_stays(text):
    line = one_line(text)
    assert line.isprintable()
    assert one_line(line) == line
    assert not text.isprintable() or line == text


@given(ANY, st.integers(1, 50))
def test_a_text_is_cut_where_it_is_too_long_alone(text, longest):
    line = one_line(text, longest)
    assert len(line) <= longest
    assert line == one_line(text) or line.endswith("…")
    assert quoted(text, longest) == f"'{line}'"


class Unprintable(Exception):
    def __str__(self):
        raise ValueError("no text")


@pytest.mark.parametrize(
    ("error", "message", "line"),
    [
        (ValueError("not\n  this\x1b[2J"), "not this\\x1b[2J", "ValueError: not this\\x1b[2J"),
        (KeyboardInterrupt(), "", "KeyboardInterrupt"),
        (Unprintable(), "", "Unprintable"),
        (ValueError("line\n" * 1000), ("line " * 60)[:299] + "…", None),
    ],
)
def test_an_exception_is_one_line_whatever_it_says(error, message, line):
    assert error_message(error) == message
    assert error_line(error) == line or len(error_line(error)) == 300
