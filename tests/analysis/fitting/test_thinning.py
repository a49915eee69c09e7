"""Which points of a large table are fitted, and that the intervals of their law hold the truth."""

import numpy as np
import pytest
from layerlaw.analysis import fit_law, leading_part, parse
from layerlaw.analysis.fitting.thinning import MOST_POINTS, MOST_SIZES, evenly_spread

#: Sizes of each axis: many of one, and a grid of more points than are fitted.
GRIDS = {
    "n**2": [np.linspace(5, 14, 400)],
    "n**2*d": [np.linspace(5, 12, 30), np.linspace(4, 9, 30)],
}


def points(order):
    axes = np.meshgrid(*(np.unique(np.round(2**logs)) for logs in GRIDS[order]), indexing="ij")
    return np.array(axes).reshape(len(axes), -1).T


def test_few_points_are_all_kept():
    sizes = points("n**2*d")[:MOST_POINTS]
    assert evenly_spread(sizes[:MOST_SIZES]).tolist() == list(range(MOST_SIZES))


@pytest.mark.parametrize("order", GRIDS)
def test_of_a_grid_a_grid_remains_with_its_ends(order):
    sizes = points(order)
    kept = sizes[evenly_spread(sizes)]
    assert len(kept) <= MOST_POINTS
    assert len(kept) == np.prod([len(np.unique(axis)) for axis in kept.T])
    assert all(len(np.unique(axis)) <= MOST_SIZES for axis in kept.T)
    assert (kept.min(axis=0) == sizes.min(axis=0)).all()
    assert (kept.max(axis=0) == sizes.max(axis=0)).all()


def test_of_scattered_points_the_corners_remain():
    sizes = 2 ** np.random.default_rng(3).uniform(4, 10, (2000, 2))
    kept = sizes[evenly_spread(sizes)]
    assert len(kept) == MOST_SIZES
    for corner in ([4, 4], [4, 10], [10, 4], [10, 10]):
        nearest = [np.abs(np.log2(some) - corner).max(axis=1).min() for some in (sizes, kept)]
        assert nearest[1] <= nearest[0] + 0.3


def simulated(order, seed):
    """Draw a law off its order by a little, with two lower-order terms, and points of 3 % noise."""
    rng, sizes = np.random.default_rng([seed, len(order)]), points(order)
    lead = leading_part(parse(order), ("n", "d")[: sizes.shape[1]])
    shift = rng.uniform(-0.1, 0.1, sizes.shape[1])
    column = lead.column(sizes) * np.prod(sizes**shift, axis=1)
    values = column / np.exp(np.log(column).mean())
    for term in lead.divisors()[:2]:
        other = term.column(sizes)
        values = values + rng.uniform(0.01, 0.3) * other / np.exp(np.log(other).mean())
    truth = [lead.degree(axis) + off for axis, off in zip(lead.axes, shift, strict=True)]
    return lead, sizes, 1e-3 * values * np.exp(rng.normal(0, 0.03, len(sizes))), np.array(truth)


def interval(lead, sizes, values):
    law = fit_law(sizes, values, lead, lead.divisors())
    return np.array([[each.low, each.high] for each in law.exponents])


@pytest.mark.nightly
@pytest.mark.parametrize("order", GRIDS)
def test_intervals_hold_the_truth_and_are_as_wide_as_fewer_points_make_them(order):
    holds, wider = [], []
    for seed in range(9000, 9060):
        lead, sizes, values, truth = simulated(order, seed)
        kept = evenly_spread(sizes)
        some = interval(lead, sizes[kept], values[kept])
        holds += ((some[:, 0] <= truth) & (truth <= some[:, 1])).tolist()
        if seed < 9010:  # the fit to all points takes long
            every = interval(lead, sizes, values)
            fewer = np.sqrt(len(sizes) / len(kept))
            wider += (np.diff(some)[:, 0] / np.diff(every)[:, 0] / fewer).tolist()
    # Of 100 laws of n² 96 % held the truth, of 107 of n²·d 98 %; all points held it in 97 % of 30.
    assert np.mean(holds) >= 0.9
    assert 0.75 <= np.median(wider) <= 1.33
