"""Valid inputs of every kind, small, from which hostile ones are made by mutation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from tests.helpers.command import layerlaw

HEAD = ("layer", "device", "mode", "metric", "n", "d", "value")
FURTHER = {"k": "3", "batch": "1", "dtype": "float32", "process": "0", "round": "0", "status": "ok"}

#: When and where what is valid was made: the same everywhere, as mutations are to be.
_DATE, _MACHINE = "2026-11-24T21:37:05+00:00", {"cpu": "testing", "memory": 2**33, "cores": 2}

#: Rows of cells, the head first.
Cells = list[list[str]]


def table(rng: Random) -> Cells:
    """Give a small tidy table whose law is known but for 1 % of noise."""
    further = rng.sample(sorted(FURTHER), rng.randrange(3))
    lengths, widths = (32, 64, 128, 256)[: rng.randint(3, 4)], (16, 32, 64)
    rows = [[*HEAD, *further]]
    for n in lengths:
        for d in widths:
            value = (1e-6 + 1e-10 * n * d**2) * rng.uniform(0.99, 1.01)
            cells = ["mine", "cpu", "forward", "seconds", str(n), str(d), repr(value)]
            rows.append([*cells, *(FURTHER[name] for name in further)])
    return rows


def text(cells: Cells, separator: str = ",", end: str = "\n") -> str:
    """Write a table as CSV."""
    return "".join(separator.join(row) + end for row in cells)


def pytest_benchmark(rng: Random) -> dict[str, Any]:
    """Give what pytest-benchmark writes, of one test over n and d."""
    return {
        "machine_info": {"node": "testing", "machine": "x86_64", "cpu": {}},
        "commit_info": {"id": "97e90c0d", "dirty": False},
        "benchmarks": [
            {
                "group": None,
                "name": f"test_mine[{n}-{d}]",
                "fullname": f"tests/test_mine.py::TestMine::test_mine[{n}-{d}]",
                "params": {"n": n, "d": d},
                "param": f"{n}-{d}",
                "extra_info": {},
                "options": {"min_rounds": 3},
                "stats": {
                    "rounds": 3,
                    "median": 1e-6 + 1e-10 * n * d**2,
                    "data": [(1e-6 + 1e-10 * n * d**2) * rng.uniform(0.99, 1.02) for _ in "123"],
                },
            }
            for n in (32, 64, 128, 256)
            for d in (16, 32, 64)
        ],
        "datetime": "2026-11-24T21:37:05",
        "version": "5.2.3",
    }


def asv(rng: Random) -> dict[str, Any]:
    """Give a file of asv's results, of one benchmark over n and d."""
    lengths, widths = (32, 64, 128, 256), (16, 32, 64)
    return {
        "commit_hash": "97e90c0d",
        "env_name": "existing",
        "date": 1764020225000,
        "params": {"machine": "testing", "python": "3.11"},
        "python": "3.11",
        "requirements": {},
        "env_vars": {},
        "result_columns": ["result", "params", "version", "samples"],
        "results": {
            "mine.time_mine": [
                [
                    (1e-6 + 1e-10 * n * d**2) * rng.uniform(0.99, 1.01)
                    for n in lengths
                    for d in widths
                ],
                [list(map(str, lengths)), list(map(str, widths))],
                "1",
            ]
        },
        "durations": {},
        "version": 2,
    }


def asv_benchmarks() -> dict[str, Any]:
    """Give what asv keeps on each benchmark."""
    return {
        "mine.time_mine": {
            "name": "mine.time_mine",
            "param_names": ["n", "d"],
            "params": [["32", "64", "128", "256"], ["16", "32", "64"]],
            "type": "time",
            "unit": "seconds",
            "version": "1",
        },
        "version": 2,
    }


@cache
def claims() -> Mapping[str, Any]:
    """Give what `layerlaw claims` writes, of two statements that are tested at once."""
    claims = ("--claim", "max-gradient", "--claim", "convolution-padding", "--no-times")
    return {**_written("claims.json", "claims", *claims), "machine": _MACHINE, "date": _DATE}


@cache
def dependencies() -> Mapping[str, Any]:
    """Give what `layerlaw dependencies` writes, of one small layer."""
    sizes = ("-l", "rnn", "--seeds", "2", "--n", "8", "--d", "2")
    given = _written("dependencies.json", "dependencies", *sizes)
    given["initial"] |= {"machine": _MACHINE, "made": _DATE}
    return given


def _written(name: str, *arguments: str) -> dict[str, Any]:
    """Give the JSON that a command writes into its folder."""
    with TemporaryDirectory() as folder:
        layerlaw(*arguments, "--out", "out", cwd=Path(folder))
        given: dict[str, Any] = json.loads(Path(folder, "out", name).read_text(encoding="utf-8"))
        return given


def frame() -> pd.DataFrame:
    """Give a valid table as pandas holds it."""
    head, *rows = table(Random(0))
    found = pd.DataFrame(rows, columns=head)
    return found.astype({"n": "int64", "d": "int64", "value": "float64"})


@cache
def laws() -> str:
    """Give what `fit --json` writes."""
    with TemporaryDirectory() as folder:
        Path(folder, "table.csv").write_text(text(table(Random(0))))
        return layerlaw("fit", "table.csv", "--json", "-", cwd=Path(folder)).stdout


@cache
def archive() -> tuple[str, str]:
    """Give the two members of a result that was saved: its table, and the rest as JSON."""
    from zipfile import ZipFile

    from layerlaw.layers import get
    from layerlaw.session import Measurements, Result

    layers = {name: get(name) for name in ("attention", "torch.nn:Linear")}
    result = Result.from_measurements(
        Measurements(table=frame(), machine=_MACHINE, settings={}, layers=layers)
    )
    with (
        TemporaryDirectory() as folder,
        ZipFile(result.save(Path(folder, "valid.zip"))) as saved,
    ):
        return saved.read("table.csv").decode(), saved.read("result.json").decode()


#: Of every run whose store is tried: a layer, few points, and nothing beside the times.
RUN = (
    *("run", "--profile", "quick", "--layer", "dense", "--rounds", "1"),
    *("--no-counts", "--no-peaks", "--no-explain", "--no-check", "--no-claims"),
)


def _store(path: Path, missing: int, machine: Mapping[str, Any]) -> None:
    """Write the store of `RUN`, which lacks the last points, with times that are made up."""
    from layerlaw.measure import Measurement, Store
    from layerlaw.measure.host import machine_id
    from layerlaw.session import RunOptions

    plan = RunOptions(layers=["dense"], profile="quick", rounds=1).plan()
    with Store(path) as opened:
        run = opened.open_run(plan.settings(), machine_id(machine), machine)
        number = opened.add_process(run, {"process": "one that is made up"})
        cases = [case for _, case in plan.measurements()]
        for case in cases[: len(cases) - missing]:
            sizes = case.as_dict()["sizes"]
            base = 1e-6 + 1e-10 * sizes.get("n", 1) * sizes.get("d", 1) ** 2
            opened.add(run, Measurement(case, number, 0, (base, base * 1.01, base * 1.02)))


@cache
def store_bytes(missing: int = 0) -> bytes:
    """Give the bytes of a store that lacks some points, measured on this machine."""
    from layerlaw.measure import fingerprint

    with TemporaryDirectory() as folder:
        path = Path(folder, "measurements.sqlite")
        _store(path, missing, fingerprint())
        return path.read_bytes()


@cache
def measurements() -> frozenset[tuple[str, str, int]]:
    """Give what a whole store of `RUN` holds: case, metric and round of each measurement."""
    from layerlaw.measure import SECONDS
    from layerlaw.session import RunOptions

    plan = RunOptions(layers=["dense"], profile="quick", rounds=1).plan()
    return frozenset((case.key, SECONDS.name, round) for round, case in plan.measurements())
