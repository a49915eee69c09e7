"""A table whose law is known, and one run of the command that many tests look at."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from tests.helpers.command import Completed, layerlaw_process
from tests.helpers.made_once import made_once
from tests.helpers.no_waiting import no_waiting

#: A run with everything on: passes, counts, peaks, parts, the machine's rates.
RUN = ("run", "--profile", "quick", "--layer", "dense", "--rounds", "1", "--out", "out")


@pytest.fixture(autouse=True, scope="module")
def _no_waiting():
    with no_waiting():
        yield


@pytest.fixture
def table(tmp_path):
    n, d = np.meshgrid([32, 64, 128, 256, 512], [16, 32, 64, 128, 256])
    frame = pd.DataFrame({"n": n.ravel(), "d": d.ravel()})
    frame = frame.assign(layer="mine", device="cpu", mode="forward", metric="seconds")
    frame["value"] = 1e-6 + 1e-10 * frame.n * frame.d**2
    path = tmp_path / "table.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def run_once(tmp_path_factory):
    """Make one run, in a process of its own; gives the folder it was called in, and what it said.

    Tests read it alone; `ran` is for those that write.
    """

    def make(folder):
        said = layerlaw_process(*RUN, cwd=folder)
        (folder / "said.json").write_text(json.dumps(said))

    folder = made_once(tmp_path_factory, "run", make)
    return folder, Completed(*json.loads((folder / "said.json").read_text()))


@pytest.fixture
def ran(run_once, tmp_path):
    """Give a folder of a test's own in which the run was made."""
    shutil.copytree(run_once[0] / "out", tmp_path / "out")
    return tmp_path
