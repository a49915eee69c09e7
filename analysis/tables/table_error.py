"""What is said of a table that cannot be used, or of which something is left out: one line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ... import messages
from ...errors import LayerlawError
from ...messages import MOST_NAMES, message_line, one_line

#: Characters of a value in a message.
_LONGEST_VALUE = 40


class TableError(LayerlawError, ValueError):
    """A table that cannot be fitted; the message names file, row and column in one line."""

    def __init__(self, message: str) -> None:
        super().__init__(message_line(message))


class TableWarning(UserWarning):
    """Something of a table that was left out or passed over; the message is one line."""

    def __init__(self, message: str) -> None:
        super().__init__(message_line(message))


def cell_text(cell: Any) -> str:
    """Write a cell for a message: whole numbers whole, long texts cut.

    >>> cell_text(16.0), cell_text("many")
    ('16', 'many')
    """
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        cell = int(cell)
    return one_line(str(cell), _LONGEST_VALUE)


def listed(cells: Iterable[Any], most: int = MOST_NAMES) -> str:
    """List cells, the first of many only.

    >>> listed(["n", "d"]), listed(range(5), most=2)
    ('n, d', '0, 1 and 3 more')
    """
    return messages.listed(map(cell_text, cells), most)
