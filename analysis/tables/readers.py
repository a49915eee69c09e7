"""Read measurements: tidy CSV, asv's result folder, pytest-benchmark's JSON.

Each benchmark in another tool's file becomes rows of a tidy table. Its parameter ``case`` is the
key of a case; without it, parameters called ``layer``, ``n``, ``d``, ``k``, ``batch`` and so on
become columns, so that any suite can be fitted.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd

from ...measure import PEAK_BYTES, SECONDS, SIZES, Case
from .checking import KEYS, TableError, read_csv

#: Our metric for each kind of asv's benchmarks, by the prefix of a benchmark's name and by its type
#: in benchmarks.json. Everything else that asv tracks is ignored.
_ASV_METRICS = {"time": SECONDS.name, "timeraw": SECONDS.name, "peakmem": PEAK_BYTES.name}
_ASV_TYPES = {"time": SECONDS.name, "peakmemory": PEAK_BYTES.name}

#: Files of asv's result folder that contain no results.
_ASV_OTHER = ("benchmarks.json", "machine.json")

#: Columns that every table from another tool has, and those that the reader fills.
_COLUMNS = (*KEYS, *SIZES, "batch", "dtype", "threads", "repeat", "value", "machine")
_FILLED = ("metric", "process", "round", "repeat", "value", "status", "machine", "commit", "env")

Row = dict[str, Any]

#: Attribute of a table that was read from a file: the file's path.
FILE = "file"


def read(path: Path) -> pd.DataFrame:
    """Read a file or folder of measurements as tidy rows.

    Parameters
    ----------
    path
        A tidy CSV file; asv's result folder, one machine's folder in it, or one file of results;
        or a JSON file of pytest-benchmark.

    Returns
    -------
    pandas.DataFrame
        A CSV file's rows as they are. Of the others, a row per recorded sample in seconds or
        bytes, or the tool's own summary where it recorded no samples; benchmarks that failed,
        were skipped or have no size are left out.

    Raises
    ------
    TableError
        If the file cannot be read; the message is one line and names it.
    """
    frame = _read(path)
    frame.attrs[FILE] = str(path)
    return frame


def _read(path: Path) -> pd.DataFrame:
    if path.is_dir():
        return _read_asv(path)
    if path.suffix != ".json":
        return read_csv(path)
    content = _load(path)
    if "result_columns" in content:
        return _table(_asv_rows(path, content), path)
    if "benchmarks" in content and "machine_info" in content:
        return _table(_pytest_rows(path, content), path)
    raise TableError(f"{path}: has no results of asv (version 2) or pytest-benchmark")


def _load(path: Path) -> dict[str, Any]:
    """Load a JSON file whose top level is an object."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TableError(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:  # ValueError: neither UTF-8 nor JSON
        reason = str(error).splitlines()[0]
        raise TableError(f"{path}: cannot be read as JSON: {reason}") from None
    if not isinstance(content, dict):
        raise TableError(f"{path}: its JSON is not an object")
    return content


def _table(rows: Iterator[Row], path: Path) -> pd.DataFrame:
    try:
        listed = list(rows)
    except TableError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise TableError(f"{path}: not in its tool's format: {reason}") from None
    if not listed:
        raise TableError(
            f"{path}: no benchmark in it has both results and a size (parameter case, n, d or k)"
        )
    further = dict.fromkeys(column for row in listed for column in row if column not in _COLUMNS)
    return pd.DataFrame(listed, columns=[*_COLUMNS, *further])


def _read_asv(folder: Path) -> pd.DataFrame:
    """Read all results of a folder, the oldest commit first."""
    files = [
        (content.get("date") or 0, str(path), path, content)
        for path in sorted((*folder.glob("*.json"), *folder.glob("*/*.json")))
        if path.name not in _ASV_OTHER
        for content in [_load(path)]
    ]
    if not files:
        raise TableError(f"{folder}: this folder holds no results of asv")
    rows = (
        row
        for _, _, path, content in sorted(files, key=lambda file: file[:2])
        for row in _asv_rows(path, content)
    )
    return _table(rows, folder)


def _asv_rows(path: Path, content: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rows of one of asv's result files: of one commit, environment and machine."""
    if "result_columns" not in content:
        raise TableError(f"{path}: not in asv's format 2; `asv update` converts older results")
    descriptions = _benchmark_descriptions(path)
    source = {
        "machine": content["params"]["machine"],
        "commit": content["commit_hash"],
        "env": content["env_name"],
    }
    for name, stored in content["results"].items():
        # asv cuts trailing columns off where they are null.
        result = dict(zip(content["result_columns"], stored, strict=False))
        about = descriptions.get(name, {})
        metric = _ASV_TYPES.get(about["type"]) if "type" in about else _metric_by_prefix(name)
        if metric is None or result["result"] is None:
            continue
        points = list(product(*result.get("params") or []))
        names = about.get("param_names") or ()
        if points and len(names) != len(points[0]):  # its description is newer, or missing
            names = _guess_names(points[0])
        samples = result.get("samples") or [None] * len(points)
        for point, value, sampled in zip(points, result["result"], samples, strict=True):
            parameters = dict(zip(names, map(_literal, point), strict=True))
            if (row := _row(parameters, name, path)) is not None:
                yield from _repeats({**row, "metric": metric, **source}, sampled or [value])


def _benchmark_descriptions(path: Path) -> dict[str, Any]:
    """Load asv's benchmarks.json, which lies next to the machines' folders; empty without it."""
    descriptions = path.absolute().parent.parent / "benchmarks.json"
    if not descriptions.is_file():
        return {}
    return {name: about for name, about in _load(descriptions).items() if isinstance(about, dict)}


def _metric_by_prefix(name: str) -> str | None:
    """Infer a benchmark's metric from its name as asv does: ``time_`` or ``Time``."""
    last = name.rpartition(".")[2]
    kind = last.partition("_")[0].lower()
    return _ASV_METRICS.get(kind)


def _guess_names(point: Sequence[str]) -> list[str]:
    """Name parameters without a description; a case's key is recognised by its form."""
    return [
        "case" if _case(_literal(text)) is not None else f"param{i + 1}"
        for i, text in enumerate(point)
    ]


def _literal(text: str) -> Any:
    """Evaluate the `repr` that asv stores of a parameter; return other text unchanged."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _pytest_rows(path: Path, content: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rows of a file of pytest-benchmark."""
    machine = content["machine_info"].get("node")
    for benchmark in content["benchmarks"]:
        stats = benchmark.get("stats") or {}
        values = stats.get("data") or [stats.get("median")]
        parameters = {**(benchmark.get("extra_info") or {}), **(benchmark.get("params") or {})}
        row = _row(parameters, benchmark["name"].partition("[")[0], path)
        if row is not None:
            yield from _repeats({**row, "metric": SECONDS.name, "machine": machine}, values)


def _repeats(row: Row, values: Sequence[float | None]) -> Iterator[Row]:
    """Yield a row for each measured value: asv writes null for failed, NaN for skipped."""
    for repeat, value in enumerate(values):
        if value is not None and not isnan(value):
            yield {**row, "repeat": repeat, "value": value}


def _case(value: object) -> Case | None:
    try:
        return Case.parse(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _row(parameters: Mapping[str, Any], name: str, path: Path) -> Row | None:
    """Turn a benchmark's parameters into columns; None where they have no size.

    Raises
    ------
    TableError
        If a size is not a number.
    """
    row: Row = {"layer": name, "device": "unknown", "mode": "unknown"}
    for parameter, value in parameters.items():
        case = _case(value) if parameter == "case" else None
        if case is not None:
            fields = case.as_dict()
            row |= fields.pop("sizes") | fields
        elif parameter in SIZES and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise TableError(f"{path}: {name}: parameter {parameter} is {value!r}, not a number")
        elif value is not None or parameter not in KEYS:
            # A parameter must not be overwritten by a column that the reader fills.
            row[f"{parameter}_" if parameter in _FILLED else parameter] = value
    return row if any(size in row for size in SIZES) else None
