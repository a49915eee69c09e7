"""Misprints that are put in are found, and few where there is none."""

import numpy as np
import pandas as pd
import pytest
from layerlaw.analysis import fit
from layerlaw.analysis.verdicts.outliers import OUTLIER_LEVEL, find_outliers

HALF = 0.5e-8  # seconds: half of the last digit that these tables print


def clean(seed, lengths=10, layer="mine"):
    """A table as papers print it: overhead, an order of 1 or 2, 3 % noise, rounded values."""
    rng = np.random.default_rng(seed)
    n = 2.0 ** np.arange(7, 7 + lengths)
    order = rng.choice([1, 2])
    lead = rng.uniform(0.5, 2) * 1e-9 * n**order * (1 if order == 2 else 500)
    values = (1e-4 + rng.uniform(0, 1e-6) * n + lead) * np.exp(rng.normal(0, 0.03, lengths))
    frame = pd.DataFrame({"n": n, "d": 64, "value": values.round(8)})
    frame = frame.assign(layer=layer, device="gpu", mode="forward", metric="seconds")
    return frame, {layer: "n**2*d" if order == 2 else "n*d"}


def held(frame, expect):
    fits = fit(frame, expect)
    return find_outliers(fits, [np.full(len(one.series.values), HALF) for one in fits])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("factor", [0.5, 2.5])
def test_a_misprint_is_found_and_named(seed, factor):
    frame, expect = clean(seed)
    at = 4 + seed % 3
    frame.loc[at, "value"] *= factor
    first, *_ = held(frame, expect)
    assert first.is_outlier
    assert first.index == at
    assert first.sizes == {"n": frame.loc[at, "n"]}
    assert first.value / first.predicted == pytest.approx(factor, rel=0.2)
    assert np.sign(first.studentised) == np.sign(factor - 1)


@pytest.mark.parametrize("pages", [1, pytest.param(15, marks=pytest.mark.nightly)])
def test_clean_tables_have_none(pages):
    tables = 4  # one correction for all points of a page
    flagged = 0
    for page in range(pages):
        made = [
            clean(1000 + tables * page + i, lengths=8 + i % 3, layer=f"l{i}") for i in range(tables)
        ]
        expect = {layer: order for _, told in made for layer, order in told.items()}
        found = held(pd.concat([frame for frame, _ in made], ignore_index=True), expect)
        flagged += len({one.fit.series.layer for one in found if one.is_outlier})
    assert flagged <= 0.02 * pages * tables


def test_a_point_at_the_end_is_not_held_against_a_prediction_far_beyond_the_others():
    frame, expect = clean(3)
    assert not any(one.is_outlier for one in held(frame, expect) if one.index == len(frame) - 1)


def test_what_rounding_may_hide_is_no_misprint():
    frame, expect = clean(0)
    frame.loc[5, "value"] *= 2
    fits = fit(frame, expect)
    coarse = [np.full(len(frame), frame["value"].max())]
    assert find_outliers(fits, [np.full(len(frame), HALF)])[0].is_outlier
    assert not any(one.is_outlier for one in find_outliers(fits, coarse))


def test_a_table_of_four_takes_its_spread_from_the_others():
    n = 1024.0 * np.arange(1, 5)
    rng = np.random.default_rng(0)
    frames = []
    for at in range(6):
        values = (0.1 + 4e-8 * (1 + at / 4) * n**2) * np.exp(rng.normal(0, 0.02, 4))
        if at == 0:
            values[2] /= 3
        frames.append(pd.DataFrame({"n": n, "d": 64, "value": values, "layer": f"model{at}"}))
    frame = pd.concat(frames, ignore_index=True)
    frame = frame.assign(device="tpu", mode="training", metric="seconds")
    found = held(frame, {f"model{at}": "n**2*d" for at in range(6)})
    first = found[0]
    assert first.is_outlier
    assert first.pooled
    assert first.fit.series.layer == "model0"
    assert {one.fit.series.layer for one in found if one.is_outlier} == {"model0"}
    # Alone it has nothing to be held against.
    alone = held(frame[frame["layer"] == "model0"], {"model0": "n**2*d"})
    assert not any(one.is_outlier for one in alone)


def test_the_correction_counts_all_points():
    frame, expect = clean(1)
    other, told = clean(2, layer="other")
    one = held(frame, expect)
    both = held(pd.concat([frame, other], ignore_index=True), {**expect, **told})
    own = {each.index: each.p_value for each in both if each.fit.series.layer == "mine"}
    assert len(both) == 2 * len(one)
    for each in one:
        assert own[each.index] == pytest.approx(min(2 * each.p_value, 1)) or each.p_value == 1
    assert 0 < OUTLIER_LEVEL < 1


def test_an_exact_law_has_no_misprints():
    n = 2 ** np.arange(5, 12)
    frame = pd.DataFrame({"n": n, "d": 64, "value": 3 * n**2 + 7 * n})
    frame = frame.assign(layer="mine", device="cpu", mode="forward", metric="peak_bytes")
    assert held(frame, {"mine": "n**2"}) == []
