import numpy as np
import pytest
from layerlaw import analysis, layers
from layerlaw.layers.core.theory import d, n
from layerlaw.reports.figures.curves import MAX_HUES, elasticity, slopes_info, times_info
from layerlaw.reports.figures.exponents import exponents_info

from tests.helpers.known_laws import D, N, exact, rows


def test_points_and_lines_are_told_apart_by_the_other_size():
    fit = exact("rnn", 2e-9, {"n": 1, "d": 2}, overhead=1e-6)
    info = times_info(fit, fit.law, "n")
    assert (info.axis, info.hue, info.fixed, info.omitted) == ("n", "d", {}, 0)
    assert list(info.levels) == list(N)
    assert sorted(set(info.points["hue"])) == sorted(set(info.lines["hue"])) == list(D)
    assert len(info.points) == len(N) * len(D)
    line = info.lines[info.lines["hue"] == 8]
    assert line["value"].to_numpy() == pytest.approx(1e-6 + 2e-9 * line["n"].to_numpy() * 64)


def test_theorys_line_has_theorys_slope_and_lies_above_the_law():
    fit = exact("attention", 2e-9, {"n": 2, "d": 1}, overhead=1e-6)
    info = times_info(fit, fit.law, "n")
    slope = np.diff(np.log(info.theory["value"])) / np.diff(np.log(info.theory["n"]))
    assert slope == pytest.approx(np.full(len(slope), info.degree))
    assert info.degree == 2
    assert info.theory["value"].min() >= info.points["value"].min()


def test_without_theory_there_is_no_line_of_its_slope(fits):
    mine = fits[-1]
    info = times_info(mine, mine.law, "n")
    assert info.degree is None
    assert info.theory.empty
    assert slopes_info(mine, mine.law, "n").theory.empty


def test_points_at_other_values_of_a_third_size_are_moved_along_the_law():
    grid = {"n": (16, 64), "d": (8, 16), "k": (3, 5, 9)}
    fit = exact("conv", 1e-9, {"n": 1, "d": 2, "k": 1}, grid)
    info = times_info(fit, fit.law, "n")
    assert (info.hue, info.fixed) == ("d", {"k": 5})
    assert len(info.points) == 12  # all of them
    first = info.points[(info.points["n"] == 16) & (info.points["hue"] == 8)]
    assert first["value"].to_numpy() == pytest.approx(np.full(3, 1e-9 * 16 * 64 * 5))


def test_more_values_than_can_be_told_apart_are_thinned_and_counted():
    fit = exact("rnn", 1.0, {"n": 1, "d": 1}, {"n": (16, 32), "d": tuple(range(1, 21))})
    info = times_info(fit, fit.law, "n")
    assert info.lines["hue"].nunique() == MAX_HUES
    assert info.omitted == 20 - MAX_HUES
    assert {1, 20} <= set(info.points["hue"])
    assert set(slopes_info(fit, fit.law, "n").points["hue"]) <= set(info.lines["hue"])


def test_local_slopes_stand_between_neighbours():
    fit = exact("rnn", 3.0, {"n": 1.5, "d": 2})
    info = slopes_info(fit, fit.law, "n")
    assert len(info.points) == (len(N) - 1) * len(D)
    assert info.points["value"].to_numpy() == pytest.approx(np.full(len(info.points), 1.5))
    assert info.points["n"].min() == pytest.approx(np.sqrt(16 * 32))
    assert info.lines["value"].to_numpy() == pytest.approx(np.full(len(info.lines), 1.5))
    assert info.points_outside == 0


def test_overhead_flattens_the_local_slope_and_not_that_of_the_flops():
    fit = exact("attention", 1e-9, {"n": 2, "d": 1}, overhead=1e-3)
    info = slopes_info(fit, fit.law, "d")
    small = info.lines[(info.lines["hue"] == 16) & (info.lines["d"] == 8)]
    flops = info.theory[(info.theory["hue"] == 16) & (info.theory["d"] == 8)]
    assert small["value"].item() < 0.01
    assert flops["value"].item() == pytest.approx(4 * 8 / (4 * 8 + 5))  # 4n²d + 5n²


def test_a_disturbed_pair_lies_beyond_the_frame_and_is_counted():
    fit = exact("rnn", 1.0, {"n": 1, "d": 2})
    fit.law.values[:1] *= 1000.0  # n = 16, d = 8
    assert slopes_info(fit, fit.law, "n").points_outside == 1


def test_elasticity_is_exact():
    sizes = {"n": np.array([10.0, 20.0]), "d": np.array([3.0, 3.0])}
    got = elasticity(4 * n**2 * d + 5 * n**2, "d", sizes)
    assert got == pytest.approx(np.full(2, 12 / 17))
    assert elasticity(n**2, "d", sizes).tolist() == [0, 0]


def test_every_layers_flops_have_local_slopes():
    for name in layers.names():
        grid = dict.fromkeys(layers.get(name).axes, (16, 32, 64))
        fit = exact(name, 1.0, {"n": 1}, grid)
        for axis in grid:
            info = slopes_info(fit, fit.law, axis)
            assert info.theory["value"].between(0, 2).all()
            assert len(info.theory) == len(info.lines)


def test_one_axis_alone_has_no_size_to_tell_apart():
    fit = exact("attention_softmax", 1e-9, {"n": 2}, {"n": N})
    for info in (times_info(fit, fit.law, "n"), slopes_info(fit, fit.law, "n")):
        assert info.hue is None
        assert set(info.lines["hue"]) == {0.0}


def test_exponents_are_gathered_by_axis(fits):
    infos = exponents_info(fits)
    assert [info.axis for info in infos] == ["n", "d"]
    rows_ = infos[1].rows.set_index("label")
    assert list(rows_.index) == ["rnn", "attention", "mine"]
    assert rows_.loc["rnn", "expected"] == 2
    assert np.isnan(rows_.loc["mine", "expected"])
    assert rows_.loc["mine", "verdict"] == "none"
    assert (rows_["low"] <= rows_["estimate"]).all()
    assert exponents_info([]) == []


def test_scattered_sizes_have_curves_too():
    rng = np.random.default_rng(5)
    table = rows("mine", lambda n, d: 1e-6 * n * d, n=(1,), d=(1,)).iloc[:1]
    table = table.loc[table.index.repeat(40)].reset_index(drop=True)
    table["n"] = rng.integers(10, 1000, 40)
    table["d"] = rng.integers(10, 1000, 40)
    table["value"] = 1e-6 * table["n"] * table["d"]
    (fit,) = analysis.fit(table, {"mine": "n*d"})
    info = slopes_info(fit, fit.law, "n")
    assert len(info.points) == 0
    assert info.omitted > 0
