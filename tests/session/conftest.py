"""One tiny run from Python that many tests look at."""

import layerlaw
import pytest

from tests.helpers.made_once import made_once
from tests.helpers.no_waiting import no_waiting

#: Passes once, at few sizes; counts and peaks beside them.
TINY = {"profile": "asv", "rounds": 1, "repeats": 1, "explain": False, "check": False}


@pytest.fixture(autouse=True, scope="module")
def _no_waiting():
    with no_waiting():
        yield


@pytest.fixture(scope="session")
def ran(tmp_path_factory):
    """Give the folder of a run, and its result; tests read them alone.

    One process measures; others find the run complete.
    """

    def run(folder):
        with no_waiting():
            return layerlaw.run("dense", out=folder / "out", **TINY)

    folder = made_once(tmp_path_factory, "session", run)
    return folder / "out", run(folder)
