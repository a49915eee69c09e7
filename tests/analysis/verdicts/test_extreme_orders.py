"""Orders of any degree are fitted within the range of floats, and 0 is refused for a time."""

import re

import numpy as np
import pandas as pd
import pytest
from layerlaw.analysis import fit
from layerlaw.analysis.tables import TableError

SIZES = np.array([[n, d] for n in (16, 64, 256, 1024) for d in (8, 32, 128)], dtype=float)


def table(values, sizes=SIZES):
    n, d = sizes.T
    return pd.DataFrame({"layer": "mine", "n": n, "d": d, "seconds": values})


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("order", ["n**10", "n**33", "n**-33", "(n+d)**11", "n**-9*d**12"])
def test_an_order_of_any_degree_ends_without_a_warning(order):
    n, d = SIZES.T
    noise = 1 + 0.03 * np.cos(np.arange(len(SIZES)))
    (found,) = fit(table((1e-6 + 2e-9 * n * d) * noise), {"mine": order})
    assert found.judgement.verdict.value in ("unresolved", "differs")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("factor", [1, 2.0**20])
def test_sizes_of_any_magnitude_have_the_same_law(factor):
    n, d = SIZES.T
    noise = 1 + 0.02 * np.cos(np.arange(len(SIZES)))
    values = 2e-12 * n**3 * d**2 * noise
    (found,) = fit(table(values, SIZES * factor), {"mine": "n**3*d**2"})
    exponents = [each.estimate for each in found.law.exponents]
    assert exponents == pytest.approx([3, 2], abs=0.05)
    assert found.law.predict(SIZES[-1:] * factor) == pytest.approx(values[-1:], rel=0.05)


@pytest.mark.parametrize(
    ("order", "why"),
    [
        *((order, "it is 0, and no time is") for order in ("0", "0*n", "n - n")),
        ("d - n", "the term -n of d - n is not positive"),
        ("max(n, d)", "Max(d, n) in Max(d, n) is neither a power of a size nor of its log"),
    ],
)
def test_an_order_that_no_time_has_is_refused(order, why):
    with pytest.raises(TableError, match=re.escape(f"expected mine={order}: {why}")):
        fit(table(1e-6 * SIZES[:, 0]), {"mine": order})


@pytest.mark.filterwarnings("error")
def test_a_largest_size_of_a_steep_order_is_found_without_overflow():
    n, d = SIZES.T
    (found,) = fit(table((1e-6 + 2e-9 * n * d) * (1 + 0.03 * np.cos(n))), {"mine": "n**30"})
    largest = found.law.largest_size("n", 1.0, {"d": 64})
    assert largest.low <= largest.estimate <= largest.high
    assert np.isfinite(largest.estimate)
