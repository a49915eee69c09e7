import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def rows():
    """Rows of a layer called `mine` that grows as n·d², five repeats a point."""
    rng = np.random.default_rng(0)
    points = [(n, d) for n in (32, 64, 128, 256, 512, 1024) for d in (16, 32, 64, 128, 256)]
    return pd.DataFrame(
        [
            {
                "layer": "mine",
                "device": "cpu",
                "mode": "forward",
                "metric": "seconds",
                "n": n,
                "d": d,
                "k": None,
                "repeat": repeat,
                "value": (1e-5 + 1e-9 * n * d + 1e-10 * n * d**2) * rng.lognormal(0, 0.02),
            }
            for n, d in points
            for repeat in range(5)
        ]
    )


@pytest.fixture
def table_of():
    """Make a tidy table of points, one repeat each."""

    def make(layer, sizes, values):
        return pd.DataFrame(
            {
                "layer": layer,
                "device": "cpu",
                "mode": "forward",
                "metric": "seconds",
                "n": sizes[:, 0],
                "d": sizes[:, 1],
                "value": values,
            }
        )

    return make
