"""A theory that is a sum: each term has its own coefficient, unless theory states the ratio."""

import numpy as np
import pandas as pd
import pytest
from layerlaw import fit
from layerlaw.analysis import Verdict, parse
from layerlaw.analysis.verdicts.theory import states_ratio

RNG_SEED = 5
POINTS = [(n, d) for n in (128, 256, 512, 1024, 2048, 4096) for d in (16, 32, 64, 128)]


def table(values, noise=0.0):
    rows = pd.DataFrame(POINTS, columns=["n", "d"], dtype=float)
    rows["value"] = values(rows["n"], rows["d"])
    rows["value"] *= np.exp(np.random.default_rng(RNG_SEED).normal(0, noise, len(rows)))
    return rows.assign(layer="mine", device="cpu", mode="forward", metric="seconds")


def of_two(n, d):
    return 2e-5 + 3e-9 * n * d**2 + 1e-10 * n**2 * d


def test_a_sum_whose_ratio_nobody_stated_has_a_coefficient_for_each_term():
    (found,) = fit(table(of_two), {"mine": "n**2*d + n*d**2"})
    assert found.judgement.verdict is Verdict.MATCHES
    assert [each.estimate for each in found.law.exponents] == pytest.approx([2, 2], abs=0.01)
    leading = {one["term"]: one["coefficient"] for one in found.to_dict()["terms"]}
    assert leading["n**2*d"] == pytest.approx(1e-10, rel=0.01)
    assert leading["n*d**2"] == pytest.approx(3e-9, rel=0.01)
    beyond = np.array([[8192.0, 256.0]])
    value, low, high = found.law.predict(beyond, interval=0.95)
    assert value == pytest.approx(of_two(8192, 256), rel=0.01)
    assert low < of_two(8192, 256) < high
    assert found.theory.text() == "n²·d + n·d²"


def test_an_order_in_brackets_and_noise_make_no_difference():
    (found,) = fit(table(of_two, 0.01), {"mine": "n*d*(n + d)"})
    assert found.judgement.verdict is Verdict.MATCHES


def test_a_sum_that_grows_differently_still_differs():
    (found,) = fit(
        table(lambda n, d: 2e-5 + n**0.6 * (3e-9 * n * d**2 + 1e-10 * n**2 * d), 0.01),
        {"mine": "n**2*d + n*d**2"},
    )
    assert found.exponents["n"].verdict is Verdict.DIFFERS
    assert found.law.exponents[0].estimate == pytest.approx(2.6, abs=0.1)


@pytest.mark.parametrize(
    ("theory", "stated"),
    [
        ("4*n**2*d + 8*n*d**2", True),
        ("n**2*d + 2*n*d**2", True),
        ("n**2*d + n*d**2", False),
        ("n*d*(n + d)", False),
    ],
)
def test_a_ratio_is_stated_by_a_coefficient_other_than_one(theory, stated):
    assert states_ratio(parse(theory)) == stated


def test_a_stated_ratio_stays():
    (found,) = fit(
        table(lambda n, d: 1e-10 * (4 * n**2 * d + 8 * n * d**2)),
        {"mine": "4*n**2*d + 8*n*d**2"},
    )
    assert found.judgement.verdict is Verdict.MATCHES
    one, other = (term["coefficient"] for term in found.to_dict()["terms"] if term["leading"])
    assert other / one in (pytest.approx(2), pytest.approx(0.5))
