"""Read what was measured: tidy CSV, asv's result folder, pytest-benchmark's JSON.

Of other tools' files each benchmark becomes rows of a tidy table. Its parameter ``case`` holds
the key of a case; failing that, parameters called ``layer``, ``n``, ``d``, ``k``, ``batch`` and
so on are columns of their own, so that a suite of anyone's can be fitted.
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

#: What asv calls a kind of benchmark, by its name's beginning and in benchmarks.json, and the
#: metric it is here. Everything else that asv tracks is passed over.
_ASV_METRICS = {"time": SECONDS.name, "timeraw": SECONDS.name, "peakmem": PEAK_BYTES.name}
_ASV_TYPES = {"time": SECONDS.name, "peakmemory": PEAK_BYTES.name}

#: Files of asv's result folder that hold no results.
_ASV_OTHER = ("benchmarks.json", "machine.json")

#: Columns that a file of other tools has in any case, and those that its reader fills.
_COLUMNS = (*KEYS, *SIZES, "batch", "dtype", "threads", "repeat", "value", "machine")
_FILLED = ("metric", "process", "round", "repeat", "value", "status", "machine", "commit", "env")

Row = dict[str, Any]


#: Attribute of a table that was read, and is as it was: where from.
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
        Of a CSV file, what it holds. Of the others a row per recorded sample, or one with the
        tool's own summary where it kept no samples, in seconds or bytes; benchmarks that failed,
        were skipped or have no size are left out.

    Raises
    ------
    TableError
        If it cannot be read; the message is one line and names the file.
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
    raise TableError(f"{path}: neither results of asv (version 2) nor of pytest-benchmark")


def _load(path: Path) -> dict[str, Any]:
    """Load a JSON file whose top is an object."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TableError(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:  # ValueError: neither UTF-8 nor JSON
        reason = str(error).splitlines()[0]
        raise TableError(f"{path}: cannot be read as JSON: {reason}") from None
    if not isinstance(content, dict):
        raise TableError(f"{path}: its JSON is no object")
    return content


def _table(rows: Iterator[Row], path: Path) -> pd.DataFrame:
    try:
        listed = list(rows)
    except TableError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise TableError(f"{path}: not as its tool writes it: {reason}") from None
    if not listed:
        raise TableError(
            f"{path}: no benchmark in it has results, and a parameter case, n, d or k to tell sizes"
        )
    more = dict.fromkeys(column for row in listed for column in row if column not in _COLUMNS)
    return pd.DataFrame(listed, columns=[*_COLUMNS, *more])


def _read_asv(folder: Path) -> pd.DataFrame:
    """Read all results of a folder, the oldest commit first."""
    found = [
        (content.get("date") or 0, str(path), path, content)
        for path in sorted((*folder.glob("*.json"), *folder.glob("*/*.json")))
        if path.name not in _ASV_OTHER
        for content in [_load(path)]
    ]
    if not found:
        raise TableError(f"{folder}: this folder holds no results of asv")
    rows = (
        row
        for _, _, path, content in sorted(found, key=lambda file: file[:2])
        for row in _asv_rows(path, content)
    )
    return _table(rows, folder)


def _asv_rows(path: Path, content: Mapping[str, Any]) -> Iterator[Row]:
    """Rows of one file of asv's results: of one commit, environment and machine."""
    if "result_columns" not in content:
        raise TableError(f"{path}: no results of asv's format 2; `asv update` converts older ones")
    described = _described(path)
    source = {
        "machine": content["params"]["machine"],
        "commit": content["commit_hash"],
        "env": content["env_name"],
    }
    for name, stored in content["results"].items():
        # The last columns are cut off where they are null.
        result = dict(zip(content["result_columns"], stored, strict=False))
        about = described.get(name, {})
        metric = _ASV_TYPES.get(about["type"]) if "type" in about else _named_metric(name)
        if metric is None or result["result"] is None:
            continue
        points = list(product(*result.get("params") or []))
        names = about.get("param_names") or ()
        if points and len(names) != len(points[0]):  # described anew since, or not at all
            names = _guess_names(points[0])
        samples = result.get("samples") or [None] * len(points)
        for point, value, sampled in zip(points, result["result"], samples, strict=True):
            parameters = dict(zip(names, map(_literal, point), strict=True))
            if (row := _row(parameters, name, path)) is not None:
                yield from _repeats({**row, "metric": metric, **source}, sampled or [value])


def _described(path: Path) -> dict[str, Any]:
    """Load what asv keeps on each benchmark, next to the machines' folders, if it is there."""
    described = path.absolute().parent.parent / "benchmarks.json"
    if not described.is_file():
        return {}
    return {name: about for name, about in _load(described).items() if isinstance(about, dict)}


def _named_metric(name: str) -> str | None:
    """Tell a benchmark's metric from its name, as asv itself does: ``time_`` or ``Time``."""
    last = name.rpartition(".")[2]
    kind = last.partition("_")[0].lower()
    return _ASV_METRICS.get(kind)


def _guess_names(point: Sequence[str]) -> list[str]:
    """Name parameters that nothing describes: a case's key is known by its form."""
    return [
        "case" if _case(_literal(text)) is not None else f"param{i + 1}"
        for i, text in enumerate(point)
    ]


def _literal(text: str) -> Any:
    """Undo the `repr` that asv keeps of a parameter; what is no literal stays as it is."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _pytest_rows(path: Path, content: Mapping[str, Any]) -> Iterator[Row]:
    """Rows of a file of pytest-benchmark."""
    machine = content["machine_info"].get("node")
    for one in content["benchmarks"]:
        stats = one.get("stats") or {}
        values = stats.get("data") or [stats.get("median")]
        parameters = {**(one.get("extra_info") or {}), **(one.get("params") or {})}
        row = _row(parameters, one["name"].partition("[")[0], path)
        if row is not None:
            yield from _repeats({**row, "metric": SECONDS.name, "machine": machine}, values)


def _repeats(row: Row, values: Sequence[float | None]) -> Iterator[Row]:
    """One row for each value that was measured: asv writes null for failed, NaN for skipped."""
    for repeat, value in enumerate(values):
        if value is not None and not isnan(value):
            yield {**row, "repeat": repeat, "value": value}


def _case(value: object) -> Case | None:
    try:
        return Case.parse(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _row(parameters: Mapping[str, Any], name: str, path: Path) -> Row | None:
    """Columns that a benchmark's parameters give; None where they tell no size.

    Raises
    ------
    TableError
        If a size is no number.
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
            # A parameter of theirs must not be lost under a column of ours.
            row[f"{parameter}_" if parameter in _FILLED else parameter] = value
    return row if any(size in row for size in SIZES) else None
