"""Statements of crossings, held against laws whose crossing is known."""

import numpy as np
import pandas as pd
import pytest
from layerlaw.analysis import fit
from layerlaw.analysis.crossings.crossing_points import crossing, interpolated_crossing
from layerlaw.studies.published.source import StatedCrossing
from layerlaw.studies.published.stated_crossings import ComparedCrossing, compare_crossing

from tests.helpers.known_laws import exact

TRUTH = 1000.0  # where 1e-9·n² and 1e-6·n cost the same


@pytest.fixture(scope="module")
def fits():
    n = 2.0 ** np.arange(7, 15)
    rng = np.random.default_rng(5)
    frames = []
    for layer, values in (("square", 5e-6 + 1e-9 * n**2), ("line", 5e-6 + 1e-6 * n)):
        noisy = values * np.exp(rng.normal(0, 0.02, len(n)))
        frames.append(pd.DataFrame({"layer": layer, "n": n, "d": 64, "value": noisy}))
    frame = pd.concat(frames, ignore_index=True)
    frame = frame.assign(device="gpu", mode="forward", metric="seconds")
    return fit(frame, {"square": "n**2*d", "line": "n*d"})


def said(low, high, cheaper="line", dearer="square"):
    return StatedCrossing("that", "someone", cheaper, dearer, "forward", low, high)


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        (said(900, 1100), "agrees"),
        (said(512, 1024), "agrees"),
        (said(2000, 4000), "does not agree"),
        (said(128, 256), "does not agree"),
        (said(900, 1100, "square", "line"), "does not agree"),  # it is the other one
    ],
)
def test_a_statement_is_held_against_the_interval(fits, statement, verdict):
    compared = compare_crossing(statement, fits)
    assert compared.crossing is not None
    assert compared.crossing.low <= TRUTH <= compared.crossing.high
    assert compared.line_crossing == pytest.approx(TRUTH, rel=0.1)
    assert compared.verdict == verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.0, 1200.0, "unresolved"), (900.0, np.inf, "unresolved"), (300.0, 2000.0, "unresolved")],
)
def test_an_interval_that_would_agree_with_anything_does_not(fits, low, high, verdict):
    statement = said(900, 1100)
    found = compare_crossing(statement, fits).crossing._replace(low=low, high=high)
    assert ComparedCrossing(statement, found, None).verdict == verdict


def test_laws_that_do_not_cross_do_not_agree(fits):
    assert ComparedCrossing(said(900, 1100), None, None).verdict == "does not agree"


def test_a_statement_of_a_layer_that_is_not_there_is_an_error(fits):
    with pytest.raises(ValueError, match="'nothing', mode 'forward'"):
        compare_crossing(said(1, 2, "nothing"), fits)


def test_layers_that_no_registry_knows_cross_too():
    square = exact("square", 1e-9, {"n": 2}, {"n": (16, 4096)})
    line = exact("line", 1e-6, {"n": 1}, {"n": (16, 4096)})
    found = crossing(square, line, {})
    assert (found.cheaper, found.dearer) == ("line", "square")
    assert found.n == pytest.approx(TRUTH)
    # Two powers are straight lines in logarithms.
    assert interpolated_crossing(square.series, line.series) == pytest.approx(TRUTH)
    assert interpolated_crossing(line.series, line.series) is None
