"""Laws of two regimes: a border that is there is found, one that is not there is not."""

import numpy as np
import pytest
import sympy
from layerlaw.analysis import fit_law
from layerlaw.analysis.fits import fit
from layerlaw.analysis.projection import Projection
from layerlaw.analysis.regimes import borders, steps
from layerlaw.analysis.terms import Monomial, columns, leading, parse
from layerlaw.analysis.verdict import Verdict, judge

AXES = ("n", "d")
SIZES = np.array(np.meshgrid(2.0 ** np.arange(5, 12), 2.0 ** np.arange(4, 11))).reshape(2, -1).T
N, D = SIZES.T
LEAD = leading(parse("n*d**2"), AXES)
ONE = 1e-6 + 3e-8 * N * D + 1e-9 * N * D**2


def noisy(values, seed):
    return values * np.exp(np.random.default_rng(seed).normal(0, 0.02, len(values)))


def law_of(values, **options):
    return fit_law(SIZES, values, LEAD, LEAD.divisors(), **options)


@pytest.mark.parametrize("factor", [1.5, 2.5])
def test_a_border_is_found_where_it_is(factor):
    values = noisy(np.where(D >= 256, factor, 1.0) * ONE, seed=1)
    law = law_of(values, regimes=True)
    assert law.step is not None
    assert law.stepped >= 0.95
    assert law.step.beyond
    border = law.step.border
    assert (border.along.text(AXES), border.low, border.high) == ("d", 128, 256)
    assert abs(law.exponents[1].estimate - 2) < 0.06


def test_without_regimes_the_border_bends_the_exponent():
    values = noisy(np.where(D >= 256, 2.0, 1.0) * ONE, seed=2)
    bent, right = law_of(values).exponents[1], law_of(values, regimes=True).exponents[1]
    assert abs(bent.estimate - 2) > 2 * abs(right.estimate - 2)


def test_a_border_along_a_product_of_sizes_is_found():
    cached = N * D < 2.0**15
    law = law_of(noisy(ONE + np.where(cached, 0, 6e-8 * N * D), seed=3), regimes=True)
    assert law.step is not None
    wrong = (law.step.share(SIZES) > 0.5) == cached
    assert wrong.mean() < 0.1


def test_a_cost_up_to_a_border_is_found():
    law = law_of(noisy(ONE * np.where(N < 128, 1.6, 1), seed=4), regimes=True)
    assert law.step is not None
    assert ((law.step.share(SIZES) < 0.5) == (N >= 128)).mean() > 0.9


def test_a_border_that_lies_across_one_size_is_found():
    gradual = np.select([D >= 512, D >= 256], [3.0, 1.6], 1.0) * 1e-9 * N * D**2
    law = law_of(noisy(1e-6 + 3e-8 * N * D + gradual, seed=11), regimes=True)
    assert law.step is not None
    border = law.step.border
    assert (border.low, border.middle, border.high) == (128, 256, 512)
    assert abs(border.part - 0.3) <= 0.1
    assert abs(law.exponents[1].estimate - 2) < 0.06
    assert "between the points at 128 and 512, " in law.summary()
    written = sympy.sympify(law.expression)
    for n, d in [(64, 128), (64, 256), (64, 1024)]:
        (value,) = law.predict(np.array([[float(n), float(d)]]))
        assert float(written.subs({"n": n, "d": d})) == pytest.approx(value, rel=1e-6)


def test_no_border_is_found_where_there_is_none():
    found = [law_of(noisy(ONE, seed), regimes=True) for seed in range(10, 30)]
    assert not any(law.step for law in found)
    assert np.mean([law.stepped for law in found]) < 0.1


def test_what_the_score_promises_a_fit_keeps():
    values = noisy(np.where(D >= 256, 1.3, 1.0) * ONE, seed=5)
    lower = LEAD.divisors()
    problem = Projection(SIZES, values, LEAD.column(SIZES), columns(lower, SIZES))
    best = problem.search(1.5, np.zeros((1, 2)))
    (step, chance), *_ = steps(problem, best, SIZES, borders(SIZES), LEAD, lower)
    assert 0 < chance < 0.001  # their number is paid for
    terms = [*lower, step]
    better = Projection(SIZES, values, LEAD.column(SIZES), columns(terms, SIZES)).search(
        1.5, best.exponents[None, :]
    )
    past = step.share(SIZES)[None, :]
    column = Monomial(step.powers, step.logs).column(SIZES)[:, None]
    promised = float(problem.gains(best, column, past)[0, 0])
    assert best.sse - better.sse == pytest.approx(promised, rel=0.25)


def test_the_law_of_two_regimes_is_one_expression():
    law = law_of(noisy(np.where(D >= 256, 2.0, 1.0) * ONE, seed=6), regimes=True)
    written = sympy.sympify(law.expression)
    for n, d in [(64, 64), (64, 1024)]:
        (value,) = law.predict(np.array([[float(n), float(d)]]))
        assert float(written.subs({"n": n, "d": d})) == pytest.approx(value, rel=1e-6)


def test_predictions_know_of_the_regimes():
    law = law_of(noisy(np.where(D >= 256, 2.0, 1.0) * ONE, seed=7), regimes=True)
    value, low, high = law.prediction(np.array([[512.0, 64.0], [4096.0, 1024.0]]))
    truth = np.array([1, 2]) * (1e-6 + 3e-8 * np.array([512 * 64, 4096 * 1024.0]))
    truth += np.array([1, 2]) * 1e-9 * np.array([512 * 64**2, 4096 * 1024.0**2])
    assert np.all((low <= truth) & (truth <= high))
    np.testing.assert_allclose(value, truth, rtol=0.1)


def test_the_verdict_says_which_regimes_it_is_about():
    two = law_of(noisy(np.where(D >= 256, 2.0, 1.0) * ONE, seed=8), regimes=True)
    one = law_of(noisy(ONE, seed=8), regimes=True)
    expected = {"n": 1.0, "d": 2.0}
    said, _ = judge(two, expected)
    assert said.verdict is Verdict.MATCHES
    assert "two regimes: from d = 181 (between the points at 128 and 256)" in said.reason
    assert "regimes" in two.summary()
    assert "regime" not in judge(one, expected)[0].reason
    assert "regime" not in one.summary()


def test_a_program_reads_the_border(table_of):
    values = noisy(np.where(D >= 256, 2.0, 1.0) * ONE, seed=9)
    (two,) = fit(table_of("mine", SIZES, values), {"mine": "n*d**2"})
    (border,) = two.to_dict()["regimes"]
    assert (border["along"], border["low"], border["high"]) == ("d", 128, 256)
    assert border["beyond"]
    assert 0.95 <= border["probability"] <= 1
    (one,) = fit(table_of("mine", SIZES, noisy(ONE, seed=9)), {"mine": "n*d**2"})
    assert one.to_dict()["regimes"] == []


def test_counts_have_one_regime(table_of):
    values = np.where(D >= 256, 2.0, 1.0) * ONE
    table = table_of("mine", SIZES, values).assign(metric="flops")
    (found,) = fit(table, {"mine": "n*d**2"})
    assert found.law is not None
    assert found.law.step is None


def test_an_exponent_that_a_border_may_bend_does_not_differ():
    faster = 1e-6 + 3e-8 * N * D + 1e-9 * N * D**2.6
    stepped = law_of(noisy(np.where(D >= 256, 2.0, 1.0) * faster, seed=20), regimes=True)
    whole = law_of(noisy(faster, seed=20), regimes=True)
    expected = {"n": 1.0, "d": 2.0}
    law, exponents = judge(stepped, expected)
    assert law.verdict is Verdict.UNRESOLVED
    assert "the border at d = 181 may be no sharp one" in exponents["d"].reason
    assert "on one side" in exponents["d"].reason
    assert exponents["n"].verdict is Verdict.MATCHES  # the border does not lie along n
    assert judge(whole, expected)[1]["d"].verdict is Verdict.DIFFERS
