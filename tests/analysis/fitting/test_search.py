"""The search for a leading part: what is made is found, by name, and its rivals are told."""

import itertools

import numpy as np
import pytest
from layerlaw.analysis import fit
from layerlaw.analysis.expressions.terms import Monomial
from layerlaw.analysis.fitting.search import find_leading_parts

ALONE = np.round(2 ** np.linspace(5, 14, 37))[:, None]
BOTH = np.array(np.meshgrid(2.0 ** np.arange(5, 12), 2.0 ** np.arange(4, 11))).reshape(2, -1).T
N, D = BOTH.T
POWERS = [(p, q) for p, q in itertools.product(range(4), range(3)) if p or q]


def noisy(values, seed, share=0.02):
    return values * np.exp(np.random.default_rng(seed).normal(0, share, len(values)))


@pytest.mark.parametrize(("power", "log"), POWERS)
def test_a_power_and_a_logarithm_without_noise_are_found(power, log):
    n = ALONE[:, 0]
    first, *_ = find_leading_parts(("n",), ALONE, 3e-9 * n**power * np.log(n) ** log)
    assert first.text == Monomial((float(power),), (log,)).text(("n",))
    assert first.weight > 0.7


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("n*d**2 + n**2*d", 1e-6 + 4e-10 * N**2 * D + 8e-10 * N * D**2),
        ("n*log(n)*d", 1e-6 + 1e-9 * N * np.log(N) * D),
        ("n*d**2", 1e-6 + 3e-8 * N * D + 1e-9 * N * D**2),
        ("n**2*d", 1e-9 * N**2 * D + 2e-9 * N**2),
        ("n*d", 1e-6 + 1e-9 * N * D),
    ],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_each_kind_is_found_through_noise(text, values, seed):
    first, *rest = find_leading_parts(("n", "d"), BOTH, noisy(values, seed))
    assert first.text == text
    assert first.weight + sum(form.weight for form in rest) == pytest.approx(1)
    assert [form.weight for form in rest] == sorted((f.weight for f in rest), reverse=True)


def test_the_ratio_of_two_leading_terms_is_found_with_them():
    first, *_ = find_leading_parts(("n", "d"), BOTH, noisy(4e-10 * N**2 * D + 8e-10 * N * D**2, 3))
    weights = {term.powers: weight for weight, term in first.leading.terms}
    assert weights[1.0, 2.0] / weights[2.0, 1.0] == pytest.approx(2, rel=0.05)


def test_a_degree_that_is_not_whole_is_found_as_one():
    first, *_ = find_leading_parts(("n", "d"), BOTH, noisy(1e-6 + 1e-9 * N**1.5 * D, 4))
    (power, one) = first.leading.terms[0][1].shifted(first.shift).powers
    assert (power, one) == pytest.approx((1.5, 1), abs=0.03)


def test_what_grows_in_nothing_is_searched_all_the_same():
    assert find_leading_parts(("n", "d"), BOTH, noisy(np.full(len(N), 1e-5), 5))


def test_rivals_are_told_where_the_points_cannot_decide(table_of):
    few = BOTH[(N <= 128) & (D <= 64)]
    n, d = few.T
    (found,) = fit(table_of("mine", few, noisy(1e-9 * n * np.log(n) * d, 6, 0.05)))
    runners = found.to_dict()["runners_up"]
    assert len(runners) > 1
    assert sum(each["weight"] for each in runners) == pytest.approx(1, abs=0.1)
    assert f"{runners[0]['leading']}: {runners[0]['weight']:.2f}" in found.reason
    (told,) = fit(table_of("mine", few, noisy(n * d, 7)), {"mine": "n*d"})
    assert told.to_dict()["runners_up"] == []
