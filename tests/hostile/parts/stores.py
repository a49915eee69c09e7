"""Hostile stores: SQLite files that are damaged, foreign, newer, locked, or hold what is wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

from .. import valid
from ..attempts import Attempt, Limits
from ..kinds import Makers
from ..mutations import CONTROLS, NAMES, flipped, truncated, zeroed

KINDS = Makers()

STORE = "measurements.sqlite"


def attempt(rng: Random, refusal: bool | None = None, **further: Any) -> Attempt:
    """Have a store read by the commands that read one, or measured into."""
    given: dict[str, Any] = {"makes": ("ran", "again"), "limits": Limits(25), **further}
    match rng.randrange(4):
        case 0:
            return Attempt(("predict", "ran", "--at", "n=99", "--at", "d=9"), refusal, **given)
        case 1:
            given["spoils"] = tuple(f"ran/{STORE}{end}" for end in ("", "-wal", "-shm", ".lock"))
            return Attempt((*valid.RUN, "--out", "ran"), refusal, **given)
    return Attempt(("report", "ran", "--out", "again"), refusal, **given)


def _of_bytes(name: str, change: Callable[[bytes, Random], bytes], refusal: bool | None) -> None:
    def make(rng: Random, folder: Path) -> Attempt:
        (folder / "ran").mkdir()
        (folder / "ran" / STORE).write_bytes(change(valid.store_bytes(), rng))
        return attempt(rng, refusal)

    KINDS.add(f"store: {name}", make)


_of_bytes("truncated", truncated, refusal=None)
_of_bytes("bytes flipped", lambda content, rng: flipped(content, rng, 50), refusal=None)
_of_bytes("zeros", zeroed, refusal=None)
_of_bytes("noise", lambda content, rng: rng.randbytes(9_000), refusal=True)
_of_bytes("text", lambda content, rng: b"layer,device\n", refusal=True)
_of_bytes(
    "header flipped", lambda content, rng: flipped(content[:100], rng) + content[100:], refusal=None
)
_of_bytes(
    "declared number of pages",
    lambda content, rng: content[:28] + b"\x7f\xff\xff\xff" + content[32:],
    refusal=None,
)


def _of_statements(name: str, *choices: str | tuple[str, ...], refusal: bool | None = None) -> None:
    """Register a store in which statements of SQL were carried out."""

    def make(rng: Random, folder: Path) -> Attempt:
        (folder / "ran").mkdir()
        path = folder / "ran" / STORE
        path.write_bytes(valid.store_bytes())
        chosen = rng.choice(choices)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            pragma = "PRAGMA foreign_keys = OFF", "PRAGMA writable_schema = ON"
            for statement in (*pragma, *((chosen,) if isinstance(chosen, str) else chosen)):
                connection.execute(statement)
        return attempt(rng, refusal)

    KINDS.add(f"store: {name}", make)


_of_statements("of another program", "PRAGMA application_id = 1", refusal=True)
_of_statements(
    "of another version", "PRAGMA user_version = 99", "PRAGMA user_version = 0", refusal=True
)
_of_statements(
    "table left out",
    *(f"DROP TABLE {name}" for name in ("repeats", "measurements", "runs")),
    refusal=True,
)
_of_statements(
    "column left out",
    "ALTER TABLE repeats RENAME COLUMN value TO v",
    "ALTER TABLE measurements RENAME COLUMN fields TO f",
    "ALTER TABLE runs RENAME COLUMN machine TO m",
    refusal=True,
)
_of_statements(
    "values of other types",
    *(
        f"UPDATE OR IGNORE repeats SET value = {x}"
        for x in ("'x'", "x'00ff'", "-1", "0", "9e999", "-9e999")
    ),
    *(
        f"UPDATE OR IGNORE repeats SET value = {x} WHERE repeat = 1"
        for x in ("'x'", "-1", "1e308", "9e999")
    ),
)
_of_statements(
    "JSON that is none",
    *(
        f"UPDATE OR IGNORE {table} SET {column} = '{text}'"
        for table, column in (("runs", "settings"), ("runs", "machine"), ("measurements", "fields"))
        for text in ("", "{", "[]", "1", "null", "NaN", "{}", '{"x": 1}', "[" * 5000)
    ),
)
_of_statements(
    "fields of a case",
    *(
        f"UPDATE OR IGNORE measurements SET fields = json_set(fields, '$.{key}', json('{value}'))"
        for key in ("layer", "sizes", "sizes.n", "batch", "dtype", "device", "mode", "threads", "z")
        for value in ("null", "[]", '"x"', "-1", "1e999", '{"n": "x"}')
    ),
)
_of_statements(
    "status, round and note of other kinds",
    *(
        f"UPDATE OR IGNORE measurements SET {column} = {value}"
        for column in ("status", "note", "metric", "process", "'case'")
        for value in ("'x'", "''", "x'ff00'", "-1", "1e300")
    ),
    *(f"UPDATE OR IGNORE measurements SET round = round + {value}" for value in (10**6, 2**62, -5)),
)
_of_statements(
    "control characters",
    *(
        f"UPDATE OR IGNORE measurements SET {column} = '{character}' || {column}"
        for column in ("note", "status", "metric")
        for character in CONTROLS
        if character != "\x00"
    ),
)
_of_statements(
    "strange names",
    *(
        "UPDATE OR IGNORE measurements SET fields = "
        f"json_set(fields, '$.layer', '{name.replace(chr(39), '')}')"
        for name in NAMES
        if "\x00" not in name
    ),
)
_of_statements("nothing measured", ("DELETE FROM repeats", "DELETE FROM measurements"))
_of_statements("no repeats", "DELETE FROM repeats")
_of_statements("a run that is not there", "UPDATE OR IGNORE measurements SET run = 7")
_of_statements(
    "a table that has no end",
    (
        "ALTER TABLE repeats RENAME TO before",
        "CREATE VIEW repeats AS WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) "
        "SELECT 1 AS measurement, x AS repeat, 1e-6 AS value FROM t",
    ),
    refusal=True,
)
_of_statements(
    "a trigger",
    (
        "CREATE TRIGGER gone AFTER INSERT ON measurements BEGIN DELETE FROM measurements; END",
        "DELETE FROM repeats",
        "DELETE FROM measurements",
    ),
)


@KINDS("store: locked by another program")
def _locked(rng: Random, folder: Path) -> Attempt:
    (folder / "ran").mkdir()
    path = folder / "ran" / STORE
    path.write_bytes(valid.store_bytes())
    _held.append(sqlite3.connect(path, isolation_level=None, check_same_thread=False))
    _held[-1].execute("PRAGMA locking_mode = EXCLUSIVE")
    _held[-1].execute("BEGIN EXCLUSIVE")
    return attempt(rng, True, spoils=tuple(f"ran/{STORE}{end}" for end in ("", "-wal", "-shm")))


#: Connections that hold locks; `release` closes them.
_held: list[sqlite3.Connection] = []


def release() -> None:
    """Let go of stores that were locked."""
    while _held:
        _held.pop().close()


@KINDS("store: folder that cannot be written into")
def _read_only(rng: Random, folder: Path) -> Attempt:
    ran = folder / "ran"
    ran.mkdir()
    (ran / STORE).write_bytes(valid.store_bytes())
    (ran / STORE).chmod(0o444)
    ran.chmod(0o555)
    if rng.random() < 0.5:  # what is read is read there too
        command = rng.choice((("report", "ran", "-o", "again"), ("predict", "ran", "--at", "n=9")))
        at = ("--at", "d=9") if command[0] == "predict" else ()
        return Attempt((*command, *at), False, makes=("again",), limits=Limits(20))
    return Attempt((*valid.RUN, "--out", "ran"), True, limits=Limits(20))


@KINDS("store: full disk")
def _full_disk(rng: Random, folder: Path) -> Attempt:
    (folder / "ran").mkdir()
    disk = rng.choice((0, 5_000, 40_000, 100_000))
    (folder / "ran" / STORE).write_bytes(valid.store_bytes(missing=5))
    arguments = rng.choice(((*valid.RUN, "--no-isolate", "--out", "ran"), ("report", "ran")))
    spoils = tuple(f"ran/{STORE}{end}" for end in ("", "-wal", "-shm", ".lock"))
    return Attempt(arguments, makes=("ran",), spoils=spoils, disk=disk, limits=Limits(30))


@KINDS("store: write-ahead log that is none")
def _log(rng: Random, folder: Path) -> Attempt:
    (folder / "ran").mkdir()
    (folder / "ran" / STORE).write_bytes(valid.store_bytes())
    for end in rng.choice((("-wal",), ("-shm",), ("-wal", "-shm"))):
        (folder / "ran" / f"{STORE}{end}").write_bytes(rng.randbytes(rng.choice((0, 32, 5000))))
    return attempt(rng, spoils=tuple(f"ran/{STORE}{end}" for end in ("", "-wal", "-shm", ".lock")))
