"""Tables of laws with coefficients that are known, and their fits, made once for all tests."""

import os
from collections.abc import Iterator

import pandas as pd
import pytest
from layerlaw import analysis
from layerlaw.analysis import Fit

from tests.fuzzing.fuzzing import register_profiles
from tests.helpers.known_laws import attention, rnn, rows

register_profiles()

# Torch reads it when it is loaded, which is later, and so do the processes that tests begin. On the
# small tensors of tests a second thread only waits, and beside other tests for milliseconds.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(name="isolated_registry")
def _isolated_registry() -> Iterator[None]:
    """Let a test register and load layers that the next one does not see."""
    from layerlaw.layers import isolated_registry  # loads torch, which most tests do not need

    with isolated_registry():
        yield


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
