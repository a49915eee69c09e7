"""SIGKILL for the command, a worker or the fork server: the store keeps all, and goes on."""

from __future__ import annotations

import json
import os
import shlex
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random

from .. import valid
from ..attempts import Criterion, Fault, Tried
from ..children import SCRIPT, end_descendants
from ..kinds import Kind
from .stores import STORE

#: Points that a run has left to measure.
LEFT = 6
#: Seconds that a run, and one that goes on, may take.
MOST = 120.0
#: Seconds that what was begun may take to end after its parent.
GRACE = 5.0

_ROOT = Path(__file__).parents[3]
_FILES = {STORE, f"{STORE}.lock", "report.html", "report.md", "table.csv", "laws.json"}

#: A measurement, with the times of it.
Rows = dict[tuple[object, ...], tuple[object, ...]]


class BrokenStore(Exception):
    """The store is damaged, or holds something twice."""


def _try_one(who: str, when: str, label: str, number: int, rng: Random, folder: Path) -> Tried:
    begin, folder = time.monotonic(), folder / "in"
    (folder / "out").mkdir(parents=True)
    (folder / "out" / STORE).write_bytes(valid.store_bytes(LEFT))
    run = (*valid.RUN, "--out", "out")
    kill = ("-m", "tests.hostile.parts.killer", who, when, _moment(when, rng), *run)
    said: list[str] = []
    try:
        faults = list(_killed(who, kill, run, folder, said))
    except (BrokenStore, sqlite3.Error) as error:
        faults = [Fault(Criterion.STORE, str(error)[:90])]
    seconds, ended = time.monotonic() - begin, "broken" if faults else "taken"
    told = "".join(said)[-300:]
    command = shlex.join(["python", *kill])
    return Tried(label, command, ended, tuple(dict.fromkeys(faults)), seconds, 0.0, told)


def _killed(
    who: str, kill: tuple[str, ...], run: tuple[str, ...], folder: Path, said: list[str]
) -> Iterator[Fault]:
    """Kill, look, go on, and look again."""
    before = _rows(folder)
    status, text = _process(kill, folder)
    said.append(text)
    for one in end_descendants(GRACE):
        yield Fault(Criterion.PROCESSES, " ".join(one.split()[:3])[:60])
    if f"killing the {who}" not in text:
        yield Fault(Criterion.STATUS, "the moment to kill did not come")
    yield from _ended(who, status, text)
    between = _rows(folder)
    yield from _kept(before, between, "after the kill")
    status, text = _process(("-c", SCRIPT, *run), folder)
    said.append(text)
    if status != 0:
        yield Fault(Criterion.STATUS, f"going on ends with status {status}")
    after = _rows(folder)
    yield from _kept(between, after, "after going on")
    yield from _whole(folder, after)


def _moment(when: str, rng: Random) -> str:
    """Give the number of the event at which it is killed, and the seconds after it."""
    if when == "starting":
        return _text(1, rng)
    if when == "reporting":
        return f"{rng.randint(1, 8)}.0"  # each of four files is begun and put into its place
    if when == "storing":
        return f"{rng.randint(1, LEFT - 1)}.0"
    return _text(rng.randint(1, LEFT - 2), rng, most=0.05)


def _text(number: int, rng: Random, most: float = 0.99) -> str:
    return f"{number + rng.random() * most:.3f}"


def _process(arguments: tuple[str, ...], folder: Path) -> tuple[int, str]:
    paths = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH", ""))))
    with (folder.parent / "said").open("w+b") as said:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
            env={**os.environ, "COLUMNS": "160", "PYTHONPATH": paths},
        )
        try:
            status = process.wait(MOST)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            status = 124
        said.seek(0)
        return status, said.read().decode("utf-8", "replace")


def _ended(who: str, status: int, said: str) -> Iterator[Fault]:
    if status == 124:
        yield Fault(Criterion.TIME, f"more than {MOST:g} s")
    elif who != "parent" and status != 0:
        yield Fault(Criterion.STATUS, f"status {status} after the {who} was killed")
    if "Traceback" in said:
        yield Fault(Criterion.TRACEBACK, said.strip().splitlines()[-1][:90])


def _rows(folder: Path) -> Rows:
    """Read all measurements of a store, without our own code."""
    found: Rows = {}
    with closing(sqlite3.connect(folder / "out" / STORE)) as connection:
        query = 'SELECT id, run, "case", metric, round, status FROM measurements ORDER BY id'
        for number, *row in connection.execute(query).fetchall():
            query = "SELECT repeat, value FROM repeats WHERE measurement = ? ORDER BY repeat"
            values = tuple(connection.execute(query, (number,)).fetchall())
            key = tuple(row[:4])
            if key in found:
                raise BrokenStore("the store holds a measurement twice")
            found[key] = (row[4], *values)
        for check in ("integrity_check", "foreign_key_check"):
            wrong = [row for row in connection.execute(f"PRAGMA {check}") if row != ("ok",)]
            if wrong:
                raise BrokenStore(f"{check}: {wrong[0]}")
    return found


def _kept(before: Rows, after: Rows, moment: str) -> Iterator[Fault]:
    if set(before) - set(after):
        yield Fault(Criterion.STORE, f"measurements are lost {moment}")
    if any(after[key] != values for key, values in before.items() if key in after):
        yield Fault(Criterion.STORE, f"measurements are changed {moment}")
    if any(values[0] == "ok" and len(values) == 1 for values in after.values()):
        yield Fault(Criterion.STORE, f"a measurement has no times {moment}")


def _whole(folder: Path, rows: Rows) -> Iterator[Fault]:
    """Hold what lies there in the end against a run that was never killed."""
    if {key[1:] for key in rows} != valid.measurements() or len(rows) != len(valid.measurements()):
        yield Fault(Criterion.STORE, "not every point was measured once")
    there = {path.name for path in (folder / "out").iterdir()}
    if more := there - _FILES:
        yield Fault(Criterion.FILES, f"left in the folder: {sorted(more)[0][:60]}")
    if less := _FILES - there:
        yield Fault(Criterion.FILES, f"missing in the folder: {sorted(less)[0]}")
        return
    json.loads((folder / "out/laws.json").read_text())
    if not (folder / "out/report.html").read_text().rstrip().endswith("</html>"):
        yield Fault(Criterion.FILES, "the report's page is not whole")
    elsewhere = {path.name for path in folder.iterdir()} - {"out"}
    if elsewhere:
        yield Fault(Criterion.FILES, f"made: {sorted(elsewhere)[0]}")


KINDS = [
    Kind("kills", f"{who} while {when}", partial(_try_one, who, when))
    for who in ("parent", "worker", "forkserver")
    for when in ("starting", "measuring", "storing", "reporting")
    if who == "parent" or when != "reporting"  # by then no other process is there
]
