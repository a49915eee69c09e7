"""Read tables of delimited text: commas, semicolons or tabs, decimal points or decimal commas."""

from __future__ import annotations

import csv
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from ...measure import FILE_LIMIT, SIZES, cell_text, read_text
from ...messages import listed
from .schema import KEYS, METRIC_COLUMNS, WITHIN
from .table_error import TableError, TableWarning

if TYPE_CHECKING:
    import _csv

_DELIMITERS = (",", ";", "\t")
#: Columns that are read; of wider tables, those that take one value are left out.
_MOST_COLUMNS = 1000

#: Characters that a terminal acts on. In a file some may also end lines or separate cells.
_CONTROLS = r"\x7f-\x9f\u2028-\u202e\u2066-\u2069"
_CONTROL = re.compile(rf"[\x00-\x1f{_CONTROLS}]")
_CONTROL_IN_FILE = re.compile(rf"[\x00-\x08\x0b\x0c\x0e-\x1f{_CONTROLS}]|\"[^\"]*[\r\n]")

#: Columns of numbers.
_NUMERIC = (*SIZES, "value", *METRIC_COLUMNS)

#: A number with a decimal comma; one that may be whole, with a comma between thousands; one with a
#: decimal point.
_COMMA = re.compile(r"\s*[+-]?\d*,\d+(e[+-]?\d+)?\s*", re.IGNORECASE)
_THOUSANDS = re.compile(r"\s*[+-]?[1-9]\d{0,2}(,\d{3})+\s*")
_POINT = re.compile(r"\s*[+-]?(\d+\.\d*|\.\d+)(e[+-]?\d+)?\s*", re.IGNORECASE)


#: A cell that a message names: row, column and text.
_Cell = tuple[int, int, str]


@dataclass
class _Columns:
    """What the rows of a file say of its columns.

    Attributes
    ----------
    names
        Names of the columns.
    first
        The cells of row 2.
    varying
        Whether each column takes more than one value.
    decimal, thousands, whole, point
        The first number with a decimal comma, with a comma that may separate thousands, the same in
        a column of sizes, and with a decimal point.
    """

    names: list[str]
    first: list[str] = field(default_factory=list)
    varying: list[bool] = field(default_factory=list)
    decimal: _Cell | None = None
    thousands: _Cell | None = None
    whole: _Cell | None = None
    point: _Cell | None = None


def read_csv(path: Path, limit: float = FILE_LIMIT) -> pd.DataFrame:
    """Read a table of text; the index is the row of the file, its header being row 1.

    The delimiter is the one of comma, semicolon and tab that gives the header most columns. Numbers
    may have decimal commas where no cell has a decimal point.

    Parameters
    ----------
    path
        The file.
    limit
        Largest size of the file in MiB.

    Raises
    ------
    TableError
        If the file cannot be read, or a row has more or fewer cells than the header.
    """
    data = read_text(path, limit, TableError)
    if not data.strip():
        raise TableError(f"{path}: it is empty")
    csv.field_size_limit(2**31 - 1)  # the file's size is limited already
    delimiter = _delimiter(data)
    columns = _scan(data, delimiter, path)
    used = _used(columns, path)
    try:
        frame = pd.read_csv(
            BytesIO(data),
            sep=delimiter,
            decimal="," if _has_decimal_commas(columns, path) else ".",
            header=0,
            names=columns.names,
            usecols=used,
            index_col=False,
            keep_default_na=False,
            na_values={column: [""] for column in _NUMERIC},
            dtype=dict.fromkeys(KEYS, "str"),  # a name may look like a number
            skip_blank_lines=False,
            skipinitialspace=True,
            low_memory=False,
        )
    except pd.errors.ParserError as error:
        raise TableError(f"{path}: cannot be read as CSV: {error}") from None
    for name in frame.columns:
        if name not in (*KEYS, *_NUMERIC) and not is_numeric_dtype(frame[name]):
            frame[name] = _numbers_with_blanks(frame[name])
    frame.index = frame.index + 2
    blank = np.ones(len(frame), dtype=bool)
    for name in frame.columns:
        blank &= (frame[name].isna() | (frame[name] == "")).to_numpy(dtype=bool)
    return frame[~blank]


def _numbers_with_blanks(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return numbers where all cells but blank ones are, as pandas does where none is blank.

    pandas writes whole numbers as 16.0 where cells are missing, and reads them as text.
    """
    blank = column == ""
    if not blank.any() or blank.all():
        return column
    numbers = pd.to_numeric(column.mask(blank), errors="coerce")
    return numbers if bool((numbers.notna() | blank).all()) else column


def _delimiter(data: bytes) -> str:
    """Return the delimiter that gives the header most columns; of several, the first."""
    header = data.lstrip(b"\r\n").split(b"\n", 1)[0].split(b"\r", 1)[0].decode()

    def columns(mark: str) -> int:
        return len(next(csv.reader([header], delimiter=mark), []))  # which ends an open quote

    return max(_DELIMITERS, key=columns)


def _reader(data: bytes, delimiter: str) -> _csv.Reader:
    """Yield the cells of each line; blank lines have none."""
    text = TextIOWrapper(BytesIO(data), encoding="utf-8", newline="")
    return csv.reader(text, delimiter=delimiter, skipinitialspace=True, strict=True)


def _scan(data: bytes, delimiter: str, path: Path) -> _Columns:
    """Read every row, and check its cells."""
    rows = _reader(data, delimiter)
    try:
        columns = _Columns(_checked_names(next(rows), path))
        names = columns.names
        numeric = [at for at, name in enumerate(names) if name in _NUMERIC]
        # Without quotes no cell has a comma that separates cells.
        commas = delimiter != "," or b'"' in data
        wide = len(names) > _MOST_COLUMNS
        controls = _CONTROL_IN_FILE.search(data.decode()) is not None
        for row, cells in enumerate(rows, start=2):
            if not cells:
                continue  # a blank line
            _check_count(cells, names, row, path)
            if wide:
                _note_variation(columns, cells)
            if controls:
                _check_characters(cells, names, row, path)
            if commas:
                _note_numbers(columns, numeric, cells, row)
    except csv.Error as error:
        raise TableError(f"{path}: row {rows.line_num}: cannot be read as CSV: {error}") from None
    return columns


def _checked_names(header: Sequence[str], path: Path) -> list[str]:
    names = [name.strip() for name in header]
    _check_characters(names, names, 1, path)
    if len(names) < 2:
        raise TableError(
            f"{path}: row 1: a header of several columns is needed, such as n,seconds, separated "
            f"by commas, semicolons or tabs; it is {cell_text(names[0] if names else '')!r}"
        )
    if "" in names:
        raise TableError(
            f"{path}: row 1, column {names.index('') + 1}: it has no name; an index of pandas is "
            "left out by to_csv(…, index=False)"
        )
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise TableError(f"{path}: row 1: there are several columns {cell_text(twice[0])!r}")
    return names


def _check_count(cells: Sequence[str], names: Sequence[str], row: int, path: Path) -> None:
    if len(cells) == len(names):
        return
    cause = ""
    if len(cells) > len(names):
        rest = cell_text(",".join(cells[len(names) - 1 :]))
        cause = (
            f"; from column {cell_text(names[-1])} on: {rest!r}. A decimal comma ends a cell: "
            "write a point, or separate cells by semicolons"
        )
    raise TableError(
        f"{path}: row {row}: {len(cells)} cells, but the header has {len(names)} columns{cause}"
    )


def _check_characters(cells: Sequence[str], names: Sequence[str], row: int, path: Path) -> None:
    for name, cell in zip(names, cells, strict=True):
        if _CONTROL.search(cell):
            raise TableError(
                f"{path}: row {row}, column {cell_text(name)}: {cell_text(cell)!r} has a control "
                "character"
            )


def _note_variation(columns: _Columns, cells: list[str]) -> None:
    if not columns.first:
        columns.first, columns.varying = cells, [False] * len(cells)
    elif cells != columns.first:
        pairs = zip(columns.varying, cells, columns.first, strict=True)
        columns.varying = [varies or cell != first for varies, cell, first in pairs]


def _note_numbers(
    columns: _Columns, numeric: Sequence[int], cells: Sequence[str], row: int
) -> None:
    for at in numeric:
        cell = cells[at]
        if "," in cell:
            if _THOUSANDS.fullmatch(cell):
                columns.thousands = columns.thousands or (row, at, cell)
                if columns.names[at] in SIZES:
                    columns.whole = columns.whole or (row, at, cell)
            elif _COMMA.fullmatch(cell):
                columns.decimal = columns.decimal or (row, at, cell)
        elif columns.point is None and "." in cell and _POINT.fullmatch(cell):
            columns.point = row, at, cell


def _has_decimal_commas(columns: _Columns, path: Path) -> bool:
    """Whether numbers have decimal commas.

    Raises
    ------
    TableError
        If some have a comma and others a point, or a comma may separate thousands.
    """

    def place(cell: _Cell) -> str:
        row, at, text = cell
        return f"row {row}, column {cell_text(columns.names[at])}: {cell_text(text)}"

    unclear = columns.whole if columns.decimal else columns.thousands
    if unclear is not None:
        raise TableError(
            f"{path}: {place(unclear)} may have a decimal comma or one between thousands; write it "
            "without"
        )
    if columns.decimal is not None and columns.point is not None:
        raise TableError(
            f"{path}: {place(columns.point)} has a decimal point, but {place(columns.decimal)} has "
            "a decimal comma"
        )
    return columns.decimal is not None


def _used(columns: _Columns, path: Path) -> list[str]:
    """Return the columns to read: all, or of a wide table those that vary or have a meaning.

    Raises
    ------
    TableError
        If too many columns vary: each separates laws.
    """
    if len(columns.names) <= _MOST_COLUMNS:
        return columns.names
    known = {*KEYS, *SIZES, *WITHIN, *METRIC_COLUMNS, "value", "batch", "dtype", "threads"}
    varying = columns.varying or [False] * len(columns.names)
    pairs = zip(columns.names, varying, strict=True)
    used = [name for name, varies in pairs if varies or name in known]
    if len(used) > _MOST_COLUMNS:
        raise TableError(
            f"{path}: row 1: {len(used)} of {len(columns.names)} columns vary, and each separates "
            f"laws: at most {_MOST_COLUMNS} are read"
        )
    names = set(used)
    left = [name for name in columns.names if name not in names]
    warnings.warn(
        TableWarning(
            f"{path}: left out {len(left)} columns of one value each, of {len(columns.names)}: "
            f"{listed(left, 3)}"
        ),
        stacklevel=2,
    )
    return used
