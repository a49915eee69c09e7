"""Hostile JSON for each of its readers, and results that were saved (ZIP archives)."""

from __future__ import annotations

import copy
import json
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from .. import valid
from ..attempts import Attempt, Limits
from ..kinds import Makers
from ..mutations import OF_BYTES, OF_JSON, flipped, truncated
from .tables import attempt as read_table

KINDS = Makers()

#: Writes content where its reader looks for it, and gives the attempt to read it.
Place = Callable[[Random, Path, bytes], Attempt]


def _result_file(rng: Random, folder: Path, content: bytes) -> Attempt:
    (folder / "results.json").write_bytes(content)
    return read_table(rng, "results.json", expect=False)


def _asv_folder(rng: Random, folder: Path, content: bytes) -> Attempt:
    machine = folder / "results" / "testing"
    machine.mkdir(parents=True)
    described, result = json.dumps(valid.asv_benchmarks()).encode(), content
    if rng.random() < 0.4:  # it is the other file that is hostile
        described, result = content, json.dumps(valid.asv(rng)).encode()
    (machine.parent / "benchmarks.json").write_bytes(described)
    (machine / "97e90c0d-existing.json").write_bytes(result)
    (machine / "machine.json").write_text('{"machine": "testing"}')
    return read_table(rng, "results", expect=False)


def _beside_store(name: str) -> Place:
    """Put it into the folder of a run, whose report shows it."""

    def place(rng: Random, folder: Path, content: bytes) -> Attempt:
        (folder / "ran").mkdir()
        (folder / "ran/measurements.sqlite").write_bytes(valid.store_bytes())
        (folder / "ran" / name).write_bytes(content)
        spoils = (f"ran/{name}",)  # it is written anew
        return Attempt(("report", "ran"), makes=("ran",), spoils=spoils, limits=Limits(20))

    return place


def _claims(rng: Random, folder: Path, content: bytes) -> Attempt:
    return _beside_store("claims.json")(rng, folder, content)


def _dependencies(rng: Random, folder: Path, content: bytes) -> Attempt:
    if rng.random() < 0.5:
        return _beside_store("dependencies.json")(rng, folder, content)
    (folder / "out").mkdir()
    (folder / "out/dependencies.json").write_bytes(content)
    arguments = ("dependencies", "-l", "rnn", "--seeds", "2", "--n", "8", "--d", "1", "-o", "out")
    return Attempt(arguments, makes=("out",), spoils=("out/dependencies.json",))


def _saved(rng: Random, folder: Path, content: bytes) -> Attempt:
    with ZipFile(folder / "result.zip", "w", ZIP_DEFLATED) as saved:
        saved.writestr("table.csv", valid.archive()[0])
        saved.writestr("result.json", content)
    return load("result.zip")


def load(name: str, refusal: bool | None = None) -> Attempt:
    """Have Python load a result; an error of ours is refused as the command would refuse it."""

    def call() -> None:
        import layerlaw

        try:
            print(layerlaw.Result.load(name))
        except (layerlaw.LayerlawError, OSError) as error:
            print(f"layerlaw: {error}", file=sys.stderr)
            sys.exit(2)

    return Attempt(("(layerlaw.Result.load)", name), refusal, call, limits=Limits(15))


#: Each reader: its valid input, and where it looks for it.
READERS: dict[str, tuple[Callable[[Random], Any], Place]] = {
    "pytest-benchmark": (valid.pytest_benchmark, _result_file),
    "asv file": (valid.asv, _result_file),
    "asv folder": (
        lambda rng: valid.asv(rng) if rng.random() < 0.6 else valid.asv_benchmarks(),
        _asv_folder,
    ),
    "laws.json": (lambda _: json.loads(valid.laws()), _result_file),
    "claims.json": (lambda _: copy.deepcopy(valid.claims()), _claims),
    "dependencies.json": (lambda _: copy.deepcopy(valid.dependencies()), _dependencies),
    "result.json": (lambda _: json.loads(valid.archive()[1]), _saved),
}


def _add(reader: str, mutation: str, hostile: Callable[[Random], bytes]) -> None:
    place = READERS[reader][1]
    KINDS.add(f"{reader}: {mutation}", lambda rng, folder: place(rng, folder, hostile(rng)))


for _reader, (_valid, _) in READERS.items():
    for _name, _change in OF_JSON.items():
        _add(
            _reader,
            _name,
            lambda rng, make=_valid, change=_change: change(make(rng), rng).encode(
                "utf-8", "surrogatepass"
            ),
        )
    for _name, _change_bytes in OF_BYTES.items():
        _add(
            _reader,
            _name,
            lambda rng, make=_valid, change=_change_bytes: change(
                json.dumps(make(rng)).encode(), rng
            ),
        )


@KINDS("asv file: gigantic product of parameters")
def _gigantic_product(rng: Random, folder: Path) -> Attempt:
    content = valid.asv(rng)
    content["results"]["mine.time_mine"][1] = [list(map(str, range(100)))] * rng.choice((5, 30))
    return _result_file(rng, folder, json.dumps(content).encode())


@KINDS("pytest-benchmark: gigantic counts")
def _gigantic_counts(rng: Random, folder: Path) -> Attempt:
    content = valid.pytest_benchmark(rng)
    for one in content["benchmarks"]:
        one["stats"] |= {"rounds": 10**18, "iterations": 10**18, "data": []}
        one["params"]["n"] = rng.choice((10**400, 1e308, 10**31))
    return _result_file(rng, folder, json.dumps(content).encode())


@KINDS("asv file: parameters that Python would evaluate")
def _evaluated(rng: Random, folder: Path) -> Attempt:
    texts = ("9**9**9", "(" * 5000, "-" * 100_000 + "1", "__import__('os').mkdir('made')", "[" * 99)
    content = valid.asv(rng)
    content["results"]["mine.time_mine"][1][0] = [rng.choice(texts)] * 4
    return _result_file(rng, folder, json.dumps(content).encode())


def _archive(name: str, refusal: bool | None = None) -> Callable[..., Any]:
    def add(write: Callable[[Random, Path], object]) -> Any:
        def make(rng: Random, folder: Path) -> Attempt:
            write(rng, folder / "result.zip")
            return load("result.zip", refusal)

        KINDS.add(f"archive: {name}", make)
        return write

    return add


def _members(path: Path, table: str, result: str) -> bytes:
    with ZipFile(path, "w") as saved:
        for name, content in (("table.csv", table), ("result.json", result)):
            # The time of a member is in its bytes: it has to be the same each time.
            saved.writestr(ZipInfo(name, (2026, 11, 24, 0, 0, 0)), content, ZIP_DEFLATED)
    return path.read_bytes()


@_archive("truncated", refusal=True)
def _(rng: Random, path: Path) -> None:
    path.write_bytes(truncated(_members(path, *valid.archive()), rng))


@_archive("bytes flipped")
def _(rng: Random, path: Path) -> None:
    path.write_bytes(flipped(_members(path, *valid.archive()), rng, 20))


@_archive("no archive", refusal=True)
def _(rng: Random, path: Path) -> None:
    path.write_bytes(rng.choice((b"", b"PK", b"PK\x05\x06" + bytes(18), rng.randbytes(5000))))


@_archive("missing member", refusal=True)
def _(rng: Random, path: Path) -> None:
    with ZipFile(path, "w") as saved:
        name = rng.choice(("table.csv", "result.json"))
        saved.writestr(name, valid.archive()[name == "result.json"])


@_archive("member that unpacks to gigabytes", refusal=True)
def _(rng: Random, path: Path) -> None:
    name = rng.choice(("table.csv", "result.json"))
    other = ("result.json", valid.archive()[1]) if name == "table.csv" else ("table.csv", "n\n1\n")
    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=1) as saved:
        saved.writestr(*other)
        with saved.open(name, "w", force_zip64=True) as member:
            for _ in range(40):
                member.write(bytes(50 * 10**6))


@_archive("names of members")
def _(rng: Random, path: Path) -> None:
    _members(path, *valid.archive())
    with ZipFile(path, "a") as saved:
        for name in ("../made.txt", "/tmp/made", "a/" * 500, "con"):
            saved.writestr(name, "x")


@_archive("encrypted", refusal=True)
def _(rng: Random, path: Path) -> None:
    content = bytearray(_members(path, *valid.archive()))
    content[6] |= 1
    at = content.find(b"PK\x01\x02")
    content[at + 8] |= 1
    path.write_bytes(content)


@_archive("declared sizes")
def _(rng: Random, path: Path) -> None:
    content = bytearray(_members(path, *valid.archive()))
    at = content.find(b"PK\x01\x02")
    content[at + 24 : at + 28] = rng.choice((b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\xff" * 4))
    path.write_bytes(content)


@_archive("another compression")
def _(rng: Random, path: Path) -> None:
    content = bytearray(_members(path, *valid.archive()))
    for mark, offset in ((b"PK\x01\x02", 10), (b"PK\x03\x04", 8)):
        content[content.find(mark) + offset] = rng.choice((1, 9, 12, 99))
    path.write_bytes(content)


@_archive("table of another shape")
def _(rng: Random, path: Path) -> None:
    table, result = valid.archive()
    tables = ("", "n\n", "x,y\n1,2\n", table.replace("16", "x"), table[:40], table + "1,2,3\n")
    _members(path, rng.choice(tables), result)


@_archive("formulas without an end")
def _(rng: Random, path: Path) -> None:
    table, result = valid.archive()
    given = json.loads(result)
    tower: Any = 10
    for _ in range(rng.choice((3, 6, 20))):
        tower = ["Pow", tower, 10]
    deep: Any = "n"
    for _ in range(500):
        deep = ["Add", deep, 1]
    formulas = (
        *(tower, deep, ["Pow", 9, ["Pow", 9, 9]], ["Pow", 0, -1], ["log", 0], ["Rational", 1, 0]),
        *(["os.system", "touch made"], ["Symbol"], [], [[]], {"Pow": 1}, None, ["Float", "x"]),
        *("__import__('os').mkdir('made')", ["log", -1], ["Pow", ["Add", "n", "d"], 5000]),
    )
    theory = given["layers"]["attention"]["theory"]
    theory[rng.choice(sorted(theory))] = rng.choice(formulas)
    _members(path, table, json.dumps(given))


@_archive("bytes that unpack wrongly", refusal=True)
def _(rng: Random, path: Path) -> None:
    content = bytearray(_members(path, *valid.archive()))
    begin = content.find(b"PK\x03\x04") + 45
    content[begin : begin + 60] = zlib.compress(rng.randbytes(80))[:60]
    path.write_bytes(content)
