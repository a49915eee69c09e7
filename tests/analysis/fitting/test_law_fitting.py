import json

import numpy as np
import pytest
import sympy
from layerlaw.analysis import fit_law
from layerlaw.analysis.expressions.reading import leading_part, parse
from layerlaw.analysis.fitting.search import find_leading_parts
from layerlaw.analysis.regression.variable_projection import VariableProjection


def grid(**axes):
    mesh = np.meshgrid(*(np.asarray(v, float) for v in axes.values()), indexing="ij")
    return tuple(axes), np.array(mesh).reshape(len(axes), -1).T


N_D = grid(n=2.0 ** np.arange(5, 12), d=2.0 ** np.arange(4, 10))


def law_of(text, axes, sizes, values, **options):
    lead = leading_part(parse(text), axes)
    return fit_law(sizes, values, lead, lead.divisors(), **options)


def times(expression, axes, sizes):
    return sympy.lambdify(axes, sympy.sympify(expression), "numpy")(*sizes.T)


def noisy(values, share, seed):
    return values * np.exp(np.random.default_rng(seed).normal(0, share, len(values)))


@pytest.mark.parametrize(
    ("order", "expression"),
    [
        ("n**2*d", "1e-5 + 2e-9*n**2 + 1e-10*n**2*d"),
        ("n*d**2", "3e-6 + 5e-6*n + 4e-9*n*d + 1e-10*n*d**2"),
        ("4*n**2*d + 8*n*d**2", "1e-6 + 1e-10*(4*n**2*d + 8*n*d**2) + 1e-9*n**2"),
        ("n*log(n)*d", "1e-6 + 1e-9*n*d + 2e-9*n*log(n)*d"),
    ],
)
def test_without_noise_the_truth_is_found(order, expression):
    axes, sizes = N_D
    law = law_of(order, axes, sizes, times(expression, axes, sizes))
    for exponent in law.exponents:
        assert exponent.estimate == pytest.approx(law.leading.degree(exponent.axis), abs=2e-3)
        assert exponent.low <= exponent.estimate <= exponent.high
    assert np.abs(law.residuals).max() < 1e-3


def test_an_exponent_that_theory_does_not_have_is_measured():
    axes, sizes = N_D
    values = noisy(times("1e-6 + 1e-9*n**1.5*d**1.2", axes, sizes), 0.01, seed=1)
    law = law_of("n**2*d", axes, sizes, values)
    n, d = law.exponents
    assert n.low <= 1.5 <= n.high
    assert d.low <= 1.2 <= d.high
    assert n.high - n.low < 0.1


def test_a_straight_line_would_be_wrong_where_the_law_is_right():
    axes, sizes = N_D
    values = noisy(times("2e-4 + 1e-10*n*d**2", axes, sizes), 0.02, seed=2)
    design = np.column_stack([np.ones(len(sizes)), np.log(sizes)])
    line = np.linalg.lstsq(design, np.log(values), rcond=None)[0][1:]
    law = law_of("n*d**2", axes, sizes, values)
    assert abs(line[1] - 2) > 0.4
    assert abs(law.exponents[1].estimate - 2) < 0.1


def test_the_unit_and_the_order_of_the_points_do_not_matter():
    axes, sizes = N_D
    values = noisy(times("1e-6 + 1e-9*n*d + 1e-10*n*d**2", axes, sizes), 0.03, seed=3)
    order = np.random.default_rng(0).permutation(len(values))
    first = law_of("n*d**2", axes, sizes, values)
    second = law_of("n*d**2", axes, sizes[order], 1e9 * values[order])
    for a, b in zip(first.exponents, second.exponents, strict=True):
        assert (a.estimate, a.low, a.high) == pytest.approx((b.estimate, b.low, b.high), abs=2e-3)


def test_the_same_points_give_the_same_intervals():
    axes, sizes = N_D
    values = noisy(times("1e-6 + 1e-10*n*d**2", axes, sizes), 0.03, seed=4)
    assert (
        law_of("n*d**2", axes, sizes, values).exponents
        == law_of("n*d**2", axes, sizes, values).exponents
    )


def test_the_interval_grows_where_overhead_hides_the_leading_term():
    axes, sizes = N_D
    clear = noisy(times("1e-6 + 1e-10*n**2*d", axes, sizes), 0.03, seed=5)
    hidden = noisy(times("3e-2 + 1e-10*n**2*d", axes, sizes), 0.03, seed=5)

    def width(values):
        return max(e.high - e.low for e in law_of("n**2*d", axes, sizes, values).exponents)

    assert width(hidden) > 4 * width(clear)


def test_a_point_far_off_does_not_move_the_law():
    axes, sizes = N_D
    values = noisy(times("1e-6 + 1e-10*n**2*d", axes, sizes), 0.01, seed=6)
    before = law_of("n**2*d", axes, sizes, values).exponents
    values[-1] *= 3
    after = law_of("n**2*d", axes, sizes, values).exponents
    for a, b in zip(before, after, strict=True):
        assert a.estimate == pytest.approx(b.estimate, abs=0.03)


@pytest.mark.parametrize("points", [2, 3, 4])
def test_too_few_points_give_the_whole_range_instead_of_an_interval(points):
    sizes = 2.0 ** np.arange(5, 5 + points)[:, None]
    law = law_of("n**2", ("n",), sizes, 1e-6 + 1e-8 * sizes[:, 0] + 1e-9 * sizes[:, 0] ** 2.0)
    (n,) = law.exponents
    assert law.residual_df < 1 or n.high - n.low < 1
    if points == 2:
        assert (n.low, n.high) == (0.5, 3.5)


def test_the_expression_is_the_law_as_sympy_reads_it():
    axes, sizes = N_D
    values = noisy(
        times("1e-6 + 1e-9*n*d + 3e-10*(4*n**2*d + 8*n*d**2)", axes, sizes), 0.03, seed=7
    )
    law = law_of("4*n**2*d + 8*n*d**2", axes, sizes, values)
    np.testing.assert_allclose(times(law.expression, axes, sizes), law.predict(sizes), rtol=1e-6)
    np.testing.assert_allclose(law.parts(sizes).sum(axis=1), law.predict(sizes))
    np.testing.assert_allclose(1 - law.predict(sizes) / values, law.residuals, atol=1e-9)


def test_elasticity_is_the_slope_of_the_law():
    axes, sizes = N_D
    law = law_of("n**2*d", axes, sizes, times("1e-10*n**2*d", axes, sizes))
    np.testing.assert_allclose(law.elasticity(sizes), [[2, 1]] * len(sizes), atol=1e-2)
    mixed = law_of("n*d**2", axes, sizes, times("1e-9*n*d + 1e-10*n*d**2", axes, sizes))
    d = sizes[:, 1]
    np.testing.assert_allclose(mixed.elasticity(sizes)[:, 1], 1 + d / (d + 10), atol=2e-2)


@pytest.mark.parametrize("overlap", [1, 3])
def test_the_gradient_of_the_search_is_the_slope_of_its_objective(overlap):
    axes, sizes = N_D
    values = noisy(times("1e-5 + 1e-8*n**1.2*d**1.7", axes, sizes), 0.05, seed=8)
    lead = leading_part(parse("n*d**2"), axes)
    lower = np.column_stack([m.column(sizes) for m in lead.divisors()])
    problem = VariableProjection(sizes, values, lead.column(sizes), lower, overlap)
    at = np.array([0.15, -0.2])
    _, gradient = problem._objective(at)
    for axis in range(2):
        step = np.eye(2)[axis] * 1e-6
        slope = (problem._objective(at + step)[0] - problem._objective(at - step)[0]) / 2e-6
        assert gradient[axis] == pytest.approx(slope, rel=1e-4, abs=1e-6)


def test_no_coefficient_is_negative():
    axes, sizes = N_D
    law = law_of("n*d**2", axes, sizes, noisy(times("1e-9*n*d**1.6", axes, sizes), 0.05, seed=9))
    assert all(c > 0 for c, _ in law.terms)
    assert law.coefficient >= 0


@pytest.mark.parametrize(
    ("expression", "degrees"),
    [("1e-5 + 1e-8*n**2", (2,)), ("1e-5 + 1e-6*n", (1,)), ("1e-6 + 1e-6*n + 1e-10*n**3", (3,))],
)
def test_without_theory_the_degrees_are_found(expression, degrees):
    axes, sizes = grid(n=2.0 ** np.arange(4, 12))
    values = noisy(times(expression, axes, sizes), 0.02, seed=10)
    lead = find_leading_parts(axes, sizes, values)[0].leading
    law = fit_law(sizes, values, lead, lead.divisors())
    for exponent, degree in zip(law.exponents, degrees, strict=True):
        assert exponent.low - 0.02 <= degree <= exponent.high + 0.02
        assert abs(exponent.estimate - degree) < 0.1


def test_costs_that_overlap_are_told_from_a_sum():
    axes, sizes = N_D
    parts = [times(text, axes, sizes) for text in ("1e-5", "1e-8*n*d", "1e-10*n*d**2")]
    for overlap in (1, 3):
        exact = sum(part**overlap for part in parts) ** (1 / overlap)
        lead = leading_part(parse("n*d**2"), axes)
        values = noisy(exact, 0.02, seed=11)
        law = fit_law(sizes, values, lead, lead.divisors(), overlap=True)
        assert law.overlap == overlap
        assert sum(law.overlaps.values()) == pytest.approx(1)
        assert max(law.overlaps, key=law.overlaps.get) == overlap
        for exponent, degree in zip(law.exponents, (1, 2), strict=True):
            assert exponent.estimate == pytest.approx(degree, abs=0.05)
            assert exponent.low - 0.01 <= degree <= exponent.high + 0.01
        np.testing.assert_allclose(law.predict(sizes), exact, rtol=0.1)
        np.testing.assert_allclose(times(law.expression, axes, sizes), law.predict(sizes))
        np.testing.assert_allclose(1 - law.predict(sizes) / values, law.residuals, atol=1e-9)


def test_a_constant_cost_has_a_law():
    axes, sizes = N_D
    law = law_of("5", axes, sizes, noisy(np.full(len(sizes), 3.0), 0.02, seed=12))
    for exponent in law.exponents:
        assert exponent.estimate == pytest.approx(0, abs=0.02)


def test_intervals_of_any_level_and_a_summary():
    axes, sizes = N_D
    values = noisy(times("1e-6 + 1e-10*n*d**2", axes, sizes), 0.03, seed=4)
    law = law_of("n*d**2", axes, sizes, values)
    usual, narrow = law.conf_int(), law.conf_int(0.5)
    assert list(usual.index) == list(axes)
    for exponent in law.exponents:
        low, high = usual.loc[exponent.axis]
        assert (low, high) == pytest.approx((exponent.low, exponent.high), abs=0.01)
        assert low < narrow.loc[exponent.axis, "low"] < narrow.loc[exponent.axis, "high"] < high
    said = law.summary()
    assert law.expression in said
    assert all(str(exponent) in said for exponent in law.exponents)
    assert f"{len(values)}, which scatter around it by {law.diagnostics.residual_sd:.1%}" in said


def test_terms_of_no_account_are_left_out():
    axes, sizes = N_D
    kept = []
    for seed in range(10):
        values = noisy(times("1e-6*n + 1e-9*n**2*d", axes, sizes), 0.02, seed)
        kept.append([term.text(axes) for _, term in law_of("n**2*d", axes, sizes, values).terms])
    assert sum(terms == ["n"] for terms in kept) >= 7
    assert all("n" in terms for terms in kept)


def test_a_law_that_grows_too_slowly_may_be_one_whose_leading_term_is_hidden():
    axes, sizes = grid(n=2.0 ** np.arange(5, 12), d=2.0 ** np.arange(4, 10))
    hidden = noisy(times("1e-8*n*d + 2e-13*n**2*d", axes, sizes), 0.02, seed=3)
    off = noisy(times("1e-8*n**1.5*d", axes, sizes), 0.02, seed=3)
    assert law_of("n**2*d", axes, sizes, hidden).log_likelihood_ratio("n") < np.log(1000)
    assert law_of("n**2*d", axes, sizes, off).log_likelihood_ratio("n") > np.log(1000)


def test_slopes_have_intervals_that_hold_the_truth():
    axes, sizes = N_D
    n, d = sizes.T
    work, inside = n**2 * d * (1 + 50 / d), []
    truth = np.column_stack([np.full(len(n), 2.0), d / (d + 50)])
    for seed in range(12):
        values = noisy(1e-9 * work, 0.02, seed)
        value, low, high = law_of("n**2*d", axes, sizes, values).elasticity(sizes, interval=0.95)
        assert np.all((low <= value) & (value <= high))
        inside.append((low <= truth) & (truth <= high))
    assert np.mean(inside) >= 0.88


def test_a_law_is_what_json_holds():
    axes, sizes = N_D
    law = law_of("n*d**2", axes, sizes, times("1e-6 + 1e-10*n*d**2", axes, sizes))
    held = json.loads(json.dumps(law.to_dict()))
    assert held["law"] == law.expression
    assert held["exponents"].keys() == {"n", "d"}
    assert [term["term"] for term in held["terms"] if not term["leading"]] == ["1"]
    assert held["overlap"] == 1


@pytest.mark.parametrize("scale", [1e-29, 1.0, 1e29])
def test_a_law_is_the_same_whatever_the_unit_of_its_values(scale):
    axes, sizes = N_D
    values = noisy(times("1e-6 + 1e-9*n*d**2", axes, sizes), 0.01, 5)
    one, other = (law_of("n*d**2", axes, sizes, values * unit) for unit in (1.0, scale))
    for found, known in zip(other.exponents, one.exponents, strict=True):
        assert found.estimate == pytest.approx(known.estimate, abs=1e-6)
        assert found.low == pytest.approx(known.low, abs=1e-6)
    assert other.predict(sizes) == pytest.approx(one.predict(sizes) * scale, rel=1e-6)


def test_a_size_far_beyond_the_others_overflows_nothing():
    axes, sizes = grid(n=[32, 64, 128, 1e15], d=[16, 32, 64])
    with np.errstate(all="raise", under="ignore"):
        law = law_of("n**2*d", axes, sizes, np.linspace(1e-6, 2e-6, len(sizes)))
    assert all(np.isfinite(each.estimate) for each in law.exponents)
