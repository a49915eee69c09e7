"""Laws of decay, held against norms whose law is known."""

import numpy as np
import pytest
from layerlaw.studies.gradients.decay import Decay, fit_decay, mean_interval, rate_difference

SHAPES = {
    "exponential": (lambda distance: distance, 0.5, 0.03),
    "power": (np.log, 1.5, 0.1),
    "gaussian": (np.square, 0.004, 0.0003),
}


def norms(rng, law, *, rate=None, spread=None, correlation=0.9, noise=0.1, seeds=8, length=48):
    """Norms of seeds whose rates differ, with AR(1) errors within each seed."""
    shape, usual, usual_spread = SHAPES[law]
    rate = usual if rate is None else rate
    spread = usual_spread if spread is None else spread
    distance = np.maximum(np.arange(length), 1.0)
    made = []
    for _ in range(seeds):
        errors = rng.normal(0, noise, length)
        errors[0] /= np.sqrt(1 - correlation**2)
        for at in range(1, length):
            errors[at] += correlation * errors[at - 1]
        made.append(rng.normal() - rng.normal(rate, spread) * shape(distance) + errors)
    return np.exp(made)


@pytest.mark.parametrize("law", SHAPES)
@pytest.mark.parametrize(("correlation", "noise"), [(0.0, 0.3), (0.95, 0.1), (0.99, 0.2)])
def test_the_law_is_found_and_its_interval_holds_the_truth(law, correlation, noise):
    rng = np.random.default_rng(7)
    found = [fit_decay(norms(rng, law, correlation=correlation, noise=noise)) for _ in range(120)]
    assert np.mean([each.shape == law for each in found]) >= 0.95
    held = [each.rate.low <= SHAPES[law][1] <= each.rate.high for each in found if each.law == law]
    # 95 % of 120 within three standard deviations
    assert 0.89 <= np.mean(held) <= 1


@pytest.mark.nightly
def test_intervals_cover_95_percent_over_many_simulations():
    rng = np.random.default_rng(11)
    held = []
    for _ in range(600):
        found = fit_decay(norms(rng, "exponential", seeds=5, length=20))
        held.append(found.rate.low <= 0.5 <= found.rate.high)
    assert 0.925 <= np.mean(held) <= 0.975


def test_what_does_not_fade_is_called_so_in_95_percent():
    rng = np.random.default_rng(3)
    found = [
        fit_decay(norms(rng, "exponential", rate=0, spread=0.01, noise=0.2)).law for _ in range(200)
    ]
    assert 0.9 <= found.count("none") / 200 <= 0.99


def test_what_grows_is_told_from_what_fades():
    found = fit_decay(norms(np.random.default_rng(0), "exponential", rate=-0.2))
    assert found.law == "grows"
    assert found.rate.high < 0
    assert found.distance_at_share(0.5).estimate == np.inf


def test_exact_laws_are_found_exactly():
    distance = np.arange(30.0)
    rates = np.array([0.3, 0.4, 0.4, 0.5])
    found = fit_decay(np.array([[1.0], [2.0], [3.0], [4.0]]) * np.exp(-np.outer(rates, distance)))
    assert found.law == "exponential"
    assert found.rate.estimate == pytest.approx(0.4)
    assert found.misfit == pytest.approx(1)
    assert found.weights["exponential"] == pytest.approx(1)
    assert list(found.rates["exponential"]) == pytest.approx(rates)
    assert found.distance_at_share(0.5).estimate == pytest.approx(1 + np.log(2) / 0.4)


@pytest.mark.parametrize(
    ("law", "rate", "half"),
    [("power", 1.5, 2 ** (1 / 1.5)), ("gaussian", 0.01, np.sqrt(1 + np.log(2) / 0.01))],
)
def test_where_a_law_has_halved(law, rate, half):
    rng = np.random.default_rng(1)
    found = fit_decay(norms(rng, law, rate=rate, spread=rate / 1000, noise=1e-3, correlation=0))
    at = found.distance_at_share(0.5)
    assert found.law == law
    assert at.low < at.estimate < at.high
    assert at.estimate == pytest.approx(half, rel=0.01)


def test_a_law_that_no_seed_follows_leaves_its_misfit():
    distance = np.arange(40.0)
    mixed = 0.99 * np.exp(-0.8 * distance) + 0.01 * np.exp(-0.05 * distance)
    rng = np.random.default_rng(0)
    found = fit_decay(mixed * np.exp(rng.normal(0, 0.05, (8, 40))))
    straight = fit_decay(np.exp(-0.3 * distance) * np.exp(rng.normal(0, 0.05, (8, 40))))
    assert found.misfit > 1.2
    assert straight.misfit < 1.03


def test_zeros_are_the_reach_and_unknown_values_take_no_part():
    clean = norms(np.random.default_rng(0), "exponential", length=30)
    cut = clean.copy()
    cut[:, 17:] = 0
    found = fit_decay(cut)
    assert (found.support, found.farthest) == (16, 16)
    assert fit_decay(clean).support is None
    clean[3, 5], clean[:, 0], clean[2, 29] = np.nan, np.nan, np.nan
    found = fit_decay(clean)
    assert (found.support, found.farthest) == (None, 28)
    assert isinstance(found, Decay)


def test_seeds_in_pairs_tell_small_differences():
    rng = np.random.default_rng(0)
    own = rng.normal(0.5, 0.1, 8)[:, None]
    distance = np.arange(30.0)
    first = fit_decay(np.exp(-own * distance + rng.normal(0, 0.01, (8, 30))))
    second = fit_decay(np.exp(-(own - 0.02) * distance + rng.normal(0, 0.01, (8, 30))))
    found = rate_difference(first, second)
    assert 0 < found.low < 0.02 < found.high < 0.04
    assert first.rate.low < second.rate.estimate < first.rate.high  # unpaired they overlap
    with pytest.raises(ValueError, match="seed by seed"):
        rate_difference(first, fit_decay(np.exp(-own[:5] * distance)))


def test_too_little_is_refused_with_the_reason():
    with pytest.raises(ValueError, match="2 seeds"):
        fit_decay(np.ones((1, 20)))
    with pytest.raises(ValueError, match="there are 2"):
        fit_decay(np.array([[1.0, 0.5, 0.25, 0, 0]] * 3))


def test_a_mean_has_students_interval():
    found = mean_interval(np.array([1.0, 2.0, 3.0]))
    assert found.estimate == 2
    assert found.high - 2 == pytest.approx(4.302653 / np.sqrt(3), rel=1e-6)
    assert str(mean_interval(np.array([1.0, 1.0]))) == "1 [1, 1]"
