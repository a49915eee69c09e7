"""What is said of a table that cannot be used, or of which something is left out: one line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...errors import LayerlawError

#: Characters of a message, of a value in it, and names in a list.
_LONGEST_MESSAGE, _LONGEST_VALUE, _MOST_NAMES = 300, 40, 8
_LONGEST_ESCAPE = 10  # characters, such as of \U0001f600


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
    line = one_line(text, len(text) * _LONGEST_ESCAPE)
    half = (_LONGEST_MESSAGE - 1) // 2
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[:half]}…{line[-half:]}"


def one_line(text: str, longest: int) -> str:
    r"""Escape what is not printable, and cut the text at `longest` characters.

    >>> one_line("a\x1b[31m\nb", 40), one_line("n" * 10, 4)
    ('a\\x1b[31m\\nb', 'nnn…')
    """
    # Three times the length is enough to see that it is too long.
    escaped = "".join(c if c.isprintable() else _escape(c) for c in text[: 3 * longest])
    return escaped if len(escaped) <= longest else escaped[: longest - 1] + "…"


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


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
