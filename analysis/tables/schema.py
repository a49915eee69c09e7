"""The schema of a tidy table, by which each is checked once before anything uses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from ...measure import METRICS, METRICS_WITHOUT_LAW, SIZES, Kind, cell_text, metric_of
from ...messages import listed
from .table_error import TableError

KEYS = ("layer", "device", "mode", "metric")
#: Columns that distinguish the measurements of one point; they do not separate laws.
WITHIN = ("repeat", "process", "round", "status")
#: Columns with the name of a metric, which a table may have instead of `metric` and `value`.
METRIC_COLUMNS = tuple(name for name in METRICS if name not in METRICS_WITHOUT_LAW)
#: Columns that are added while points are collapsed.
RESERVED = ("row", "level", "squares", "round_df")

#: The value of a key that a table does not give.
UNKNOWN = "unknown"

#: Sizes and values above this, or below its inverse, are refused: their powers overflow.
_EXTREME = 1e30
#: The same of sizes, of whose powers the terms of a law are products.
_EXTREME_SIZE = 1e15

#: Characters of a text in a cell: names are printed in tables, where long ones are folded.
_LONGEST_TEXT = 1_000


@dataclass(frozen=True)
class NumberColumn:
    """The numbers that a column may hold: positive and finite.

    Attributes
    ----------
    name
        Name of the column.
    may_be_empty
        Whether a cell may be empty, as of a size that a layer does not have.
    extreme
        Largest number, and the inverse of the smallest.
    """

    name: str
    may_be_empty: bool = False
    extreme: float = _EXTREME

    def convert(
        self, column: pd.Series[Any], table: str, may_be_zero: pd.Series[bool] | None = None
    ) -> pd.Series[float]:
        """Convert a column's cells to numbers; empty ones become NaN.

        Raises
        ------
        TableError
            At the first cell that is no such number, which the message names.
        """
        is_plain = is_numeric_dtype(column.dtype) and not is_bool_dtype(column.dtype)
        if not is_plain:
            column = column.mask(column == "")  # an empty cell of a file: few layers have each size
        numbers = pd.to_numeric(column, errors="coerce").astype(float)
        boolean: Any = False
        if not is_plain:
            boolean = column.map(lambda cell: isinstance(cell, bool | np.bool_))
        zero = False if may_be_zero is None else ((numbers == 0) & may_be_zero).to_numpy(dtype=bool)
        problems = {
            "is not a number": (numbers.isna() & column.notna() | boolean).to_numpy(dtype=bool),
            "is empty or NaN": column.isna().to_numpy() & (not self.may_be_empty),
            "is not finite": np.isinf(numbers.to_numpy()),
            "is not positive": (numbers <= 0).to_numpy() & ~np.asarray(zero),
            "is too small": (numbers < 1 / self.extreme).to_numpy() & ~np.asarray(zero),
            "is too large": (numbers > self.extreme).to_numpy(),
        }
        for problem, wrong in problems.items():
            if wrong.any():
                first = int(wrong.argmax())
                row, cell = column.index[first], cell_text(column.iloc[first])
                raise TableError(f"{table}: row {row}, column {self.name}: {cell} {problem}")
        return numbers


def is_counted(metric: str) -> bool:
    """Whether a metric's values are counts, which may be 0.

    >>> is_counted("parameters"), is_counted("seconds")
    (True, False)
    """
    return metric_of(metric).kind is Kind.COUNTED


def check_columns(frame: pd.DataFrame, name: str, axes: Sequence[str]) -> None:
    """Check that a table has the columns that are needed, and no others of reserved names.

    Raises
    ------
    TableError
        At the first column that is missing or cannot be used.
    """
    for column in (*KEYS, "value", *axes):
        if column not in frame.columns:
            has = listed(map(repr, frame.columns))
            raise TableError(f"{name}: row 1: there is no column {column!r}; it has {has}")
        if column in axes and column in (*KEYS, *WITHIN, "value"):
            raise TableError(f"{name}: row 1: the column {column!r} cannot be a size")
    if not any(size in frame.columns for size in (*SIZES, *axes)):
        others = [c for c in frame.columns if c not in (*KEYS, *WITHIN, "value")]
        column = cell_text(others[0]) if others else "COLUMN"
        raise TableError(
            f"{name}: row 1: there is no column of sizes, n, d or k; --axis n={column} would make "
            f"one; it has {listed(map(repr, frame.columns))}"
        )
    for column in RESERVED:
        if column in frame.columns:
            raise TableError(f"{name}: row 1: the name {column!r} is reserved: rename the column")


def tidy(frame: pd.DataFrame, name: str, layer: str = "table") -> pd.DataFrame:
    """Add the columns that a minimal table leaves out, such as one of ``n,seconds``.

    Parameters
    ----------
    frame
        Rows with a column `value`, or one for each metric, which becomes rows of its own.
    name
        What messages call the table.
    layer
        The layer's name where the table has none.

    Raises
    ------
    TableError
        If the table has neither a column `value` nor one of a metric.

    Examples
    --------
    >>> tidy(pd.DataFrame({"n": [64], "seconds": [0.5]}), "t.csv").columns.tolist()
    ['n', 'layer', 'device', 'mode', 'metric', 'value']
    """
    given = [metric for metric in METRIC_COLUMNS if metric in frame.columns]
    if "value" not in frame.columns and "metric" not in frame.columns and given:
        kept = frame.drop(columns=given)
        parts = [kept.assign(metric=metric, value=frame[metric]) for metric in given]
        if len(given) > 1:  # a wide table may lack a metric of some rows
            parts = [part[part["value"].notna() & (part["value"] != "")] for part in parts]
        attributes, frame = frame.attrs, pd.concat(parts)
        frame.attrs = attributes
    elif "value" not in frame.columns or "metric" not in frame.columns:
        missing = "value" if "value" not in frame.columns else "metric"
        raise TableError(
            f"{name}: row 1: there is no column {missing!r}, nor one named after a metric, such as "
            f"seconds, instead of metric and value; it has {listed(map(repr, frame.columns))}"
        )
    defaults = {"layer": layer, "device": UNKNOWN, "mode": UNKNOWN}
    absent = {key: default for key, default in defaults.items() if key not in frame.columns}
    if not absent:
        return frame
    ordered = [*(c for c in frame.columns if c not in ("metric", "value")), *absent]
    return frame.assign(**absent)[[*ordered, "metric", "value"]]


def _check_texts(column: pd.Series[Any], table: str) -> None:
    """Raise a TableError where a text of a column is too long."""
    if is_numeric_dtype(column):
        return
    _, texts = _distinct(column)
    long = [t for t in texts if isinstance(t, str) and len(t) > _LONGEST_TEXT]
    if long:
        row = column.index[int((column == long[0]).argmax())]
        raise TableError(
            f"{table}: row {row}, column {cell_text(column.name)}: {cell_text(long[0])!r} has "
            f"{len(long[0])} characters, the limit is {_LONGEST_TEXT}"
        )


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
    check_columns(frame, name, axes)
    is_ok = pd.Series(True, index=frame.index)
    if "status" in frame.columns:
        codes, statuses = _distinct(frame["status"].fillna("ok"))
        is_ok &= statuses.astype(str).isin(["ok", ""]).to_numpy()[codes]
    if not is_ok.any():
        raise TableError(f"{name}: row 1, column value: there are no rows to fit")
    frame = frame.copy(deep=False)  # columns are replaced as a whole
    for column in (*SIZES, *axes):
        if column in frame.columns:
            sizes = NumberColumn(column, may_be_empty=True, extreme=_EXTREME_SIZE)
            frame[column] = sizes.convert(frame[column], name)
    for column in frame.columns.difference([*SIZES, *axes, "value"]):
        _check_texts(frame[column], name)
    for column in KEYS:
        codes, names = _distinct(frame[column])
        empty = (names.isna() | (names.astype(str) == "")).to_numpy()
        if empty.any():
            row = frame.index[int(empty[codes].argmax())]
            raise TableError(f"{name}: row {row}, column {column}: it is empty")
        if frame[column].dtype != "str":
            frame[column] = frame[column].astype(str)
        if column == "metric":
            counted = np.array([is_counted(str(metric)) for metric in names])[codes]
    values = np.full(len(frame), np.nan)
    values[is_ok.to_numpy()] = NumberColumn("value").convert(
        frame["value"][is_ok], name, pd.Series(counted, index=frame.index)[is_ok]
    )
    frame["value"] = values
    return frame


def _distinct(column: pd.Series[Any]) -> tuple[NDArray[np.intp], pd.Series[Any]]:
    """Return the distinct cells, and the index of one for each row: few cells are looked at."""
    try:
        codes, cells = pd.factorize(column, use_na_sentinel=False)
    except TypeError:  # a cell of a list or a mapping
        codes, cells = pd.factorize(column.astype(str), use_na_sentinel=False)
    return codes, pd.Series(cells, dtype=object)
