"""What is said of a file that cannot be used: one line, which names the place and the value."""

from __future__ import annotations

from typing import Any

from ...errors import LayerlawError
from ...messages import message_line, one_line

#: Characters of a value in a message.
_LONGEST_VALUE = 40


class FileError(LayerlawError, ValueError):
    """A file that cannot be used; the message names file, place and value in one line."""

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
