"""The language of expressions: what it reads, what it refuses, and that neither takes long."""

import ast
import inspect
import math
import time
from pathlib import Path

import layerlaw
import pytest
from hypothesis import given, settings, strategies as st
from layerlaw.analysis.expressions import ExpressionError, parse, write
from layerlaw.layers import SYMBOLS, evaluate
from sympy import Abs, Max, Min, Mul, ceiling, floor, log, sqrt

PACKAGES = "layers", "measure", "analysis", "experiments", "reports", "studies", "session", "cli"

n, d, k = (SYMBOLS[letter] for letter in "ndk")

#: Processor time, in seconds, that no text takes: ten times the longest here.
LONGEST = 1.0


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("3*n^2*d", 3 * n**2 * d),
        ("-n**2 + d", d - n**2),
        ("n^-1", 1 / n),
        ("4·n^2·d × k − 1", 4 * n**2 * d * k - 1),
        ("ceil(n/2)*(14*d^2 + 3*d)", ceiling(n / 2) * (14 * d**2 + 3 * d)),
        ("floor(sqrt(n))*d", floor(sqrt(n)) * d),
        ("max(n, d)*min(n, k, 7)", Max(n, d) * Min(n, k, 7)),
        ("log(n, 2)*d", log(n) / log(2) * d),
        ("n**(1/2)", sqrt(n)),
        ("-(n - 1)*(d - 2)/k", Mul(-1, n - 1, d - 2, 1 / k)),
        ("abs(n - d)", Abs(n - d)),
        ("Max(n, ceiling(d/3))", Max(n, ceiling(d / 3))),
    ],
)
def test_the_language_has_powers_roots_logarithms_rounding_and_extremes(text, expr):
    assert parse(text) == expr
    assert parse(write(expr)) == expr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("9^9^9", "the power 387420489 must be a number, 40 at most"),
        ("((((((10**10)**10)**10)**10)**10)**10)**10", "a number may be larger than 1e\\+300"),
        ("9" * 499, "a number is larger than 1e\\+300"),
        ("1/0", "divides by 0"),
        ("1/(n - n)", "divides by 0"),
        ("1/(n - d)", "divides by -d \\+ n, which may be 0"),
        ("log(-1)*n", "the logarithm of -1"),
        ("log(n - 1)", "the logarithm of n - 1, which may be 0 or negative"),
        ("sqrt(n - d)", "the power 1/2 of -d \\+ n, which may be negative"),
        ("((n**10)**10)**10", "sizes up to 1e\\+09 may be larger than 1e\\+300"),
        ("(n+d+k+m+h+r+c+N+g+f+V+L)**10", "more than 500 terms"),
        ("sqrt(" * 60 + "n" + ")" * 60, "60 calls, the limit is 16"),
        ("(" * 240 + "n" + ")" * 240, "cannot read"),
        ("sqrt(" * 6 + "n" + ")" * 6, "more than 4 calls lie within"),
        ("n" * 501, "longer than 500"),
        ("n # + d", "'#' is not allowed"),
        ("n//2", "'n // 2' is not allowed"),
        ("max()", "max takes 1 to 8 arguments, not 0"),
        ("n**-30*d**-30", "sizes up to 1e\\+09 may be smaller than 1e-300"),
        ("(n**-20)**20", "sizes up to 1e\\+09 may be smaller than 1e-300"),
        ("1e-200*1e-200*n", "smaller than 1e-300"),
        ("1e-320*n", "a number is smaller than 1e-300"),
        ("n\x00", "cannot read"),
        ("\ud800*n", "cannot read|not allowed"),
    ],
)
def test_what_is_infinite_not_real_or_too_large_is_refused_in_one_line(text, says):
    with pytest.raises(ExpressionError, match=says) as caught:
        parse(text)
    message = str(caught.value)
    assert len(message) <= 300
    assert message.isprintable()


@pytest.mark.parametrize("text", ["-" * 499 + "n", "1/" * 249 + "n", "n+" * 249 + "d"])
def test_long_chains_are_read(text):
    assert parse(text)


pieces = st.sampled_from(
    [*"ndkN0123456789.+-*/^(), ", "**", "log(", "sqrt(", "ceil(", "floor(", "min(", "max(", "1e9"]
)
whole = st.integers(0, 12).map(str)
decimals = st.floats(1e-6, 1e6).map(repr)


def _compound(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(parts, st.sampled_from(["+", "-", "*", "/"]), parts).map(
            lambda each: "({}{}{})".format(*each)
        ),
        st.tuples(parts, st.sampled_from(["2", "3", "-1", "0.5", "(1/3)", "10"])).map(
            lambda each: "({})**{}".format(*each)
        ),
        st.tuples(st.sampled_from(["log", "sqrt", "ceil", "floor"]), parts).map(
            lambda each: "{}({})".format(*each)
        ),
        st.tuples(st.sampled_from(["min", "max"]), parts, parts).map(
            lambda each: "{}({}, {})".format(*each)
        ),
    )


sentences = st.recursive(
    st.one_of(st.sampled_from("ndk"), whole, decimals), _compound, max_leaves=12
)
texts = st.one_of(st.text(max_size=60), st.lists(pieces, max_size=60).map("".join), sentences)


def _parsed(text):
    """Return the expression, or the message of the refusal."""
    try:
        return parse(text), ""
    except ExpressionError as error:
        return None, str(error)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(texts)
def test_any_text_is_refused_or_has_a_finite_value_and_is_written_back(text):
    start = time.process_time()
    expr, message = _parsed(text)
    assert time.process_time() - start < LONGEST
    if expr is None:
        assert len(message) <= 300
        assert message.isprintable()
        return
    for size in (1, 7, 4096, 1e9):
        value = evaluate(expr, dict.fromkeys(SYMBOLS, size))
        assert math.isfinite(value)
    again = parse(write(expr))  # SymPy may distribute a number over a sum when it is read again
    assert again == expr or parse(write(again)) == again


def test_no_text_is_given_to_sympify():
    package = Path(inspect.getfile(layerlaw)).parent
    calls = [
        node
        for name in PACKAGES
        for path in sorted((package / name).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) in ("sympify", "parse_expr")
    ]
    assert calls
    # With strict=True SymPy refuses text.
    assert all("strict" in {keyword.arg for keyword in node.keywords} for node in calls)
