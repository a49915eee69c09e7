"""A table whose law is known, and one run of the command that many tests look at."""

import shutil

import numpy as np
import pandas as pd
import pytest

from tests.helpers.command import layerlaw_process

#: A run with everything on: passes, counts, peaks, parts, the machine's rates.
RUN = ("run", "--profile", "quick", "--layer", "dense", "--rounds", "1", "--out", "out")


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
    folder = tmp_path_factory.mktemp("run")
    return folder, layerlaw_process(*RUN, cwd=folder)


@pytest.fixture
def ran(run_once, tmp_path):
    """Give a folder of a test's own in which the run was made."""
    shutil.copytree(run_once[0] / "out", tmp_path / "out")
    return tmp_path
