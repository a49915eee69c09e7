"""A leading term that another one hides: theory is not refuted where it fits as well."""

import numpy as np
import pandas as pd
import pytest
from layerlaw import fit
from layerlaw.analysis import Verdict, fit_law, judge_law, leading_part, parse
from layerlaw.analysis.fitting import compare_with_theory

LENGTHS, WIDTHS = (256, 1024, 4096, 8192, 16384), (16, 32, 64, 128)
#: Attention's backward pass on a GPU, in milliseconds: a row for each width.
ATTENTION = (
    (0.544, 0.514, 2.738, 9.671, 38.779),
    (0.517, 0.576, 2.893, 10.147, 39.683),
    (0.521, 0.586, 2.915, 10.033, 39.668),
    (0.515, 0.616, 3.000, 10.355, 40.837),
)
SIZES = np.array([(n, d) for d in WIDTHS for n in LENGTHS], dtype=float)
N, D = SIZES.T
LEAD = leading_part(parse("n**2*d"), ("n", "d"))


def fitted(values, seed=1, noise=0.02):
    noisy = values * np.exp(np.random.default_rng(seed).normal(0, noise, len(values)))
    return fit_law(SIZES, noisy, LEAD, LEAD.divisors())


def verdict(law):
    return judge_law(law, {"n": 2, "d": 1})[0].verdict


def test_a_leading_term_hidden_by_another_of_the_same_degree_in_n_is_unresolved():
    table = pd.DataFrame(SIZES, columns=["n", "d"]).assign(
        layer="att", device="cuda", mode="backward", metric="seconds"
    )
    table["value"] = np.ravel(ATTENTION) / 1e3
    (found,) = fit(table, {"att": "n**2*d"})
    assert found.judgement.verdict is Verdict.UNRESOLVED
    assert "theory fits as well with its lower-order terms" in found.reason
    assert "n²·d then takes at most" in found.reason


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_theory_that_describes_the_points_as_well_is_not_refuted(seed):
    law = fitted(5e-4 + 1.45e-10 * N**2 + 5e-14 * N**2 * D + 3e-10 * N * D, seed)
    assert verdict(law) is Verdict.UNRESOLVED
    assert compare_with_theory(law).leading_share < 0.2


@pytest.mark.parametrize("growth", [N**1.5 * D, N**2 * D**1.5, N**2.5 * D, N**2 * D**0.5])
def test_a_real_difference_is_found(growth):
    law = fitted(0.1 * growth.min() + growth)
    assert verdict(law) is Verdict.DIFFERS
    assert compare_with_theory(law).log_likelihood_ratio > np.log(1000)
