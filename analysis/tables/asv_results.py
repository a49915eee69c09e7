"""Read the results of asv: a folder of results, one machine's, or one file."""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from ...measure import FILE_LIMIT, PEAK_BYTES, SECONDS, as_record, cell_text, load_json
from ...messages import listed
from .benchmark_rows import Row, as_case, benchmark_row, repeats, rows_table
from .parameters import literal, parameter
from .table_error import TableError, TableWarning

#: Our metric for each kind of asv's benchmarks, by the prefix of a benchmark's name and by its type
#: in benchmarks.json. Everything else that asv tracks is ignored.
_METRICS = {"time": SECONDS.name, "timeraw": SECONDS.name, "peakmem": PEAK_BYTES.name}
_TYPES = {"time": SECONDS.name, "peakmemory": PEAK_BYTES.name}

#: Files of a result folder that contain no results.
_OTHER = ("benchmarks.json", "machine.json")


class Results(msgspec.Struct):
    """One of asv's files of results: of one commit, environment and machine."""

    commit_hash: str
    env_name: str
    params: dict[str, Any]
    result_columns: list[str]
    results: dict[str, list[Any]]
    date: float | None = None


class Result(msgspec.Struct):
    """The results of one benchmark, by the names of asv's columns; failed ones are None."""

    result: list[float | None] | None = None
    params: list[list[str]] | None = None
    samples: list[list[float | None] | None] | None = None


class Description(msgspec.Struct):
    """What benchmarks.json says of one benchmark."""

    type: str | None = None
    param_names: list[str] = []


@dataclass(frozen=True)
class _File:
    path: Path
    results: Results


def read_asv_folder(folder: Path, limit: float = FILE_LIMIT) -> pd.DataFrame:
    """Read all results of a folder, the oldest commit first.

    Files without results of this format are passed over, with a `TableWarning` that names them.

    Raises
    ------
    TableError
        If no file has results.
    """
    if not os.access(folder, os.R_OK | os.X_OK):  # glob would find nothing
        raise TableError(f"{folder}: cannot be read: {os.strerror(errno.EACCES)}")
    files, rows, passed_over = [], [], {}
    paths = sorted((*folder.glob("*.json"), *folder.glob("*/*.json")))
    for path in paths:
        if path.name not in _OTHER:
            try:
                files.append(_File(path, _results(path, load_json(path, limit, TableError))))
            except TableError as error:
                passed_over[path] = str(error)
    for file in sorted(files, key=lambda file: (file.results.date or 0, str(file.path))):
        try:
            rows += _rows(file, limit)
        except TableError as error:
            passed_over[file.path] = str(error)
    if not rows and passed_over:
        raise TableError(next(iter(passed_over.values())))
    if not paths or not files:
        raise TableError(f"{folder}: this folder holds no results of asv")
    if passed_over:
        count = f"{len(passed_over)} file{'s' if len(passed_over) > 1 else ''}"
        names = listed(path.relative_to(folder) for path in passed_over)
        first, why = next(iter(passed_over.items()))
        reason = why.removeprefix(f"{first}: ")
        of = "" if len(passed_over) == 1 else f"{first.relative_to(folder)}: "
        warnings.warn(
            TableWarning(f"{folder}: passed over {count}: {names}; {of}{reason}"), stacklevel=2
        )
    return rows_table(rows, folder)


def read_asv_file(
    path: Path, content: Mapping[str, Any], limit: float = FILE_LIMIT
) -> pd.DataFrame:
    """Read the content of one file of results.

    Raises
    ------
    TableError
        If it is not in asv's format, or no benchmark has a size.
    """
    return rows_table(_rows(_File(path, _results(path, content)), limit), path)


def _results(path: Path, content: Mapping[str, Any]) -> Results:
    if "result_columns" not in content:
        known = "results" in content or "params" in content
        remedy = "; `asv update` converts older results" if known else ""
        raise TableError(f"{path}: not results in asv's format 2{remedy}")
    return as_record(content, Results, str(path), TableError)


def _rows(file: _File, limit: float) -> list[Row]:
    return list(_each_row(file, _descriptions(file.path, limit)))


def _each_row(file: _File, descriptions: Mapping[str, Any]) -> Iterator[Row]:
    path, results = file.path, file.results
    source = {
        "machine": parameter(results.params.get("machine")),
        "commit": results.commit_hash,
        "env": results.env_name,
    }
    for name, stored in results.results.items():
        place = f"{path}: {cell_text(name)}"
        about = as_record(descriptions.get(name, {}), Description, place, TableError)
        metric = _TYPES.get(about.type) if about.type else _metric_by_prefix(name)
        if metric is None:
            continue
        # asv cuts trailing columns off where they are null.
        cells = dict(zip(results.result_columns, stored, strict=False))
        result = as_record(cells, Result, place, TableError)
        if result.result is None:
            continue
        points = _points(result, name, path)
        names = about.param_names
        if points and len(names) != len(points[0]):  # its description is newer, or missing
            names = _guess_names(points[0])
        samples = result.samples or [None] * len(points)
        for point, value, sampled in zip(points, result.result, samples, strict=True):
            parameters = dict(zip(names, map(literal, point), strict=True))
            if (row := benchmark_row(parameters, name, path)) is not None:
                yield from repeats({**row, "metric": metric, **source}, sampled or [value], path)


def _points(result: Result, name: str, path: Path) -> list[tuple[str, ...]]:
    """List the combinations of parameters, one for each result."""
    params = result.params or []
    count = prod(map(len, params))
    lengths = {len(each) for each in (result.result, result.samples) if each is not None}
    if lengths != {count}:
        raise TableError(
            f"{path}: {name}: {listed(sorted(lengths))} results for {count} combinations of "
            "parameters"
        )
    return list(product(*params))


def _descriptions(path: Path, limit: float) -> dict[str, Any]:
    """Load benchmarks.json, which lies next to the machines' folders; empty without it."""
    descriptions = path.absolute().parent.parent / "benchmarks.json"
    if not descriptions.is_file():
        return {}
    content = load_json(descriptions, limit, TableError)
    return {name: about for name, about in content.items() if isinstance(about, dict)}


def _metric_by_prefix(name: str) -> str | None:
    """Infer a benchmark's metric from its name as asv does: ``time_`` or ``Time``."""
    last = name.rpartition(".")[2]
    return _METRICS.get(last.partition("_")[0].lower())


def _guess_names(point: Sequence[str]) -> list[str]:
    """Name parameters without a description; a case's key is recognised by its form."""
    return [
        "case" if as_case(literal(text)) is not None else f"param{i + 1}"
        for i, text in enumerate(point)
    ]
