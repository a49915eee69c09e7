"""The generator of laws that are known, and the figures that are made of what was found."""

import numpy as np
import pandas as pd
import pytest
from layerlaw.analysis.tables import check_table, split_series
from layerlaw.studies.validation.acceptance import Criterion, criteria
from layerlaw.studies.validation.synthetic import MUCH_OVERHEAD, Kind, draw_cases
from layerlaw.studies.validation.validation import (
    KINDS,
    case_results,
    recover_exact_orders,
    summarise,
)


def axes_of(case):
    return list(case.truth.leading.axes)


def points(case):
    return case.table[axes_of(case)].drop_duplicates().to_numpy(float)


@pytest.mark.parametrize("kind", list(KINDS))
def test_cases_come_again_with_their_seed(kind):
    one, again, other = (next(draw_cases(1, seed, KINDS[kind])) for seed in (5, 5, 6))
    pd.testing.assert_frame_equal(one.table, again.table)
    pd.testing.assert_frame_equal(one.extrapolated, again.extrapolated)
    assert not one.table.equals(other.table)


def test_what_is_measured_is_the_truth_but_for_noise():
    for case in draw_cases(20, 5, Kind()):
        sizes = case.table[axes_of(case)].to_numpy(float)
        ratio = case.table["value"].to_numpy() / case.truth(sizes)
        assert np.median(ratio) == pytest.approx(1, abs=0.12)


def test_off_the_law_one_exponent_is_off():
    for case in draw_cases(20, 5, Kind(off_law=True)):
        off = np.abs(case.truth.shift)
        assert np.count_nonzero(off) == 1
        assert 0.35 <= off.max() <= 0.8


def test_overhead_hides_the_leading_term_at_every_point():
    for case in draw_cases(20, 5, Kind(overhead=MUCH_OVERHEAD, hidden=True)):
        truth, sizes = case.truth, points(case)
        lead = truth.coefficient * truth.leading.column(sizes)
        assert (lead / truth(sizes)).max() < 0.2


def test_a_slope_changes_by_half_or_more_with_points_on_either_side():
    for case in draw_cases(20, 5, Kind(slope_break=True)):
        change = case.truth.change
        reached = change.along.column(points(case))
        assert 0.5 <= abs(change.slope_change) <= 1
        beside = (
            np.count_nonzero(reached < change.location),
            np.count_nonzero(reached > change.location),
        )
        assert min(beside) >= len(reached) / 6


def test_points_to_be_predicted_lie_at_twice_the_largest_size():
    for case in draw_cases(20, 5, Kind()):
        held = case.extrapolated[axes_of(case)].to_numpy(float)
        assert ((held / points(case).max(axis=0)).max(axis=1) == 2).all()


def test_case_results_are_summed_up_with_nothing_left_out():
    some = case_results(list(draw_cases(3, 5, Kind())), [])
    figures = summarise(some)
    assert figures["number"] == 3
    assert figures["matches"] + figures["differs"] + figures["unresolved"] == pytest.approx(1)
    errors = np.concatenate([one.errors for one in some])
    assert figures["median error"] == pytest.approx(np.median(errors))
    assert 0 <= figures["coverage"] <= 1
    assert np.isnan(figures["outside matches"])  # all follow a law


def test_every_power_with_logarithms_is_found_without_noise():
    assert recover_exact_orders() == (11, 11)


def test_bars_say_what_is_reached():
    assert Criterion("error", 0.01, 0, 0.02).is_met
    assert not Criterion("error", 0.03, 0, 0.02).is_met
    assert not Criterion("coverage", 0.98, 0.93, 0.97).is_met
    some = summarise(case_results(list(draw_cases(1, 5, Kind())), []))
    figures = pd.DataFrame([some] * len(KINDS), index=list(KINDS))
    found = {bar.figure: bar for bar in criteria(figures, (10, 11))}
    assert not found["x^p·log^q x found, without noise"].is_met
    assert found["median error of an exponent"].value == some["median error"]


def test_which_process_measured_a_point_is_kept():
    case = next(draw_cases(1, 8, Kind()))
    (series,) = split_series(check_table(case.table, "synthetic"), "synthetic")
    rows = case.table.groupby(axes_of(case), sort=False)["process"]
    shares = rows.value_counts(normalize=True).unstack(fill_value=0.0).sort_index(axis=1)
    shares = shares.loc[[tuple(p) if len(p) > 1 else p[0] for p in series.sizes]]
    np.testing.assert_allclose(series.processes, shares.to_numpy())
