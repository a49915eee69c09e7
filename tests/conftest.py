"""Tables of laws with coefficients that are known, and their fits, made once for all tests."""

import pandas as pd
import pytest
from layerlaw import analysis
from layerlaw.analysis import Fit

from tests.helpers.known_laws import attention, rnn, rows


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    """Two layers of the registry, and one that it does not know."""
    return pd.concat(
        [
            rows("rnn", rnn, seed=1),
            rows("attention", attention, seed=2),
            rows("mine", lambda n, d: 1e-8 * n * d, seed=3),
        ],
        ignore_index=True,
    )


@pytest.fixture(scope="session")
def fits(table: pd.DataFrame) -> list[Fit]:
    return analysis.fit(table)
