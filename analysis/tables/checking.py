"""Read tidy CSV files, and check a table once before anything uses it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...errors import LayerlawError
from ...measure import SIZES

KEYS = ("layer", "device", "mode", "metric")
REQUIRED = (*KEYS, "n", "d", "value")
#: Columns that distinguish the measurements of one point; they do not separate laws.
WITHIN = ("repeat", "process", "round", "status")

#: Sizes and values above this, or below its inverse, are refused: their powers overflow.
_EXTREME = 1e30


class TableError(LayerlawError, ValueError):
    """A table that cannot be fitted; the message names file, row and column."""


def read_csv(path: Path) -> pd.DataFrame:
    """Read a tidy CSV file; the index is the row of the file, its header being row 1.

    Raises
    ------
    TableError
        If the file cannot be read as CSV.
    """
    numeric = {column: [""] for column in (*SIZES, "value")}
    try:
        frame = pd.read_csv(
            path,
            keep_default_na=False,
            na_values=numeric,
            skip_blank_lines=False,
            encoding="utf-8-sig",
            low_memory=False,
        )
    except FileNotFoundError:
        raise TableError(f"{path}: there is no such file") from None
    except pd.errors.EmptyDataError:
        raise TableError(f"{path}: it is empty") from None
    except (OSError, UnicodeError, pd.errors.ParserError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise TableError(f"{path}: cannot be read as CSV: {reason}") from None
    with path.open(encoding="utf-8-sig", newline="") as file:
        names = Counter(next(csv.reader(file)))
    if twice := [name for name, times in names.items() if times > 1]:
        raise TableError(f"{path}: row 1: there are several columns {twice[0]!r}")
    frame.index = frame.index + 2
    blank = np.ones(len(frame), dtype=bool)
    for name in frame.columns:
        blank &= (frame[name].isna() | (frame[name] == "")).to_numpy(dtype=bool)
    return frame[~blank]


def check_table(frame: pd.DataFrame, name: str, axes: Sequence[str] = ()) -> pd.DataFrame:
    """Check a table and convert its numbers; where the status is not ``ok``, the value is NaN.

    Parameters
    ----------
    frame
        Tidy rows; messages give the index as the row.
    name
        What messages call the table, such as a file's name.
    axes
        Columns that are sizes, besides n, d and k.

    Raises
    ------
    TableError
        At the first cell that cannot be used.
    """
    for column in (*REQUIRED, *axes):
        if column not in frame.columns:
            has = ", ".join(map(repr, frame.columns))
            raise TableError(f"{name}: row 1: there is no column {column!r}; it has {has}")
        if column in axes and column in (*WITHIN, "value"):
            raise TableError(f"{name}: row 1: the column {column!r} cannot be a size")
    is_ok = pd.Series(True, index=frame.index)
    if "status" in frame.columns:
        is_ok = frame["status"].fillna("ok").astype(str).isin(["ok", ""])
    if not is_ok.any():
        raise TableError(f"{name}: row 1, column value: there are no rows to fit")
    frame = frame.copy()
    for column in (*SIZES, *axes):
        if column in frame.columns:
            frame[column] = _numbers(frame[column], name, empty=True)
    frame["value"] = _numbers(frame["value"][is_ok], name, empty=False).reindex(frame.index)
    for column in KEYS:
        empty = frame[column].isna() | (frame[column].astype(str) == "")
        if empty.any():
            raise TableError(f"{name}: row {empty.idxmax()}, column {column}: it is empty")
        frame[column] = frame[column].astype(str)
    return frame


def _numbers(column: pd.Series[Any], name: str, *, empty: bool) -> pd.Series[float]:
    """Convert a column to positive finite numbers; empty cells become NaN if `empty` allows it."""
    column = column.mask(column == "")  # an empty cell of a file: few layers have every size
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    text = numbers.isna() & column.notna()
    problems = {
        "is not a number": text.to_numpy(),
        "is empty or NaN": column.isna().to_numpy() & (not empty),
        "is not finite": np.isinf(numbers.to_numpy()),
        "is not positive": (numbers <= 0).to_numpy(),
        "is too small": (numbers < 1 / _EXTREME).to_numpy(),
        "is too large": (numbers > _EXTREME).to_numpy(),
    }
    for problem, wrong in problems.items():
        if wrong.any():
            first = int(wrong.argmax())
            row, cell = column.index[first], column.iloc[first]
            raise TableError(f"{name}: row {row}, column {column.name}: {cell} {problem}")
    return numbers
