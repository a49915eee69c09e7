"""One tiny run from Python that many tests look at."""

import layerlaw
import pytest

#: Passes once, at few sizes; counts and peaks beside them.
TINY = {"profile": "asv", "rounds": 1, "repeats": 1, "explain": False, "check": False}


@pytest.fixture(scope="session")
def ran(tmp_path_factory):
    """Give the folder of a run, and its result; tests read them alone."""
    folder = tmp_path_factory.mktemp("session") / "out"
    return folder, layerlaw.run("dense", out=folder, **TINY)
