"""What is said of a table that cannot be used, or of which something is left out: one line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...errors import LayerlawError
from ...messages import LONGEST_MESSAGE, one_line

#: Characters of a value in a message, and names in a list.
_LONGEST_VALUE, _MOST_NAMES = 40, 8


class TableError(LayerlawError, ValueError):
    """A table that cannot be fitted; the message names file, row and column in one line."""

    def __init__(self, message: str) -> None:
        super().__init__(_message(message))


class TableWarning(UserWarning):
    """Something of a table that was left out or passed over; the message is one line."""

    def __init__(self, message: str) -> None:
        super().__init__(_message(message))


def _message(text: str) -> str:
    """Write a message in one line; of a long one, such as with a long path, the middle is cut."""
    line = one_line(text)
    half = (LONGEST_MESSAGE - 1) // 2
    return line if len(line) <= LONGEST_MESSAGE else f"{line[:half]}…{line[-half:]}"


def cell_text(cell: Any) -> str:
    """Write a cell for a message: whole numbers whole, long texts cut.

    >>> cell_text(16.0), cell_text("many")
    ('16', 'many')
    """
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        cell = int(cell)
    return one_line(str(cell), _LONGEST_VALUE)


def listed(names: Iterable[Any], most: int = _MOST_NAMES) -> str:
    """List names, the first of many only.

    >>> listed(["n", "d"]), listed(range(5), most=2)
    ('n, d', '0, 1 and 3 more')
    """
    names = [cell_text(name) for name in names]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
