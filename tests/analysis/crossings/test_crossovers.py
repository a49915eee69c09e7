from functools import cache

import numpy as np
import pandas as pd
import pytest
from layerlaw import analysis
from layerlaw.analysis import with_checks
from layerlaw.analysis.crossings.crossing_points import EXTRAPOLATION, crossover
from layerlaw.analysis.crossings.crossovers import crossovers_info, crossovers_with_checks
from layerlaw.analysis.crossings.thresholds import thresholds_info
from layerlaw.experiments import check_points
from layerlaw.reports.content.crossings import checks_text, crossing_interval

from tests.helpers.known_laws import N, exact

ATTENTION, RNN = 2e-11, 5e-10  # seconds per n²·d and per n·d²


@pytest.fixture
def pair():
    return [exact("attention", ATTENTION, {"n": 2, "d": 1}), exact("rnn", RNN, {"n": 1, "d": 2})]


@pytest.mark.parametrize("d", [8, 16, 32])
def test_laws_cross_where_algebra_says(pair, d):
    # a·n²·d = b·n·d² at n = d·b/a
    assert crossover(*pair, {"d": d}) == pytest.approx(d * RNN / ATTENTION)
    assert crossover(*reversed(pair), {"d": d}) == pytest.approx(d * RNN / ATTENTION)


def test_no_crossing_is_told_beyond_reach(pair):
    assert EXTRAPOLATION * N[-1] < 128 * RNN / ATTENTION
    assert crossover(*pair, {"d": 128}) is None
    assert crossover(*pair, {"d": 128}, extrapolation=8) == pytest.approx(128 * RNN / ATTENTION)
    assert crossover(pair[0], pair[0], {"d": 8}) is None


def test_no_crossing_is_told_at_a_width_that_was_not_measured(pair):
    assert crossover(*pair, {"d": 4}) is None
    assert crossover(*pair, {"d": 256}) is None


def test_of_several_crossings_the_last_counts():
    # 1 + n²/8192 and n/32 are equal at n = 32·(4 ± √(16 − 8))
    bent = exact("attention", 1 / 8192, {"n": 2}, {"n": (16, 512)}, overhead=1.0)
    line = exact("rnn", 1 / 32, {"n": 1}, {"n": (16, 512)})
    assert crossover(bent, line, {}) == pytest.approx(32 * (4 + 8**0.5))


def test_the_figure_tells_measured_from_extrapolated(pair):
    infos = crossovers_info(pair)
    assert [info.d for info in infos] == [16, 32, 64]
    first, second, _ = (info.crossings for info in infos)
    assert [(c.cheaper, c.dearer, c.extrapolated) for c in first] == [("rnn", "attention", False)]
    assert first[0].n == pytest.approx(400)
    assert [c.extrapolated for c in second] == [True]
    lines = infos[0].lines
    assert lines.loc[~lines["extrapolated"].astype(bool), "n"].max() == N[-1]
    assert lines["n"].max() == pytest.approx(EXTRAPOLATION * N[-1])


def test_only_comparable_layers_are_compared(pair):
    native = exact("sdpa", ATTENTION, {"n": 2, "d": 1})
    alone = exact("dense", 1.0, {"n": 1, "d": 2})  # carries nothing between positions
    phase = exact("attention_softmax", 1.0, {"n": 2}, {"n": N})  # takes scores, no sequence
    scores = exact("attention_scores", 1.0, {"n": 2, "d": 1})  # gives scores
    unknown = exact("mine", 1.0, {"n": 1, "d": 1})
    infos = crossovers_info([*pair, native, alone, phase, scores, unknown])
    assert {name for info in infos for name in info.lines["layer"]} == {"attention", "rnn"}
    assert crossovers_info([native, alone, phase, scores, unknown]) == []


def test_a_kernel_is_held_at_its_smallest(pair):
    conv = exact("conv", 1e-10, {"n": 1, "d": 2, "k": 1}, {"n": N, "d": (8, 64), "k": (3, 9)})
    infos = crossovers_info([*pair, conv])
    assert all(info.fixed == {"k": 3} for info in infos)


def test_layers_without_a_common_width_are_not_compared():
    narrow = exact("rnn", 1.0, {"n": 1, "d": 2}, {"n": N, "d": (8, 16)})
    wide = exact("lstm", 1.0, {"n": 1, "d": 2}, {"n": N, "d": (64, 128)})
    assert crossovers_info([narrow, wide]) == []


def measured(layer, coefficient, n_power, d_power, seed, noise=0.03):
    n, d = (x.ravel() for x in np.meshgrid(2.0 ** np.arange(4, 11), [16.0, 32, 64, 128]))
    errors = np.exp(np.random.default_rng(seed).normal(0, noise, len(n)))
    frame = pd.DataFrame({"n": n, "d": d, "value": coefficient * n**n_power * d**d_power * errors})
    return frame.assign(layer=layer, device="cpu", mode="forward", metric="seconds")


@pytest.mark.parametrize("seeds", [1, pytest.param(8, marks=pytest.mark.nightly)])
def test_a_crossing_has_an_interval_that_holds_the_truth(seeds):
    covered = []
    for seed in range(seeds):
        attention = measured("attention", ATTENTION, 2, 1, seed)
        rnn = measured("rnn", RNN, 1, 2, 100 + seed)
        infos = crossovers_info(analysis.fit(pd.concat([attention, rnn])))
        (crossing,) = next(info.crossings for info in infos if info.d == 32)
        assert crossing.low <= crossing.n <= crossing.high
        assert crossing_interval(crossing).startswith("[")
        covered.append(crossing.low <= 32 * RNN / ATTENTION <= crossing.high)
    assert sum(covered) >= 0.85 * seeds


def test_an_interval_that_leaves_what_was_looked_at_is_open(pair):
    (first, *_) = (info.crossings for info in crossovers_info(pair))
    assert crossing_interval(first[0]) == ""  # made up, without intervals
    assert crossing_interval(first[0]._replace(low=0.0, high=400.0)) == "[…, 400]"
    assert crossing_interval(first[0]._replace(low=300.0, high=float("inf"))) == "[300, …]"


def two_tables(checked=None):
    """Rows of attention and rnn, which cross at n = 25·d; `checked` rows are added."""
    rows = [measured("attention", ATTENTION, 2, 1, 1), measured("rnn", RNN, 1, 2, 2)]
    return pd.concat([*rows, *(checked or [])], ignore_index=True)


@cache
def both():
    """Fit attention and rnn, once for all tests."""
    return analysis.fit(two_tables())


def both_with(checked):
    """Add what was measured anew beside the crossings."""
    return with_checks(both(), two_tables(checked))


def checked_at(points, factor=1.0):
    """Rows that check points, (layer, n, d); attention takes `factor` times what its law says."""
    law = {"attention": (ATTENTION * factor, 2, 1), "rnn": (RNN, 1, 2)}
    rows = [
        {"layer": layer, "n": n, "d": d, "value": c * n**a * d**b}
        for layer, n, d in points
        for c, a, b in [law[layer]]
    ]
    return pd.DataFrame(rows).assign(device="cpu", mode="forward", metric="check_seconds")


def test_checks_lie_on_both_sides_of_each_crossing():
    fits = both()
    points = check_points(crossovers_info(fits))
    assert {point.device for point in points} == {"cpu"}
    for info in crossovers_info(fits):
        (crossing,) = info.crossings
        for layer in ("attention", "rnn"):
            own = [p.sizes["n"] for p in points if p.layer == layer and p.sizes["d"] == info.d]
            below, above = sorted(own)
            assert crossing.low / 2 < below < crossing.low
            assert crossing.high < above < crossing.high * 2


def test_a_crossing_is_not_checked_where_a_pass_would_be_long():
    rows = pd.concat([measured("attention", ATTENTION, 2, 1, 1), measured("rnn", RNN, 1, 2, 2)])
    fits = analysis.fit(rows.assign(value=rows["value"] * 1e4))
    assert any(info.crossings for info in crossovers_info(fits))
    assert check_points(crossovers_info(fits)) == []


def test_what_checks_found_is_said():
    points = [(p.layer, p.sizes["n"], p.sizes["d"]) for p in check_points(crossovers_info(both()))]
    holds = both_with([checked_at(points)])
    assert all(
        c.confirmed and len(c.checks) == 2 for i in crossovers_info(holds) for c in i.crossings
    )
    (one, *_) = (crossing for info in crossovers_info(holds) for crossing in info.crossings)
    (low, less), (high, more) = one.checks
    assert low < one.low < one.n < one.high < high
    assert less == pytest.approx(low / one.d * ATTENTION / RNN)
    assert checks_text(one) == f"holds: {less:.2f} at {low:g} and {more:.2f} at {high:g}"
    below = one._replace(checks=one.checks[:1])
    # One side alone does not show that they cross.
    assert checks_text(below).startswith("holds below: ")
    not_so = both_with([checked_at(points, factor=0.1)])
    for info in crossovers_info(not_so):
        assert all(checks_text(each).startswith("does not hold: ") for each in info.crossings)


def test_checks_are_added_to_crossings_that_are_known():
    before = crossovers_info(both())
    points = [(p.layer, p.sizes["n"], p.sizes["d"]) for p in check_points(before)]
    fits = both_with([checked_at(points)])
    added, anew = crossovers_with_checks(before, fits), crossovers_info(fits)
    assert [info.crossings for info in added] == [info.crossings for info in anew]
    assert all(len(each.checks) == 2 for info in added for each in info.crossings)


def test_checks_move_no_law():
    points = [(p.layer, p.sizes["n"], p.sizes["d"]) for p in check_points(crossovers_info(both()))]
    without = both()
    with_them = analysis.fit(two_tables([checked_at(points, factor=3.0)]))
    assert [str(fit.law) for fit in without] == [str(fit.law) for fit in with_them]
    assert len(with_them) == 2, "nor are they laws of their own"


def test_the_curve_of_crossings_over_the_width_is_what_algebra_says():
    (info,) = thresholds_info(both())
    assert (info.dearer, info.device) == ("attention", "cpu")
    assert set(info.rows["cheaper"]) == {"rnn"}
    assert list(info.rows["d"]) == [16, 32, 64, 128]
    truth = info.rows["d"] * RNN / ATTENTION
    assert info.rows["n"].to_numpy() == pytest.approx(truth.to_numpy(), rel=0.2)
    assert (info.rows["low"] <= info.rows["n"]).all()
    assert (info.rows["n"] <= info.rows["high"]).all()
    assert list(info.rows["extrapolated"]) == [n > 1024 for n in info.rows["n"]]


def test_a_curve_takes_over_the_crossings_that_are_known():
    fits = both()
    known = crossovers_info(fits)
    moved = known[0]._replace(crossings=[c._replace(n=7.0) for c in known[0].crossings])
    (alone,), (given,) = thresholds_info(fits), thresholds_info(fits, known)
    pd.testing.assert_frame_equal(alone.rows, given.rows)
    (taken,) = thresholds_info(fits, [moved])
    assert list(taken.rows["n"][taken.rows["d"] == moved.d]) == [7.0]


def test_a_single_crossing_is_no_curve(pair):
    narrow = [
        exact(fit.series.layer, c, p, {"n": N, "d": (8, 16)})
        for fit, c, p in zip(
            pair, (ATTENTION, RNN), ({"n": 2, "d": 1}, {"n": 1, "d": 2}), strict=True
        )
    ]
    assert len(thresholds_info(narrow)[0].rows) == 2
    lone = exact("rnn", RNN, {"n": 1, "d": 2}, {"n": N, "d": (16, 64)})
    other = exact("attention", ATTENTION, {"n": 2, "d": 1}, {"n": N, "d": (8, 16)})
    assert thresholds_info([lone, other]) == []
