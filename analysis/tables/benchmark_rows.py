"""Rows of a tidy table from the benchmarks of other tools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf, isnan
from pathlib import Path
from typing import Any

import pandas as pd

from ...measure import SIZES, Case, cell_text
from .axes import PARAMETERS
from .parameters import number_of
from .schema import KEYS, RESERVED, UNKNOWN
from .table_error import TableError

#: Columns that every table from another tool has, and those that the reader fills.
_COLUMNS = (*KEYS, *SIZES, "batch", "dtype", "threads", "repeat", "value", "machine")
_FILLED = ("metric", "process", "round", "repeat", "value", "status", "machine", "commit", "env")
#: Column with a benchmark's name where its parameters give the layer's.
_BENCHMARK = "benchmark"

Row = dict[str, Any]


def rows_table(rows: Iterable[Row], path: Path) -> pd.DataFrame:
    """Return the table of rows.

    Raises
    ------
    TableError
        If there are none.
    """
    listed = list(rows)
    if not listed:
        raise TableError(
            f"{path}: no benchmark in it has both results and a size (parameter case, n, d or k)"
        )
    further = dict.fromkeys(column for row in listed for column in row if column not in _COLUMNS)
    frame = pd.DataFrame(listed, columns=[*_COLUMNS, *further])
    same = [key for key in KEYS if key in frame]
    if (frame.groupby(same, dropna=False)[_BENCHMARK].nunique() <= 1).all():
        frame = frame.drop(columns=_BENCHMARK)
    filled = (*_FILLED, _BENCHMARK)
    frame.attrs[PARAMETERS] = [column for column in frame.columns if column not in filled]
    return frame


def repeats(row: Row, values: Sequence[float | None], path: Path) -> Iterator[Row]:
    """Yield a row for each measured value: asv writes null for failed, NaN for skipped.

    Raises
    ------
    TableError
        If a value is not positive and finite.
    """
    for repeat, value in enumerate(values):
        if value is not None and not isnan(value):
            if not 0 < value < inf:
                raise TableError(
                    f"{path}: {cell_text(row[_BENCHMARK])}: the value {cell_text(value)} is not "
                    "positive and finite"
                )
            yield {**row, "repeat": repeat, "value": value}


def benchmark_row(parameters: Mapping[str, Any], name: str, path: Path) -> Row | None:
    """Turn a benchmark's parameters into columns; None where it has none.

    Raises
    ------
    TableError
        If a size is not a number.
    """
    row: Row = {"layer": name, "device": UNKNOWN, "mode": UNKNOWN, _BENCHMARK: name}
    for parameter, value in parameters.items():
        case = as_case(value) if parameter == "case" else None
        if case is not None:
            fields = case.as_dict()
            row |= fields.pop("sizes") | fields
        elif parameter in SIZES:
            row[parameter] = number_of(value)
            if row[parameter] is None:
                raise TableError(
                    f"{path}: {cell_text(name)}: parameter {parameter} is {cell_text(value)!r}, "
                    "not a number"
                )
        elif value is not None or parameter not in KEYS:
            # A parameter must not be overwritten by a column that the reader or a fit fills.
            taken = (*_FILLED, _BENCHMARK, *RESERVED)
            value = str(value) if parameter in KEYS else value  # a name may look like a number
            row[f"{parameter}_" if parameter in taken else parameter] = value
    return row if parameters else None


def as_case(value: object) -> Case | None:
    """Read a case's key; None where it is none."""
    try:
        return Case.parse(value) if isinstance(value, str) else None
    except ValueError:
        return None
