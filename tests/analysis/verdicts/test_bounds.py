"""Sizes, values and numbers of points at the ends of what can be fitted."""

import warnings

import numpy as np
import pandas as pd
import pytest
from layerlaw.analysis import TableError, TableWarning, common_size, fit
from layerlaw.analysis.fitting.thinning import MOST_POINTS, MOST_SIZES, evenly_spread
from layerlaw.analysis.verdicts import bounds, table_fitting


def table(layer, metric, points):
    """A table of (n, d, value)."""
    frame = pd.DataFrame(points, columns=["n", "d", "value"])
    return frame.assign(layer=layer, device="cpu", mode="forward", metric=metric)


GRID = [(n, d) for n in (16, 32, 64, 128) for d in (16, 32, 64)]
BELOW_ONE = [(0.5, 64, 1e-4), (1, 64, 1.5e-4), (2, 64, 3.5e-4), (4, 64, 1.2e-3), (8, 64, 4.6e-3)]


def test_sizes_below_one_have_a_law_without_logarithms():
    (found,) = fit(table("att", "seconds", BELOW_ONE))
    assert found.law.exponents[0].estimate == pytest.approx(2, abs=0.1)
    assert not any("log" in candidate.text for candidate in found.candidates)


@pytest.mark.parametrize("smallest", [0.5, 1])
def test_a_logarithm_of_sizes_of_one_and_below_is_refused(smallest):
    points = [point for point in BELOW_ONE if point[0] >= smallest]
    says = f"att=n.log.n.: log n needs sizes above 1, the smallest n is {smallest:g}"
    with pytest.raises(TableError, match=says):
        fit(table("att", "seconds", points), {"att": "n*log(n)"})


def test_a_registered_layer_with_a_logarithm_is_unresolved_there():
    points = [(n, 64, 1e-6 * (n + 1)) for n in (1, 2, 4, 8, 16)]
    (found,) = fit(table("fourier_mixing", "seconds", points))
    assert found.judgement is None or "log n needs sizes above 1" in found.reason


def test_a_count_of_zero_matches_a_theory_of_zero():
    (found,) = fit(table("attention", "parameters", [(n, d, 0) for n, d in GRID]))
    assert found.judgement.verdict.value == "matches"
    assert found.reason == "every value is 0, as theory says"
    assert found.to_dict()["law"] is None


def test_a_count_that_grows_differs_from_a_theory_of_zero():
    (found,) = fit(table("attention", "parameters", [(n, d, 4 * d * d) for n, d in GRID]))
    assert found.judgement.verdict.value == "differs"
    assert found.reason.startswith("theory says 0, but the values are 1024 to 16384")
    assert found.law.expression == "4*d**2"


def test_a_count_of_zero_differs_from_a_theory_that_grows():
    (found,) = fit(table("dense", "parameters", [(n, d, 0) for n, d in GRID]))
    assert found.judgement.verdict.value == "differs"
    assert "every value is 0, but theory says" in found.reason


def test_zeros_among_other_values_are_refused():
    with pytest.raises(TableError, match="row 0, column value: 0 is not positive, as others"):
        fit(table("x", "flops", [(n, d, n * d - 256) for n, d in GRID]))


def test_times_of_zero_are_refused():
    with pytest.raises(TableError, match="row 0, column value: 0 is not positive"):
        fit(table("x", "seconds", [(n, d, 0) for n, d in GRID]))


def many_axes(number):
    rng = np.random.default_rng(0)
    sizes = rng.choice([8, 16, 32], size=(60, number))
    names = [f"a{at}" for at in range(number)]
    frame = pd.DataFrame(sizes, columns=names)
    return frame.assign(seconds=1e-9 * sizes[:, 0] * sizes[:, 1] ** 2), names


def test_without_theory_many_sizes_are_named_and_not_searched():
    frame, names = many_axes(20)
    (found,) = fit(frame, axes=names)
    assert found.law is None
    assert "20 sizes vary (a0, a1, a2, a3 and 16 more)" in found.reason
    assert set(common_size([found])) == set(names)
    (told,) = fit(frame, {"table": "a0*a1**2"}, axes=names)
    assert told.judgement.verdict.value == "unresolved"
    assert "lower-order terms in 20 sizes" in told.reason


def test_of_many_points_some_are_fitted_and_a_line_says_how_many(monkeypatch):
    monkeypatch.setattr(
        bounds, "evenly_spread", lambda sizes: evenly_spread(sizes, most=12, most_sizes=12)
    )
    frame = pd.DataFrame({"n": np.arange(16, 1000, 4)})
    with pytest.warns(TableWarning, match="fitted to 12 of 246 points"):
        (found,) = fit(frame.assign(seconds=1e-6 + 1e-9 * frame["n"] ** 2.0))
    assert len(found.series.values) == 12
    assert found.law.exponents[0].estimate == pytest.approx(2, abs=0.05)
    with warnings.catch_warnings():  # an exact law is cheap: all points are held against it
        warnings.simplefilter("error")
        (count,) = fit(frame.assign(flops=frame["n"] ** 2))
    assert len(count.series.values) == 246


@pytest.mark.parametrize("scattered", [False, True])
def test_points_of_a_large_table_are_spread_over_all_sizes(scattered):
    if scattered:
        sizes = np.exp2(np.random.default_rng(1).uniform(4, 12, size=(5000, 2)))
    else:
        sizes = np.stack(np.meshgrid(*[np.arange(16.0, 4000, 16)] * 2), axis=-1).reshape(-1, 2)
    kept = sizes[evenly_spread(sizes)]
    assert MOST_SIZES / 4 <= len(kept) <= MOST_POINTS
    assert kept.min() <= 1.5 * sizes.min()
    assert kept.max() >= sizes.max() / 1.5
    if not scattered:  # a grid is kept, so that points differ in one size only
        assert len(np.unique(kept[:, 0])) * len(np.unique(kept[:, 1])) == len(kept)


def test_tables_of_today_keep_all_their_points():
    sizes = np.array([[n, d] for n in range(1, 31) for d in range(1, 11)], dtype=float)
    assert evenly_spread(sizes).tolist() == list(range(300))
    assert table_fitting.thinned is bounds.thinned
