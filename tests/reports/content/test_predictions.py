"""What a reader is told of sizes that were not measured."""

import numpy as np
import pandas as pd
import pytest
from layerlaw import analysis
from layerlaw.reports import predict_laws


def table(layer="mine", metric="seconds", scale=1e-9):
    n, d = (x.ravel() for x in np.meshgrid([32, 64, 128, 256, 512], [16, 32, 64, 128, 256]))
    noise = np.exp(np.random.default_rng(3).normal(0, 0.01, len(n)))
    value = scale * n * d**2 * (noise if metric == "seconds" else 1)
    frame = pd.DataFrame({"n": n, "d": d, "value": value})
    return frame.assign(layer=layer, device="cpu", mode="forward", metric=metric)


FITS = analysis.fit(table(), {"mine": "n*d**2"})


def test_a_cost_is_predicted_with_an_interval_and_how_far_beyond_it_is():
    (found,) = predict_laws(FITS, {"n": 1024, "d": 128}, None)
    assert found.low < found.value < found.high
    assert found.value == pytest.approx(1e-9 * 1024 * 128**2, rel=0.03)
    assert found.question == "n = 1024, d = 128"
    assert found.answer.startswith("16.")
    assert "ms [" in found.answer
    assert found.warning == "2 × the largest n"
    assert found.as_dict()["beyond"] == {"n": 2}


def test_within_the_points_there_is_no_warning():
    (found,) = predict_laws(FITS, {"n": 100, "d": 100}, None)
    assert found.warning == ""
    assert found.axis is None


def test_what_a_law_that_is_unresolved_predicts_says_so():
    noise = np.exp(np.random.default_rng(4).normal(0, 0.4, len(table())))
    rough = table().assign(value=lambda frame: frame.value * noise)
    (found,) = predict_laws(analysis.fit(rough, {"mine": "n*d**2"}), {"n": 100, "d": 100}, None)
    assert found.as_dict()["verdict"] == "unresolved"
    assert found.warning == "the law is unresolved"


def test_the_size_that_is_not_given_is_found():
    (found,) = predict_laws(FITS, {"d": 64}, 1.0)
    assert found.axis == "n"
    assert found.low < found.value < found.high
    assert found.value == pytest.approx(1e9 / 64**2, rel=0.05)
    assert found.question == "n within 1 s at d = 64"
    assert set(found.beyond) == {"n"}


def test_an_exact_law_needs_no_interval_and_a_size_without_end_is_any():
    fits = analysis.fit(table(metric="flops", scale=2), {"mine": "n*d**2"})
    (found,) = predict_laws(fits, {"n": 10, "d": 10}, None)
    assert found.answer == "2 kFLOP"
    (found,) = predict_laws(fits, {"d": 1}, 1e30)
    assert found.answer == "any"
    assert found.as_dict()["value"] is None


def test_what_is_missing_is_named():
    with pytest.raises(ValueError, match=r"mine, time: .* give d as well"):
        predict_laws(FITS, {"n": 5}, None)
    with pytest.raises(ValueError, match=r"mine, time: .* all but the one"):
        predict_laws(FITS, {}, 1.0)
    with pytest.raises(ValueError, match=r"mine, time: .* all but the one"):
        predict_laws(FITS, {"n": 1, "d": 1}, 1.0)
    with pytest.raises(ValueError, match=r"'q'.*: d, n"):
        predict_laws(FITS, {"n": 1, "d": 1, "q": 1}, None)


def test_a_law_without_intervals_says_so():
    few = table().iloc[[0, 6, 12]]
    with pytest.raises(ValueError, match="mine, time: 3 points are too few"):
        predict_laws(analysis.fit(few, {"mine": "n*d**2"}), {"n": 5, "d": 5}, None)
