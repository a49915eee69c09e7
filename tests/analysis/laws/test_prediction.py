"""Predictions beyond the points: right where the truth is known, and tested on what is left out."""

import numpy as np
import pytest
from layerlaw.analysis.expressions.reading import leading_part, parse
from layerlaw.analysis.fitting.holdout import holdout_errors
from layerlaw.analysis.fitting.law_fitting import fit_law
from layerlaw.analysis.laws.prediction import largest_within

AXES = ("n", "d")
SIZES = np.array(
    np.meshgrid(2.0 ** np.arange(4, 10), 2.0 ** np.arange(4, 10), indexing="ij")
).reshape(2, -1)
SIZES = SIZES.T
LEAD = leading_part(parse("n**2*d"), AXES)


def true(sizes, overlap=1):
    n, d = sizes.T
    parts = [np.full(len(n), 2e-5), 2e-8 * n * d, 1e-10 * n**2 * d]
    return sum(part**overlap for part in parts) ** (1 / overlap)


def fitted(seed, overlap=1, noise=0.03):
    values = true(SIZES, overlap) * np.exp(
        np.random.default_rng([seed, 7]).normal(0, noise, len(SIZES))
    )
    return fit_law(SIZES, values, LEAD, LEAD.divisors(), overlap=True)


@pytest.mark.parametrize("seeds", [4, pytest.param(30, marks=pytest.mark.nightly)])
def test_intervals_hold_what_is_measured_at_twice_the_sizes(seeds):
    beyond = 2 * SIZES[-6:]
    inside = []
    for seed in range(seeds):
        rng = np.random.default_rng([seed, 8])
        _, low, high = fitted(seed).predict(beyond, interval=0.95)
        measured = true(beyond) * np.exp(rng.normal(0, 0.03, len(beyond)))
        inside.append((low <= measured) & (measured <= high))
    assert 0.88 <= np.mean(inside) <= 1


def test_intervals_grow_with_the_distance_and_the_level():
    law = fitted(0)
    near, far = (
        (found.high - found.low).item()
        for found in (law.predict(k * SIZES[-1:], interval=0.95) for k in (1, 8))
    )
    assert far / law.predict(8 * SIZES[-1:]).item() > near / law.predict(SIZES[-1:]).item()
    narrow, wide = (
        (found.high - found.low).mean()
        for found in (law.predict(SIZES, interval=level) for level in (0.5, 0.95))
    )
    assert wide > 1.5 * narrow


@pytest.mark.parametrize("overlap", [1, 3])
def test_the_reach_is_where_the_truth_meets_the_budget(overlap):
    reach = fitted(1, overlap).largest_size("n", 1.0, {"d": 64})
    steps = np.geomspace(512, 2**20, 100_000)
    truth = steps[
        np.searchsorted(true(np.column_stack([steps, np.full(len(steps), 64.0)]), overlap), 1.0)
    ]
    assert reach.low <= truth <= reach.high
    assert reach.estimate == pytest.approx(truth, rel=0.15)
    with pytest.raises(ValueError, match="grows in d too"):
        fitted(1).largest_size("n", 1.0)


def test_a_budget_below_and_beyond_all_sizes():
    sizes = np.array([1.0, 2, 4])
    costs = np.array([[1.0, 2, 4], [5.0, 6, 7], [1.0, 1, 1]])
    np.testing.assert_allclose(largest_within(costs, sizes, 3.0), [3.0, 0.0, np.inf])


def test_what_is_left_out_is_predicted_and_a_law_that_breaks_fails():
    values = true(SIZES) * np.exp(np.random.default_rng(3).normal(0, 0.02, len(SIZES)))
    good = holdout_errors(fit_law(SIZES, values, LEAD, LEAD.divisors()))
    assert [trial.factor for trial in good] == [4]
    assert all(trial.points >= 4 and trial.error < 0.05 for trial in good)
    leaves_cache = np.where(SIZES[:, 0] >= 512, 3.0, 1.0)
    bad = holdout_errors(fit_law(SIZES, values * leaves_cache, LEAD, LEAD.divisors()))
    assert bad[-1].error > 3 * good[-1].error


def test_too_few_points_have_no_intervals():
    lead = leading_part(parse("n**2"), ("n",))
    law = fit_law(np.array([[1.0], [2.0]]), np.array([1.0, 4.0]), lead, lead.divisors())
    with pytest.raises(ValueError, match="too few"):
        law.predict(np.array([[4.0]]), interval=0.95)


def test_sizes_that_cannot_be_are_refused_in_words():
    law = fitted(3)
    with pytest.raises(ValueError, match="needs 2 sizes: n, d"):
        law.predict(np.array([[1.0, 2.0, 3.0]]), interval=0.95)
    with pytest.raises(ValueError, match="positive"):
        law.predict(np.array([[0.0, 2.0]]), interval=0.95)
    with pytest.raises(ValueError, match="not in 'q'"):
        law.largest_size("q", 1.0, {"d": 64})
    one, same = (
        law.predict(np.array([512.0, 64.0]), interval=0.95),
        law.predict(np.array([[512.0, 64.0]]), interval=0.95),
    )
    assert one.estimate == same.estimate


def test_a_law_is_drawn_along_each_size_with_every_point_of_a_line(tmp_path):
    law = fitted(0)
    figure = law.plot("seconds")
    assert [panel.get_xlabel() for panel in figure.axes] == ["n", "d"]
    for panel in figure.axes:
        assert panel.get_xscale() == panel.get_yscale() == "log"
        assert len(panel.collections) == 3  # an interval for each line
        assert "=" in panel.get_legend().get_texts()[0].get_text()
    figure.savefig(tmp_path / "law.png")
    assert (tmp_path / "law.png").stat().st_size > 10_000


def test_a_notebook_shows_the_summary():
    law = fitted(0)
    assert law._repr_html_().startswith("<pre>law  ")
    assert "exponents  n " in law._repr_html_()
