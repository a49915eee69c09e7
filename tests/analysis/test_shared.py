"""Errors that all points of one size share."""

import layerlaw.analysis.fitting as fitting
import numpy as np
import pytest
from layerlaw.analysis.fitting import fit_law
from layerlaw.analysis.shared import LIKELY, independent, whitenings
from layerlaw.analysis.terms import leading, parse

SIZES = np.array(
    np.meshgrid(2.0 ** np.arange(4, 10), 2.0 ** np.arange(4, 10), indexing="ij")
).reshape(2, -1)
SIZES = SIZES.T
SPREAD = 0.013


def covariance(weights, ratio):
    """Σ in units of σ²: 1/w on the diagonal, `ratio` for each size that two points share."""
    same = [(column[:, None] == column[None, :]).astype(float) for column in SIZES.T]
    return np.diag(1 / weights) + ratio * sum(same)


def test_whitened_errors_are_independent():
    weights = np.random.default_rng(0).uniform(0.2, 1, len(SIZES))
    for tau, whitening in zip(LIKELY, whitenings(SIZES, weights, SPREAD), strict=True):
        sigma = covariance(weights, (tau / SPREAD) ** 2)
        np.testing.assert_allclose(whitening(whitening(sigma).T), np.eye(len(SIZES)), atol=1e-9)
        _, log_determinant = np.linalg.slogdet(sigma * weights)
        assert whitening.log_determinant == pytest.approx(log_determinant)


def test_where_no_two_points_share_a_size_nothing_is_shared():
    (only,) = whitenings(np.array([[1.0], [2.0], [4.0]]), np.ones(3), SPREAD)
    assert only.log_determinant == 0
    np.testing.assert_array_equal(only(np.arange(3.0)), np.arange(3.0))


def covered(number, monkeypatch=None):
    """Share of cases whose interval for d holds the truth, each width off by 1.5 % of its own."""
    if monkeypatch is not None:
        monkeypatch.setattr(fitting, "whitenings", lambda s, w, _: [independent(w)])
    lead = leading(parse("n*d**2"), ("n", "d"))
    n, d = SIZES.T
    held = []
    for seed in range(number):
        rng = np.random.default_rng([seed, 99])
        widths = rng.normal(0, 0.015, 6)[np.log2(d).astype(int) - 4]
        times = (4e-5 * n + 1e-9 * n * d**2) * np.exp(widths + rng.normal(0, 0.01, len(n)))
        exponent = fit_law(SIZES, times, lead, lead.divisors()).exponents[1]
        held.append(exponent.low <= 2 <= exponent.high)
    return np.mean(held)


def test_intervals_allow_for_what_the_points_of_a_width_share(monkeypatch):
    shared = covered(60)
    alone = covered(60, monkeypatch)
    assert shared >= 0.88
    assert alone <= shared - 0.1
