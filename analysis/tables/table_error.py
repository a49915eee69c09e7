"""What is said of a table that cannot be used, or of which something is left out: one line."""

from __future__ import annotations

from ...measure import FileError
from ...messages import message_line


class TableError(FileError):
    """A table that cannot be fitted; the message names file, row and column in one line."""


class TableWarning(UserWarning):
    """Something of a table that was left out or passed over; the message is one line."""

    def __init__(self, message: str) -> None:
        super().__init__(message_line(message))
