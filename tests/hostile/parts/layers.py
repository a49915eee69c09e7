"""Hostile layers: each is explained and measured in a new Python, as a user would."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from math import inf
from pathlib import Path
from random import Random

from ..attempts import Attempt, Criterion, Fault, Limits, Outcome, Tried
from ..children import begun
from ..judging import ended, judge
from ..kinds import Kind
from .stores import STORE

_FILE = "harmful_layers.py"
_SOURCE = Path(__file__).with_name(_FILE)

_KEPT = tuple(f"out/{STORE}{end}" for end in ("", "-wal", "-shm", ".lock"))

#: Seconds that a layer may take for a measurement, and then for all that is done with it.
TIMEOUT, MOST = 2.0, 60.0

NAMES = tuple(
    line.partition("(")[0].split()[1]
    for line in _SOURCE.read_text(encoding="utf-8").splitlines()
    if line.startswith(("class ", "def ")) and "(nn.Module)" not in line
)


def _try_one(
    name: str, make: Callable[[str], Attempt], label: str, number: int, rng: Random, folder: Path
) -> Tried:
    folder = folder / "in"
    folder.mkdir()
    shutil.copy(_SOURCE, folder / _FILE)
    attempt = make(name)
    outcome = begun(attempt, folder)
    faults = (*judge(attempt, outcome), *_rows(folder, outcome))
    return Tried(
        label,
        attempt.command,
        ended(outcome),
        tuple(dict.fromkeys(faults)),
        outcome.wall,
        outcome.memory,
        outcome.stderr[-300:],
    )


def _own(name: str) -> tuple[str, ...]:
    """Give the files that a layer itself makes or changes."""
    return {"DeletesItsFile": (_FILE,), "WritesFiles": ("harm.txt",)}.get(name, ())


def _explain(name: str) -> Attempt:
    return Attempt(
        ("explain", f"{_FILE}:{name}"),
        makes=("__pycache__",),
        spoils=_own(name),
        limits=Limits(MOST, memory=3072, clock=1.5 * MOST, idle=inf),
    )


def _run(name: str) -> Attempt:
    return Attempt(
        (
            *("run", "--layer", f"{_FILE}:{name}", "--profile", "quick", "--rounds", "1"),
            *("--timeout", f"{TIMEOUT:g}", "--memory", "1", "--no-check", "--no-explain"),
            *("--out", "out"),
        ),
        makes=("out", "__pycache__"),
        # What was measured is kept, also where no law comes out of it.
        spoils=(*_own(name), "out", *_KEPT),
        limits=Limits(2 * MOST, memory=3072, clock=3 * MOST, idle=inf),
    )


def _rows(folder: Path, outcome: Outcome) -> Iterator[Fault]:
    """Hold rows that were measured against what rows are."""
    path = folder / "out" / STORE
    if not path.is_file():
        return
    try:
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("SELECT status, note FROM measurements").fetchall()
    except sqlite3.Error as error:
        yield Fault(Criterion.STORE, str(error))
        return
    for status, note in rows:
        if status != "ok" and not note:
            yield Fault(Criterion.STORE, f"a row has the status {status} without a reason")
        if any(ord(character) < 32 for character in note):
            yield Fault(Criterion.MESSAGE, "a note holds control characters")


KINDS = [
    Kind("layers", f"{how} {name}", partial(_try_one, name, make))
    for how, make in (("explain", _explain), ("run", _run))
    for name in NAMES
]
