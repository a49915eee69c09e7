"""Exact laws: the polynomial of a count comes out to the last digit, or not at all."""

import numpy as np
import pandas as pd
import pytest
import sympy
from hypothesis import given, settings, strategies as st
from layerlaw import layers
from layerlaw.analysis import ExactLaw, Verdict, fit
from layerlaw.analysis.expressions.reading import leading_part, parse
from layerlaw.analysis.laws.interpolation import exact_law
from layerlaw.layers.core.theory import SYMBOLS

AXES = ("n", "d")
SIZES = np.array(np.meshgrid([3, 5, 8, 13, 40], [2, 7, 16, 100])).reshape(2, -1).T.astype(float)
N, D = SIZES.T
n, d, k = sympy.symbols("n d k")


def law_of(values, order=None):
    return exact_law(AXES, SIZES, values, leading_part(parse(order), AXES) if order else None)


def test_a_polynomial_is_recovered_to_the_last_digit():
    law = law_of(4 * N**2 * D + 5 * N**2 + 7, "n**2*d")
    assert sympy.sympify(law.expression) == 4 * n**2 * d + 5 * n**2 + 7
    assert [str(e) for e in law.exponents] == ["n 2", "d 1"]


def test_several_leading_terms_and_fractions():
    law = law_of(4 * N**2 * D + 8 * N * D**2 + N * (N - 1) / 2)
    assert sympy.expand(law.expression) == sympy.expand(
        4 * n**2 * d + 8 * n * d**2 + n * (n - 1) / 2
    )
    assert {term.powers for _, term in law.leading.terms} == {(2.0, 1.0), (1.0, 2.0)}


def test_large_counts_keep_their_digits():
    values = 123_456_789 * N * D**2 + 987_654_321
    assert sympy.sympify(law_of(values).expression) == 123456789 * n * d**2 + 987654321


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-50, 10**6), min_size=6, max_size=6))
def test_any_polynomial_of_low_degree_is_recovered(coefficients):
    terms = [1, n, d, n * d, n**2, n * d**2]
    expr = sympy.Add(*(c * term for c, term in zip(coefficients, terms, strict=True)))
    values = np.array([float(expr.subs({n: a, d: b})) for a, b in SIZES])
    if (values <= 0).any():
        return
    assert sympy.expand(law_of(values).expression) == sympy.expand(expr)


def test_a_curve_through_the_points_is_no_law():
    through = np.select(
        [D == 2, D == 7, D == 16], [3, 11, 5], 18
    )  # of degree 3 in d, with fractions
    assert law_of(N * through) is None
    assert law_of(N * through, "n*d") is None
    assert law_of(N * (D**3 + 1)) is not None, "whole coefficients are no chance"


def test_where_a_size_divides_the_terms_are_those_that_theory_names():
    n, d, c = map(np.ravel, np.meshgrid([8, 16, 32], [4, 8, 12], [1, 2, 4, 8]))
    table = pd.DataFrame({"n": n, "d": d, "c": c, "value": 3 + 2 * n / c})
    table = table.assign(layer="retention_chunkwise", device="cpu", mode="forward")
    (depth,) = fit(table.assign(metric="sequential_ops"))
    assert sympy.sympify(depth.law.expression) == 3 + 2 * sympy.Symbol("n") / sympy.Symbol("c")
    assert [str(each) for each in depth.law.exponents] == ["n 1", "d 0", "c -1"]
    assert depth.judgement.verdict is Verdict.MATCHES
    (other,) = fit(table.assign(metric="sequential_ops", value=table.value + (n == 8)))
    assert not isinstance(other.law, ExactLaw)


def test_what_is_no_polynomial_has_no_exact_law():
    assert law_of(np.round(1000 * N * np.log(N))) is None
    assert law_of(N * D**2 + 0.5) is None
    assert law_of(N * D**2 + (N == 8)) is None


def test_points_as_few_as_terms_prove_nothing():
    few = np.array([[1.0], [2.0]])
    assert exact_law(("n",), few, np.array([3.0, 5.0])) is None
    more = np.array([[1.0], [2.0], [3.0]])
    assert exact_law(("n",), more, np.array([3.0, 5.0, 7.0])).expression == "1 + 2*n"


def counted(layer, field, points):
    expr = getattr(layers.get(layer).tied_theory(), field)
    symbols = {str(s): s for s in expr.free_symbols}
    rows = []
    for sizes in points:
        subs = {symbols[letter]: size for letter, size in sizes.items() if letter in symbols}
        rows.append(
            {
                "layer": layer,
                "device": "cpu",
                "mode": "forward",
                "metric": field,
                "n": np.nan,
                "d": np.nan,
                "k": np.nan,
                **sizes,
                "value": float(expr.subs(subs)),
            }
        )
    return pd.DataFrame(rows)


POLYNOMIAL = [
    name
    for name in layers.names()
    if layers.get(name).theory.flops.is_polynomial(*SYMBOLS.values())
]


@pytest.mark.parametrize("layer", POLYNOMIAL)
def test_the_flops_of_every_layer_are_an_exact_law_that_matches(layer):
    axes = layers.get(layer).axes
    ladders = {"n": [8, 16, 24, 40], "d": [8, 16, 32, 64]} | {each: [3, 5, 9] for each in "krNV"}
    mesh = np.array(np.meshgrid(*(ladders[axis] for axis in axes))).reshape(len(axes), -1).T
    table = counted(layer, "flops", [dict(zip(axes, map(int, row), strict=True)) for row in mesh])
    (found,) = fit(table)
    theory = layers.get(layer).tied_theory().flops
    assert sympy.expand(sympy.sympify(found.law.expression, SYMBOLS) - theory) == 0
    assert found.judgement.verdict is Verdict.MATCHES
    assert "exactly" in found.judgement.reason


def test_an_exact_law_predicts_and_reaches_without_an_interval(table_of):
    table = table_of("mine", SIZES, 2 * N * D**2 + N).assign(metric="flops")
    (found,) = fit(table, {"mine": "n*d**2"})
    law = found.law
    value, low, high = law.predict(np.array([[10.0, 1000.0]]), interval=0.95)
    assert value == low == high == 2 * 10 * 1000**2 + 10
    reach = law.largest_size("n", 1e9, at={"d": 1000})
    assert reach.low == reach.estimate == reach.high == pytest.approx(500, rel=0.05)
    assert law.conf_int().loc["d"].tolist() == [2, 2]
    exponents = found.to_dict()["exponents"]
    assert exponents["d"] == {
        "estimate": 2.0,
        "low": 2.0,
        "high": 2.0,
        "expected": 2.0,
        "verdict": "matches",
    }
    assert found.to_dict()["prediction_error"] == []


def test_an_exact_law_of_another_degree_differs(table_of):
    table = table_of("mine", SIZES, 2 * N**2 * D).assign(metric="flops")
    (found,) = fit(table, {"mine": "n*d**2"})
    assert found.judgement.verdict is Verdict.DIFFERS
    assert "n 2 (theory 1): it grows faster" in found.judgement.reason


def test_times_are_never_exact(table_of):
    (found,) = fit(table_of("mine", SIZES, 2 * N * D**2), {"mine": "n*d**2"})
    assert not isinstance(found.law, ExactLaw)
