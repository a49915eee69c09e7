"""Errors that all points of one size share."""

import layerlaw.analysis.fitting.model_averaging as model_averaging
import numpy as np
import pytest
from layerlaw.analysis.expressions.reading import leading_part, parse
from layerlaw.analysis.fitting.law_fitting import fit_law
from layerlaw.analysis.regression.error_covariance import (
    SIZE_EFFECT_SDS,
    independent_errors,
    whitenings,
)
from layerlaw.analysis.regression.variable_projection import VariableProjection

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
    rng = np.random.default_rng(0)
    weights = rng.uniform(0.2, 1, len(SIZES))
    residuals = rng.normal(0, 10 * SPREAD, len(SIZES))  # more than SPREAD, which is taken then
    for tau, whitening in zip(
        SIZE_EFFECT_SDS, whitenings(SIZES, weights, residuals, SPREAD), strict=True
    ):
        sigma = covariance(weights, (tau / SPREAD) ** 2)
        np.testing.assert_allclose(whitening(whitening(sigma).T), np.eye(len(SIZES)), atol=1e-9)
        _, log_determinant = np.linalg.slogdet(sigma * weights)
        assert whitening.log_determinant == pytest.approx(log_determinant)


def test_where_no_two_points_share_a_size_nothing_is_shared():
    (only,) = whitenings(np.array([[1.0], [2.0], [4.0]]), np.ones(3), np.zeros(3), SPREAD)
    assert only.log_determinant == 0
    np.testing.assert_array_equal(only(np.arange(3.0)), np.arange(3.0))


def covered(number, monkeypatch=None):
    """Share of cases whose interval for d holds the truth, each width off by 1.5 % of its own."""
    if monkeypatch is not None:
        monkeypatch.setattr(model_averaging, "whitenings", lambda s, w, *_: [independent_errors(w)])
    lead = leading_part(parse("n*d**2"), ("n", "d"))
    n, d = SIZES.T
    held = []
    for seed in range(number):
        rng = np.random.default_rng([seed, 99])
        widths = rng.normal(0, 0.015, 6)[np.log2(d).astype(int) - 4]
        times = (4e-5 * n + 1e-9 * n * d**2) * np.exp(widths + rng.normal(0, 0.01, len(n)))
        exponent = fit_law(SIZES, times, lead, lead.divisors()).exponents[1]
        held.append(exponent.low <= 2 <= exponent.high)
    return np.mean(held)


@pytest.mark.nightly
def test_intervals_allow_for_what_the_points_of_a_width_share(monkeypatch):
    shared = covered(60)
    alone = covered(60, monkeypatch)
    assert shared >= 0.84
    assert alone <= shared - 0.1


def processes(which):
    return np.eye(which.max() + 1)[which]


def test_what_a_process_shares_moves_no_exponent():
    """Each process measured some points alone, and one of them ran a fifth slower."""
    lead = leading_part(parse("n*d**2"), ("n", "d"))
    n, d = SIZES.T
    rng = np.random.default_rng(5)
    slow = d >= 128  # as where the large widths were measured later
    times = (4e-5 * n + 1e-9 * n * d**2) * np.where(slow, 1.2, 1.0)
    times = times * np.exp(rng.normal(0, 0.01, len(n)))
    blind = fit_law(SIZES, times, lead, lead.divisors())
    told = fit_law(SIZES, times, lead, lead.divisors(), processes=processes(slow.astype(int)))
    assert abs(told.exponents[1].estimate - 2) < 0.05
    assert abs(told.exponents[1].estimate - 2) < abs(blind.exponents[1].estimate - 2)
    assert told.exponents[1].low <= 2 <= told.exponents[1].high


def test_processes_that_measured_every_point_share_nothing():
    every = np.full((len(SIZES), 3), 1 / 3)
    weights, residuals = np.ones(len(SIZES)), np.zeros(len(SIZES))
    with_them = whitenings(SIZES, weights, residuals, SPREAD, every)
    without = whitenings(SIZES, weights, residuals, SPREAD)
    assert [w.log_determinant for w in with_them] == [w.log_determinant for w in without]


def test_the_likelihood_is_restricted_as_the_formula_says():
    """|V|, |XᵀV⁻¹X|/|XᵀX| and the squared error, each worked out from the full covariance."""
    n, d = SIZES.T
    rng = np.random.default_rng(6)
    values = (4e-5 * n + 1e-9 * n * d**2) * np.exp(rng.normal(0, 0.02, len(n)))
    lower = np.column_stack([n, n * d])
    problem = VariableProjection(SIZES, values, n * d**2, lower)
    for tau, whitening in zip(
        SIZE_EFFECT_SDS,
        whitenings(SIZES, np.ones(len(n)), rng.normal(0, 1, len(n)), SPREAD),
        strict=True,
    ):
        one = problem.with_whitening(whitening)
        theta = np.array([0.02, -0.03])
        solution = one.solve(theta)
        covariance_ = covariance(np.ones(len(n)), (tau / SPREAD) ** 2)
        columns = np.column_stack([lower, n * d**2 * n**0.02 * d**-0.03]) / values[:, None]
        used = columns[:, [*(solution.lower > 0), True]]
        residual = 1 - used @ np.append(solution.lower[solution.lower > 0], solution.leading)
        inverse = np.linalg.inv(covariance_)
        whole, plain = (
            np.linalg.slogdet(gram).logabsdet for gram in (used.T @ inverse @ used, used.T @ used)
        )
        error = np.log(residual @ inverse @ residual + len(n) * 1e-6)
        expected = -(len(n) - used.shape[1]) / 2 * error
        expected -= (np.linalg.slogdet(covariance_).logabsdet + whole - plain) / 2
        (found,) = one.log_likelihood(theta[None, :])
        assert found == pytest.approx(expected, rel=1e-6)
