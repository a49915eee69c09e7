"""Points beside the roof of a made-up machine, whose peak and bandwidths are chosen."""

import numpy as np
import pandas as pd
import pytest
from layerlaw import analysis, layers
from layerlaw.analysis.explain.roofline_model import roofline
from layerlaw.analysis.tables import check_table, split_series
from layerlaw.analysis.tables.calibration import calibration_of
from layerlaw.layers.core.theory import subs

PEAK, FAST, SLOW, CACHE = 1e11, 5e10, 1e10, 2**20
SAME = {"device": "cpu", "dtype": "float32", "threads": 1, "machine": "a"}
GRID = [(n, d) for n in (32, 64, 128, 256) for d in (16, 32, 64)]


def machine(peak=PEAK, **conditions):
    """Rates of a machine in two rounds, of which the second was disturbed."""
    rows = [
        {"metric": "product_rate", "mode": engine, "n": n, "value": share * peak * n / 1024}
        for engine, share in {"mm": 0.5, "convolution": 1.0}.items()
        for n in (64, 256, 1024)
    ]
    rows += [
        # The least sets lack the cost of a call, and no more.
        {"metric": "bandwidth", "mode": stream, "n": size, "value": value}
        for stream, share in {"copy": 0.8, "dot": 1.0}.items()
        for size, value in {
            2**14: share * FAST / 10,
            CACHE: share * FAST,
            4 * CACHE: share * SLOW,
            64 * CACHE: share * SLOW,
        }.items()
    ]
    once = pd.DataFrame(rows).assign(layer="machine", d=pd.NA, **{**SAME, **conditions})
    return pd.concat([once.assign(round=0), once.assign(round=1, value=once["value"] / 2)])


def passes(layer, seconds, sizes=GRID, **conditions):
    frame = pd.DataFrame(sizes, columns=["n", "d"]).assign(value=seconds)
    names = {"layer": layer, "mode": "forward", "metric": "seconds", "round": 0, "batch": 1}
    return frame.assign(**{**names, **SAME, **conditions})


def series_of(*frames):
    table = check_table(pd.concat(frames, ignore_index=True), "table")
    return list(split_series(table, "table"))


def test_the_best_engine_and_round_count():
    (one,) = series_of(passes("attention", 1e-3), machine())
    calibration = one.calibration
    assert (calibration.peak, calibration.engine) == (PEAK, "convolution")
    assert list(calibration.sides) == [64, 256, 1024]
    sets = np.array([2.0**10, 2**14, 2**17, CACHE, 2 * CACHE, 4 * CACHE, 2**40])
    between = (FAST + SLOW) / 2  # half way in octaves
    expected = [FAST, FAST, FAST, FAST, between, SLOW, SLOW]
    assert calibration.bandwidth(sets) == pytest.approx(expected)


def test_each_series_has_the_calibration_of_its_conditions():
    frames = [
        passes("attention", 1e-3, dtype=dtype) for dtype in ("float32", "bfloat16", "float64")
    ]
    found = series_of(*frames, machine(), machine(8 * PEAK, dtype="bfloat16"))
    peaks = {one.by["dtype"]: one.calibration and one.calibration.peak for one in found}
    assert peaks == {"float32": PEAK, "bfloat16": 8 * PEAK, "float64": None}
    bytes_of = {one.by["dtype"]: one.calibration.element for one in found if one.calibration}
    assert bytes_of == {"float32": 4, "bfloat16": 2}


def test_rates_of_the_machine_are_no_layer_and_change_no_law():
    table = passes("attention", [1e-5 + 1e-9 * n**2 * d for n, d in GRID])
    (bare,), (beside,) = analysis.fit(table), analysis.fit(pd.concat([table, machine()]))
    assert beside.to_dict() == bare.to_dict()
    assert bare.series.calibration is None
    with pytest.raises(analysis.TableError, match="rates of the machine"):
        analysis.fit(machine())


def test_a_point_at_the_roof_has_the_share_1():
    flops = [float(subs(layers.get("attention").theory.flops, {"n": n, "d": d})) for n, d in GRID]
    (one,) = series_of(passes("attention", np.array(flops) / PEAK), machine())
    points = roofline(one)
    assert points.flops == pytest.approx(flops)
    assert points.achieved_rate == pytest.approx(PEAK)
    # q, k, v and the output, in four bytes; all within the cache.
    assert points.bytes_moved == pytest.approx([4 * 4 * n * d for n, d in GRID])
    assert points.streaming_rate == pytest.approx(points.intensity * FAST)
    computing = points.streaming_rate >= PEAK
    assert computing.any()
    assert points.share[computing] == pytest.approx(1)
    assert points.share[~computing] == pytest.approx((PEAK / points.streaming_rate)[~computing])


def test_weights_count_as_often_as_they_are_read_and_leave_the_cache():
    sizes = [(n, d) for n in (16, 32) for d in (64, 1024)]
    (one,) = series_of(passes("rnn", 1e-3, sizes), machine())
    points = roofline(one)
    n, d = one.sizes.T
    weights, ends = 4 * n * 2 * d**2, 4 * 2 * n * d
    assert points.bytes_moved == pytest.approx(weights + ends)
    speed = np.where(d == 1024, SLOW, FAST)  # of two matrices, with the rest: 8 MiB or 32 KiB
    assert points.moving_seconds == pytest.approx((weights + ends) / speed)


def test_a_fused_kernel_need_not_read_again_what_multiplies_its_inputs():
    sizes = [(n, d) for n in (16, 32) for d in (64, 128)]
    (one,) = series_of(passes("torch_rnn", 1e-3, sizes), machine())
    n, d = one.sizes.T
    assert roofline(one).bytes_moved == pytest.approx(4 * (n * d**2 + d**2 + 2 * n * d))


def test_a_batch_shares_the_weights():
    one, eight = (
        roofline(series_of(passes("rnn", 1e-3, batch=batch), machine())[0]) for batch in (1, 8)
    )
    assert eight.flops == pytest.approx(8 * one.flops)
    assert (eight.bytes_moved < 8 * one.bytes_moved).all()


@pytest.mark.parametrize(
    "other",
    [{"mode": "training"}, {"metric": "flops"}, {"options": "tf32"}, {"layer": "mine"}],
    ids=str,
)
def test_what_theory_or_the_machine_says_nothing_of_has_no_roof(other):
    (one,) = series_of(passes("attention", 1e-3).assign(**other), machine())
    assert one.calibration is not None
    assert roofline(one) is None


def test_a_table_without_columns_of_conditions_is_known_by_what_it_has():
    rows = machine()
    found = calibration_of(rows, {"device": "cpu"})
    assert found.conditions == {"device": "cpu"}
    assert found.element == 4
    assert calibration_of(rows, {"device": "cuda"}) is None
    assert calibration_of(rows[rows["metric"] == "bandwidth"], {"device": "cpu"}) is None
