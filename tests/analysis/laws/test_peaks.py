"""Exact laws of peaks: each polynomial comes out to the last digit, or there is no law."""

import numpy as np
import pandas as pd
import pytest
import sympy
from layerlaw import layers
from layerlaw.analysis import ExactLaw, Verdict, fit
from layerlaw.analysis.expressions.reading import leading_part, parse
from layerlaw.analysis.laws.peaks import peak_law
from layerlaw.measure import Case, tidy_table
from layerlaw.measure.timing.peak_memory import measure_memory

AXES = ("n", "d")
SIZES = np.array(np.meshgrid([16, 32, 64, 128, 256, 512], [16, 32, 64, 128, 256])).reshape(2, -1).T
SIZES = SIZES.astype(float)
N, D = SIZES.T
n, d = sympy.symbols("n d")


def law_of(values, order="n**2 + n*d"):
    return peak_law(AXES, SIZES, values, leading_part(parse(order), AXES))


def test_the_largest_of_two_polynomials_is_recovered():
    law = law_of(np.maximum(8 * N**2 + 4 * N * D, 4 * N**2 + 12 * N * D))
    assert sympy.sympify(law.expression) == sympy.Max(8 * n**2 + 4 * n * d, 4 * n**2 + 12 * n * d)
    assert [str(e) for e in law.exponents] == ["n 2", "d 1"]
    assert law.valid_from is None
    assert law.predict(SIZES) == pytest.approx(law.values)
    # Far beyond the points it is still the largest.
    assert law.predict([[1e4, 10]]) == 8e8 + 4e5
    assert law.predict([[10, 1e4]]) == 400 + 12e5
    assert law.parts(SIZES).sum(axis=1) == pytest.approx(law.values)


def test_slopes_are_those_of_the_polynomial_that_is_largest():
    law = law_of(np.maximum(16 * D**2, 8 * D**2 + 8 * N * D), "n*d + d**2")
    assert law.elasticity(np.array([[4.0, 4096.0], [1e6, 16.0]])) == pytest.approx(
        np.array([[0, 2], [1, 1]]), abs=1e-3
    )


def test_a_law_may_hold_from_a_size_on():
    above = 4 * N * D + 1000
    law = law_of(np.where(N < 64, 4 * N * D + 32 * N + 7 * (N % 3), above), "n*d")
    assert sympy.sympify(law.expression) == 4 * n * d + 1000
    assert (law.valid_from.axis, law.valid_from.size, law.valid_from.points_below) == ("n", 64, 10)
    assert law.regimes == "the law holds from n = 64 on; 10 points below it follow other laws"
    assert len(law.values) == 20
    assert law.sizes[:, 0].min() == 64


def test_what_is_no_peak_of_polynomials_has_no_law():
    assert law_of(np.round(1000 * N * np.log(N))) is None
    assert law_of(np.maximum(8 * N**2, 4 * N * D) + 0.5) is None


def test_the_smaller_of_two_is_no_peak():
    law = law_of(np.minimum(8 * N**2 + 4 * N * D, 4 * N**2 + 12 * N * D))
    assert law is None or len(law.polynomials) == 1  # of large sizes, where one of them is it


def test_along_a_single_size_no_points_are_given_up():
    n = np.array([16.0, 32, 64, 128, 256, 512, 1024, 2048])
    values = np.where(n < 64, 1000 * n + 7, 8 * n)
    assert peak_law(("n",), n[:, None], values, leading_part(parse("n"), ("n",))) is None


def rows(values, layer="attention", mode="training", metric="peak_bytes"):
    return pd.DataFrame({"n": N.astype(int), "d": D.astype(int), "value": values}).assign(
        **{"layer": layer, "device": "cpu", "mode": mode, "metric": metric}
    )


def test_a_term_that_may_be_hidden_below_a_border_is_unresolved():
    values = np.where(D < 64, 96 * D**2 + 8 * N * D + 5 * (N % 3) + D % 7 * N, 96 * D**2 + 36 * D)
    (found,) = fit(rows(values, "rnn", "backward"))
    assert found.exponents["n"].verdict is Verdict.UNRESOLVED
    assert "measure larger n" in found.reason
    assert "from d = 64 on" in found.reason


def test_only_peaks_are_the_largest_of_several():
    values = np.maximum(8 * N**2 + 4 * N * D, 4 * N**2 + 12 * N * D)
    (peak,) = fit(rows(values))
    assert len(peak.law.polynomials) == 2
    (sums,) = fit(rows(values, metric="flops"))
    assert not isinstance(sums.law, ExactLaw)


def measured(layer, mode, points):
    cases = [Case(layer, {"n": a, "d": b}, mode=mode) for a, b in points]
    (found,) = fit(tidy_table(measure_memory(cases), "here"))
    return found


SIDES = (16, 32, 48, 64, 96, 128)
GRID = [(a, b) for a in SIDES for b in SIDES]


@pytest.mark.parametrize(
    ("layer", "mode", "law"),
    [
        ("attention", "forward", 8 * n**2 + 4 * n * d),
        # While the gradients of the weights are made, and at the end, with those of Q, K and V.
        ("attention", "training", sympy.Max(12 * n**2 + 8 * n * d, 4 * n**2 + 16 * n * d)),
        ("rnn", "forward", 8 * n * d),
        ("rnn", "training", sympy.Max(8 * n * d + 16 * d**2 + 8 * d, 12 * n * d + 8 * d**2)),
        ("dense", "training", 8 * n * d + 4 * d**2 + 4 * d),
    ],
)
def test_memory_of_layers_has_exact_laws(layer, mode, law):
    found = measured(layer, mode, GRID)
    assert sympy.simplify(sympy.sympify(found.law.expression) - law) == 0
    assert found.judgement.verdict is Verdict.MATCHES, found.reason


def test_naive_attention_needs_n_squared_and_sdpa_n():
    points = [(a, b) for a in (272, 784, 1040, 1552, 2064) for b in (16, 32, 64, 96)]
    naive, flash = (measured(layer, "forward", points) for layer in ("attention", "sdpa"))
    exponents = [{e.axis: e.estimate for e in each.law.exponents} for each in (naive, flash)]
    assert exponents == [{"n": 2, "d": 1}, {"n": 1, "d": 1}]
    # The flash kernel's blocks are larger from n = 768 on, and the law is about the points there.
    assert flash.law.valid_from.size == flash.series.sizes[:, 0].min() == 784
    assert naive.judgement.verdict is flash.judgement.verdict is Verdict.MATCHES


#: Where the largest of several polynomials in three sizes, or the buffers of torch's depthwise
#: kernel, are no law that so few sizes tell.
OTHERWISE = {
    "forward": {"ssm_conv"},
    "backward": {"separable_conv"},
    "training": {"separable_conv", "local_attention", "gated_mlp"},
}


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["forward", "backward", "training"])
def test_every_textbook_layer_has_an_exact_law(mode):
    for name in layers.names():
        layer = layers.get(name)
        if layer.native or (mode != "forward" and layer.theory.sequential_ops.free_symbols):
            continue
        if name in OTHERWISE[mode]:
            continue
        third = (4, 8, 16) if "c" in layer.axes else (3, 5, 9)
        axes = [SIDES, SIDES, third][: len(layer.axes)]
        mesh = np.array(np.meshgrid(*axes)).reshape(len(axes), -1).T
        cases = [
            Case(name, dict(zip(layer.axes, map(int, point), strict=True)), mode=mode)
            for point in mesh
        ]
        (found,) = fit(tidy_table(measure_memory(cases), "here"))
        assert isinstance(found.law, ExactLaw), name
        assert found.judgement.verdict is Verdict.MATCHES, (name, found.reason)
