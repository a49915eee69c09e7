"""A short sample of what is hostile; `tox run -e hostile` tries all of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from tests.hostile.trying import name_of, sample

#: What is known to fail, with the reason: strict, so that a mended kind is taken out.
KNOWN: dict[str, tuple[str, ...]] = {}

REASONS = {label: reason for reason, labels in KNOWN.items() for label in labels}
LABELS = [name_of(kind, number) for kind, number in sample()]


@pytest.fixture(scope="session", name="tried")
def _tried(tmp_path_factory):
    """Try the sample once, whichever of several processes comes first."""
    if sys.platform != "linux":
        pytest.skip("limits and orphans of processes are Linux's")
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    path = shared / "hostile.json"
    with FileLock(f"{path}.lock"):
        if not path.is_file():
            subprocess.run(
                [sys.executable, "-m", "tests.hostile", "--sample", "--json", path],
                cwd=Path(__file__).parents[2],
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                stdout=subprocess.DEVNULL,
                timeout=600,
                check=False,  # its status says whether anything is wrong, which the tests say
            )
    return {one["label"]: one for one in json.loads(path.read_text())}


@pytest.mark.nightly
@pytest.mark.parametrize(
    "label",
    [
        pytest.param(label, marks=pytest.mark.xfail(strict=True, reason=REASONS[label]))
        if label in REASONS
        else label
        for label in LABELS
    ],
)
def test_it_is_refused_or_done_within_its_limits(label, tried):
    one = tried[label]
    assert one["faults"] == [], f"{one['command']}\n{one['said']}"


@pytest.mark.nightly
def test_every_known_fault_is_in_the_sample():
    assert set(REASONS) <= set(LABELS)
