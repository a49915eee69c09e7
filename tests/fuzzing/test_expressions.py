"""Expressions and axes, changed by chance, are read or refused in one line."""

from hypothesis import given, strategies as st
from layerlaw.analysis import leading_part, parse
from layerlaw.analysis.tables import Axis

from tests.fuzzing.fuzzing import fuzzed, refused_or_read
from tests.fuzzing.mutations import texts

VALID = (
    *("n*d**2", "n**2*d + n*d**2", "4*n*log(n)*d", "ceil(n/2)*(14*d^2 + 3*d)", "sqrt(n)*k"),
    *("3e-9*n*d**2 + 2e-5", "(n + d)**3", "n*log(n, 2)/k", "n**1.5*d - n", "n**2*d**0.5/k"),
)
PIECES = (
    *("n", "d", "k", "2", "0.5", "1e300", "9" * 400, "+", "-", "*", "/", "**", "^", "(", ")"),
    *("log", "sqrt", "min", "max", "ceil", "floor", ",", " ", "=", ":", "[", ".", "__", "lambda"),
)


@st.composite
def changed_expressions(draw):
    """An expression of which parts are others."""
    text = draw(st.sampled_from(VALID))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(text)))
        end = begin + draw(st.integers(0, 3))
        piece = draw(st.one_of(st.sampled_from(PIECES), st.sampled_from(VALID), texts))
        piece = f"({piece})" if draw(st.booleans()) else piece
        text = text[:begin] + piece * draw(st.sampled_from([1, 1, 1, 30])) + text[end:]
    return text


@fuzzed(300)
@given(changed_expressions())
def test_an_expression_is_read_or_refused_in_one_line(text):
    refused_or_read(lambda: leading_part(parse(text), ("n", "d", "k")))


@fuzzed(200)
@given(st.lists(st.sampled_from([*PIECES, "n=", "seq_len", ":1"]) | texts, max_size=5))
def test_an_axis_is_read_or_refused_in_one_line(pieces):
    refused_or_read(lambda: Axis.parse("".join(pieces)))
