"""Further sizes of a table: a column, one under another name, or an element of its shapes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ...measure import SIZES, cell_text
from ...messages import listed
from .parameters import number_of, shape_of
from .schema import KEYS, WITHIN
from .table_error import TableError

#: Attribute of a table that has a column for each parameter of another tool's benchmarks.
PARAMETERS = "parameters"

_FORM = "--axis takes COLUMN, SIZE=COLUMN or SIZE=COLUMN:ELEMENT, such as n=input_shape:1"
#: Names that mean something else in a law's expression.
_FUNCTIONS = ("log", "sqrt", "min", "max", "Min", "Max", "ceil", "ceiling", "floor")


@dataclass(frozen=True)
class Axis:
    """A size of a table besides n, d and k, or one of these under another name.

    Attributes
    ----------
    name
        Name of the size in the law.
    column
        Column with the sizes.
    element
        Place of the size in the column's shapes, counted from 0, or from the end if negative; None
        where the column has the size itself.
    """

    name: str
    column: str
    element: int | None = None

    @classmethod
    def parse(cls, text: str) -> Axis:
        """Read ``COLUMN``, ``SIZE=COLUMN`` or ``SIZE=COLUMN:ELEMENT``.

        Raises
        ------
        TableError
            If the text has another form, or the size's name cannot be one of an expression.

        Examples
        --------
        >>> Axis.parse("n=input_shape:1")
        Axis(name='n', column='input_shape', element=1)
        """
        name, _, column = text.partition("=") if "=" in text else (text, "", text)
        name, column, element = name.strip(), column.strip(), None
        if "=" in text and (found := re.fullmatch(r"(.+):(-?\d{1,3})", column)):
            column, element = found[1], int(found[2])
        if not name or not column:
            raise TableError(f"--axis {cell_text(text)!r}: {_FORM}")
        if re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) is None or name in _FUNCTIONS:
            raise TableError(
                f"--axis {cell_text(text)!r}: a size's name has letters, digits and _ and is no "
                f"function, so {cell_text(name)!r} is none; {_FORM}"
            )
        return cls(name, column, element)


def axis_names(axes: Sequence[str]) -> list[str]:
    """Return the names of sizes from their texts, as `Axis.parse` reads them.

    Raises
    ------
    TableError
        If a text cannot be read, or two give the same name.
    """
    names = [Axis.parse(text).name for text in axes]
    for at, name in enumerate(names):
        if name in names[:at]:
            raise TableError(f"--axis {cell_text(axes[at])!r}: {name} is given twice")
    return names


def add_axes(frame: pd.DataFrame, name: str, axes: Sequence[str]) -> pd.DataFrame:
    """Give a table a column for each axis.

    A column that becomes a size is removed under its former name. An element of a shape is replaced
    there by the size's name, so that other elements go on to separate laws.

    Raises
    ------
    TableError
        If a column is not there, or has no such element.
    """
    axis_names(axes)
    for axis in map(Axis.parse, axes):
        if axis.column not in frame.columns:
            raise TableError(
                f"{name}: --axis {axis.column!r}: there is no column {axis.column!r}; "
                f"{_candidates(frame)}"
            )
        if axis.column in (*KEYS, *WITHIN, "value"):
            raise TableError(f"{name}: row 1: the column {axis.column!r} cannot be a size")
        if axis.name == axis.column and axis.element is None:
            continue
        if axis.name in frame.columns and axis.name != axis.column:
            taken = frame[axis.name].notna() & (frame[axis.name].astype(str) != "")
            if taken.any():
                raise TableError(f"{name}: --axis {axis.name}: there is a column {axis.name!r}")
        if axis.element is None:
            frame = frame.assign(**{axis.name: frame[axis.column]}).drop(columns=axis.column)
        else:
            frame = _split_shapes(frame, name, axis)
    return frame


def _split_shapes(frame: pd.DataFrame, name: str, axis: Axis) -> pd.DataFrame:
    assert axis.element is not None
    sizes: list[Any] = []
    rest: list[Any] = []
    for row, cell in frame[axis.column].items():
        if cell is None or cell == "" or (isinstance(cell, float) and cell != cell):
            sizes.append(None)
            rest.append(cell)
            continue
        shape = shape_of(cell)
        if shape is None or not -len(shape) <= axis.element < len(shape):
            what = "is no shape" if shape is None else f"has no element {axis.element}"
            raise TableError(f"{name}: row {row}, column {axis.column}: {cell_text(cell)} {what}")
        sizes.append(number_of(shape[axis.element]))
        shape[axis.element] = axis.name
        rest.append("×".join(shape))
    return frame.assign(**{axis.column: rest, axis.name: sizes})


def drop_without_sizes(
    frame: pd.DataFrame, name: str, axes: Sequence[str]
) -> tuple[pd.DataFrame, str]:
    """Leave out another tool's benchmarks that have no size.

    Returns
    -------
    The rest, and what was left out in words; empty if nothing was.

    Raises
    ------
    TableError
        If none has a size; the message lists the parameters that there are.
    """
    if PARAMETERS not in frame.attrs:
        return frame, ""
    sizes = [size for size in (*SIZES, *axis_names(axes)) if size in frame.columns]
    has_size = frame[sizes].notna().any(axis="columns")
    if not has_size.any():
        raise TableError(f"{name}: no benchmark has a size (n, d, k); {_candidates(frame)}")
    left = frame["layer"][~has_size].astype(str).unique()
    if not len(left):
        return frame, ""
    return frame[has_size], (
        f"{name}: left out as they have no size: {listed(left, 4)}; {_candidates(frame[~has_size])}"
    )


def _candidates(frame: pd.DataFrame) -> str:
    """List the columns that may be sizes, with a value of each, and how to name one."""
    known = frame.attrs.get(PARAMETERS)
    others = [
        column
        for column in (frame.columns if known is None else known)
        if column in frame.columns and column not in (*KEYS, *WITHIN, "value", *SIZES)
    ]
    values = {c: [v for v in frame[c].tolist() if v is not None and v == v] for c in others}
    values = {column: cells for column, cells in values.items() if cells}
    if not values:
        return "there are no other columns"
    most = max(values, key=lambda c: (_is_size(values[c][0]), len(set(map(str, values[c])))))
    shape = shape_of(values[most][0])
    element = "" if shape is None or number_of(values[most][0]) is not None else ":1"
    examples = (f"{cell_text(c)} ({cell_text(values[c][0])})" for c in {most: None, **values})
    return f"--axis n={cell_text(most)}{element} would name one of {listed(examples, 5)}"


def _is_size(cell: Any) -> bool:
    return number_of(cell) is not None or shape_of(cell) is not None
