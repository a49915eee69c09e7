"""Formulas of saved results: what is written is read, and nothing else."""

import pytest
from layerlaw.errors import LayerlawError
from layerlaw.layers import SYMBOLS
from layerlaw.session.layer_records import expr_from_json, expr_to_json
from sympy import Float, Max, Min, Rational, ceiling, floor, log, nan, oo, pi

n, d = SYMBOLS["n"], SYMBOLS["d"]


@pytest.mark.parametrize(
    "expr",
    [
        4 * n**2 * d + 5 * n,
        ceiling(n / 2) * (14 * d**2 + 3 * d),
        Max(n, Min(d, 3)) * floor(log(n, 2)),
        Rational(3, 2) * n ** Rational(1, 2) + Float(0.25) + pi,
        2 ** ceiling(log(n, 2)),
        oo,
        nan,
    ],
)
def test_every_formula_is_read_back(expr):
    assert str(expr_from_json(expr_to_json(expr))) == str(expr)


@pytest.mark.parametrize(
    "record",
    [
        ["Pow", 10, ["Pow", 10, ["Pow", 10, 10]]],
        ["Pow", ["Pow", ["Pow", 10, 200], 200], 200],
        ["Pow", "n"],
        ["Rational", 1, 0],
        ["log", "n", 2],
        ["eval", "n"],
        10**400,
        ["Max"],
        [],
        {},
        None,
        True,
    ],
)
def test_what_is_no_formula_is_refused_at_once_in_one_line(record):
    with pytest.raises(LayerlawError) as caught:
        expr_from_json(record)
    assert len(str(caught.value)) <= 300
    assert str(caught.value).isprintable()


def test_deeply_nested_records_are_refused():
    record = "n"
    for _ in range(400):
        record = ["Add", record, 1]
    with pytest.raises(LayerlawError, match="more than 50 levels"):
        expr_from_json(record)
