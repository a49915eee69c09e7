"""Laws of two regimes: a border that is there is found, one that is not there is not."""

from dataclasses import replace

import numpy as np
import pytest
import sympy
from layerlaw.analysis import fit, fit_law
from layerlaw.analysis.breakpoints.breakpoint import Breakpoint, CapacityBreakpoint
from layerlaw.analysis.breakpoints.candidates import candidate_sides
from layerlaw.analysis.breakpoints.screening import screen_steps
from layerlaw.analysis.breakpoints.step_terms import StepTerm, neighbouring_steps
from layerlaw.analysis.expressions.reading import leading_part, parse
from layerlaw.analysis.expressions.terms import Monomial, columns
from layerlaw.analysis.regression.score_tests import step_gains
from layerlaw.analysis.regression.variable_projection import VariableProjection
from layerlaw.analysis.verdicts.verdict import Verdict, judge_law

AXES = ("n", "d")
SIZES = np.array(np.meshgrid(2.0 ** np.arange(5, 12), 2.0 ** np.arange(4, 11))).reshape(2, -1).T
N, D = SIZES.T
LEAD = leading_part(parse("n*d**2"), AXES)
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
    assert law.breakpoint_probability >= 0.95
    assert law.step.beyond
    breakpoint = law.step.breakpoint
    assert (breakpoint.along.text(AXES), breakpoint.low, breakpoint.high) == ("d", 128, 256)
    assert abs(law.exponents[1].estimate - 2) < 0.06


@pytest.mark.nightly
def test_the_interval_of_a_borders_place_holds_it():
    # So much noise that the border could be another: the interval says so.
    held, wide = [], 0
    for seed in range(20):
        errors = np.exp(np.random.default_rng([5, seed]).normal(0, 0.12, len(ONE)))
        law = law_of(np.where(D >= 256, 1.5, 1.0) * ONE * errors, regimes=True)
        if law.step is None or law.step.breakpoint.along.powers[0]:
            continue
        breakpoint = law.step.breakpoint
        low, high = np.array(law.breakpoint_interval) ** (1 / breakpoint.along.powers[1])
        held.append(low <= 128 and high >= 256)
        wide += law.breakpoint_interval != (breakpoint.low, breakpoint.high)
    assert len(held) >= 8
    assert np.mean(held) > 0.85
    assert wide


def test_without_regimes_the_border_bends_the_exponent():
    values = noisy(np.where(D >= 256, 2.0, 1.0) * ONE, seed=2)
    slope_change, right = law_of(values).exponents[1], law_of(values, regimes=True).exponents[1]
    assert abs(slope_change.estimate - 2) > 2 * abs(right.estimate - 2)


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
    breakpoint = law.step.breakpoint
    assert (breakpoint.low, breakpoint.middle, breakpoint.high) == (128, 256, 512)
    assert 0.2 <= breakpoint.part <= 0.4
    assert abs(law.exponents[1].estimate - 2) < 0.1
    assert "between the points at 128 and 512, " in law.summary()
    written = sympy.sympify(law.expression)
    for n, d in [(64, 128), (64, 256), (64, 1024)]:
        (value,) = law.predict(np.array([[float(n), float(d)]]))
        assert float(written.subs({"n": n, "d": d})) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("place", [200.0, 256.0, 330.0])
def test_a_cache_that_is_left_little_by_little_is_found(place):
    # Of d² numbers gone through at each step all but place² fetched anew, at four times the cost.
    d = np.repeat(2.0 ** np.arange(4, 10.1, 0.5), 5)
    n = np.tile(2.0 ** np.arange(5, 10), 13)
    missed = np.maximum(1 - place**2 / d**2, 0)
    values = noisy(1e-6 + 3e-8 * n * d + 1e-9 * n * d**2 * (1 + 3 * missed), seed=12)
    law = fit_law(np.column_stack([n, d]), values, LEAD, LEAD.divisors(), regimes=True)
    assert isinstance(law.step.breakpoint, CapacityBreakpoint)
    start = law.step.breakpoint.start ** (1 / law.step.breakpoint.along.powers[1])
    assert start == pytest.approx(place, rel=0.25)
    without = fit_law(np.column_stack([n, d]), values, LEAD, LEAD.divisors()).exponents[1]
    assert law.exponents[1].low <= 2 <= law.exponents[1].high < without.low
    assert "costs more, the more the further beyond" in law.regimes
    (regime,) = law.to_dict()["regimes"]
    assert regime["gradual"]
    written = sympy.sympify(law.expression)
    for point in [(64, 128), (64, 256), (64, 512), (64, 1024)]:
        (value,) = law.predict(np.array([point], dtype=float))
        exact = written.subs(dict(zip(AXES, point, strict=True)))
        assert float(exact) == pytest.approx(value, rel=1e-6)


def test_steps_little_by_little_are_of_terms_that_go_through_what_crosses_the_border():
    breakpoint = CapacityBreakpoint(Monomial((1.0, 1.0), (0, 0)), 100.0, 400.0, start=200.0)
    assert breakpoint.allows_term(LEAD)
    assert breakpoint.allows_term(Monomial((1.0, 1.0), (0, 0)))
    assert not breakpoint.allows_term(Monomial((0.0, 2.0), (0, 0)))
    assert breakpoint.share(np.array([[10.0, 10.0], [20.0, 10.0], [40.0, 10.0]])).tolist() == [
        0,
        0,
        0.5,
    ]


def beside(step):
    """Give the borders next to a step along d: (low, middle, high, part, start) each."""
    return [
        (
            breakpoint.low,
            breakpoint.middle,
            breakpoint.high,
            breakpoint.part,
            getattr(breakpoint, "start", None),
        )
        for breakpoint in (each.breakpoint for each in neighbouring_steps(step, SIZES))
    ]


def test_next_to_a_step_lie_others():
    term, along = Monomial((1.0, 2.0), (0, 0)), Monomial((0.0, 1.0), (0, 0))
    sharp = StepTerm(term, Breakpoint(along, 128.0, 256.0), beyond=True)
    at_once = [
        (64, None, 128, 1.0, None),
        (256, None, 512, 1.0, None),
    ]
    *others, before, there, between = beside(sharp)
    assert others == at_once
    assert before == (64, None, 128, 1.0, pytest.approx(128 / 2**0.5))
    assert there == (128, None, 256, 1.0, 128)
    assert between == (128, None, 256, 1.0, pytest.approx(128 * 2**0.5))
    assert beside(replace(sharp, beyond=False)) == at_once, "little by little nothing ends"

    little = StepTerm(term, Breakpoint(along, 64.0, 256.0, 128.0, 0.1), beyond=False)
    assert beside(little) == [
        (64, None, 128, 1.0, None),
        (128, None, 256, 1.0, None),
        (64, 128, 256, 0.2, None),
    ]

    gradual = StepTerm(term, CapacityBreakpoint(along, 128.0, 256.0, start=128.0), beyond=True)
    first, *others = [each.breakpoint for each in neighbouring_steps(gradual, SIZES)]
    assert first == sharp.breakpoint
    assert [breakpoint.along.text(AXES) for breakpoint in others] == ["d", "d", "d**2"]
    starts = [breakpoint.start for breakpoint in others]
    assert starts == pytest.approx([128 / 2 ** (1 / 8), 128 * 2 ** (1 / 8), 128**2])


@pytest.mark.parametrize("seed", [3, 5, 6])
def test_a_high_step_is_found_where_a_smaller_one_before_it_looks_likelier(seed):
    d = 16 * 2 ** (np.arange(25) / 4)
    sizes = np.array(np.meshgrid(2.0 ** np.arange(5, 10), d)).reshape(2, -1).T
    truth = 1e-6 + 1e-9 * sizes[:, 0] * sizes[:, 1] ** 2 * np.where(sizes[:, 1] > 300, 4, 1)
    law = fit_law(sizes, noisy(truth, seed), LEAD, LEAD.divisors(), regimes=True)
    breakpoint = law.step.breakpoint
    assert (breakpoint.low, breakpoint.middle) == (pytest.approx(d[16]), None)
    assert breakpoint.high == pytest.approx(d[17])
    assert law.exponents[1].low <= 2 <= law.exponents[1].high
    assert law.exponents[1].high - law.exponents[1].low < 0.1


def test_no_border_is_found_where_there_is_none():
    found = [law_of(noisy(ONE, seed), regimes=True) for seed in range(10, 30)]
    assert not any(law.step for law in found)
    assert np.mean([law.breakpoint_probability for law in found]) < 0.1


def test_what_the_score_promises_a_fit_keeps():
    values = noisy(np.where(D >= 256, 1.3, 1.0) * ONE, seed=5)
    lower = LEAD.divisors()
    problem = VariableProjection(SIZES, values, LEAD.column(SIZES), columns(lower, SIZES))
    best = problem.search(1.5, np.zeros((1, 2)))
    (step, chance), *_ = screen_steps(problem, best, SIZES, *candidate_sides(SIZES), LEAD, lower)
    assert 0 < chance < 0.001  # their number is paid for
    terms = [*lower, step]
    better = VariableProjection(SIZES, values, LEAD.column(SIZES), columns(terms, SIZES)).search(
        1.5, best.exponents[None, :]
    )
    past = step.share(SIZES)[None, :]
    column = step.term.column(SIZES)[:, None]
    promised = float(step_gains(problem, best, column, past)[0, 0])
    assert best.sse - better.sse == pytest.approx(promised, rel=0.25)


def test_the_law_of_two_regimes_is_one_expression():
    law = law_of(noisy(np.where(D >= 256, 2.0, 1.0) * ONE, seed=6), regimes=True)
    written = sympy.sympify(law.expression)
    for n, d in [(64, 64), (64, 1024)]:
        (value,) = law.predict(np.array([[float(n), float(d)]]))
        assert float(written.subs({"n": n, "d": d})) == pytest.approx(value, rel=1e-6)


def test_predictions_know_of_the_regimes():
    law = law_of(noisy(np.where(D >= 256, 2.0, 1.0) * ONE, seed=7), regimes=True)
    value, low, high = law.predict(np.array([[512.0, 64.0], [4096.0, 1024.0]]), interval=0.95)
    truth = np.array([1, 2]) * (1e-6 + 3e-8 * np.array([512 * 64, 4096 * 1024.0]))
    truth += np.array([1, 2]) * 1e-9 * np.array([512 * 64**2, 4096 * 1024.0**2])
    assert np.all((low <= truth) & (truth <= high))
    np.testing.assert_allclose(value, truth, rtol=0.1)


def test_the_verdict_says_which_regimes_it_is_about():
    two = law_of(noisy(np.where(D >= 256, 2.0, 1.0) * ONE, seed=8), regimes=True)
    one = law_of(noisy(ONE, seed=8), regimes=True)
    expected = {"n": 1.0, "d": 2.0}
    said, _ = judge_law(two, expected)
    assert said.verdict is Verdict.MATCHES
    assert "two regimes: from d = 181 (between the points at 128 and 256)" in said.reason
    assert "regimes" in two.summary()
    assert "regime" not in judge_law(one, expected)[0].reason
    assert "regime" not in one.summary()


def test_a_program_reads_the_border(table_of):
    values = noisy(np.where(D >= 256, 2.0, 1.0) * ONE, seed=9)
    (two,) = fit(table_of("mine", SIZES, values), {"mine": "n*d**2"})
    (breakpoint,) = two.to_dict()["regimes"]
    assert (breakpoint["along"], breakpoint["low"], breakpoint["high"]) == ("d", 128, 256)
    assert breakpoint["beyond"]
    assert 0.95 <= breakpoint["probability"] <= 1
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
    law, exponents = judge_law(stepped, expected)
    assert law.verdict is Verdict.UNRESOLVED
    assert "the breakpoint at d = 181 may have another form" in exponents["d"].reason
    assert "on one side" in exponents["d"].reason
    assert exponents["n"].verdict is Verdict.MATCHES  # the border does not lie along n
    assert judge_law(whole, expected)[1]["d"].verdict is Verdict.DIFFERS


def slope_change(axis, place, by, seed):
    size = (N, D)[axis]
    growth = np.maximum(size / place, 1) ** by
    return noisy(1e-6 + 3e-8 * N * D + 1e-9 * N * D**2 * growth, seed)


@pytest.mark.parametrize("by", [-0.7, 0.7])
def test_a_slope_that_changes_is_found_where_it_does(by):
    law = law_of(slope_change(0, 256, by, seed=30), regimes=True)
    assert law.slope_break is not None
    assert law.slope_change is not None
    assert law.axes[law.slope_break.axis] == "n"
    assert law.slope_break.low < 256 < law.slope_break.high
    below = law.exponents[0].estimate + (0 if law.slope_break.beyond else law.slope_change.estimate)
    above = law.exponents[0].estimate + (law.slope_change.estimate if law.slope_break.beyond else 0)
    assert below == pytest.approx(1, abs=0.1)
    assert above == pytest.approx(1 + by, abs=0.1)
    assert law.slope_change.low <= law.slope_change.estimate <= law.slope_change.high
    assert abs(law.exponents[1].estimate - 2) < 0.06


def test_a_law_that_bends_is_one_expression_and_predicts():
    law = law_of(slope_change(0, 256, 0.7, seed=31), regimes=True)
    written = sympy.sympify(law.expression)
    sizes = np.array([[64.0, 64.0], [2048.0, 64.0], [4096.0, 64.0]])
    for (n, d), value in zip(sizes, law.predict(sizes), strict=True):
        assert float(written.subs({"n": n, "d": d})) == pytest.approx(value, rel=1e-6)
    truth = (
        1e-6
        + 3e-8 * sizes[:, 0] * 64
        + 1e-9 * sizes[:, 0] * 64**2 * np.maximum(sizes[:, 0] / 256, 1) ** 0.7
    )
    value, low, high = law.predict(sizes, interval=0.95)
    assert np.all((low <= truth) & (truth <= high))
    np.testing.assert_allclose(value, truth, rtol=0.1)


def test_a_program_reads_a_bend_and_a_reader_its_words(table_of):
    (one,) = fit(table_of("mine", SIZES, slope_change(1, 128, -0.8, seed=32)), {"mine": "n*d**2"})
    (breakpoint,) = one.to_dict()["regimes"]
    assert breakpoint["along"] == "d"
    assert breakpoint["low"] < 128 < breakpoint["high"]
    assert abs(abs(breakpoint["bend"]["estimate"]) - 0.8) < 0.2
    assert 0.95 <= breakpoint["probability"] <= 1
    assert "the leading term grows with d" in one.reason
    assert "the verdict is about the other side" in one.reason


def test_a_step_of_several_leading_terms_is_found():
    lead = leading_part(parse("4*n**2*d + 8*n*d**2"), AXES)
    whole = 1e-10 * (4 * N**2 * D + 8 * N * D**2)
    values = noisy(1e-6 + np.where(N * D >= 2.0**15, 2.0, 1.0) * whole, seed=33)
    law = fit_law(SIZES, values, lead, lead.divisors(), regimes=True)
    assert law.step is not None
    assert law.step.leads is not None
    assert [abs(e.estimate - 2) < 0.06 for e in law.exponents] == [True, True]
    written = sympy.sympify(law.expression)
    (value,) = law.predict(np.array([[1024.0, 512.0]]))
    assert float(written.subs({"n": 1024, "d": 512})) == pytest.approx(value, rel=1e-6)


def test_an_exponent_along_which_a_slope_changes_does_not_differ():
    # From n = 128 on, where most points lie, it grows as n^1.8: or costs a step more and more.
    law = law_of(slope_change(0, 128, 0.8, seed=34), regimes=True)
    assert law.slope_break is not None
    assert law.exponents[0].low > 1.2
    whole, single = judge_law(law, {"n": 1, "d": 2})
    assert whole.verdict is single["n"].verdict is Verdict.UNRESOLVED
    assert single["d"].verdict is Verdict.MATCHES
    assert "may be a step" in whole.reason
