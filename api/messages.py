"""Texts for one line of a terminal, a log or a table, whatever characters they contain.

Names of layers and files, messages of exceptions and cells of tables come from elsewhere. A
control character among them could move the cursor, colour what follows or hide what precedes. The
module imports nothing of layerlaw, so that every package can use it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

#: Characters of a message.
LONGEST_MESSAGE = 300

#: Characters of an expression, a name or a value that a message repeats.
LONGEST_QUOTE = 60

#: Names in a list of names.
MOST_NAMES = 8

#: Characters of a name in such a list.
_LONGEST_NAME = 40


def one_line(text: str, longest: int | None = None) -> str:
    r"""Escape what is not printable, such as control characters, and cut the text at `longest`.

    It is applied wherever text that layerlaw did not write is shown. Applied twice it gives the
    same as applied once.

    Parameters
    ----------
    text
        The text.
    longest
        Most characters of the result, with the ellipsis of a text that is cut.

    Examples
    --------
    >>> one_line("a\x1b[31m\nb"), one_line("n" * 10, 4)
    ('a\\x1b[31m\\nb', 'nnn…')
    """
    if longest is not None:
        text = text[: longest + 1]  # enough to see that it is too long
    if not text.isprintable():
        text = "".join(each if each.isprintable() else _escape(each) for each in text)
    return text if longest is None or len(text) <= longest else text[: longest - 1] + "…"


def quoted(text: str, longest: int = LONGEST_QUOTE) -> str:
    r"""Quote a text as part of a message, escaped and cut as by `one_line`.

    >>> quoted("n²\x07"), quoted("n" * 10, 4)
    ("'n²\\x07'", "'nnn…'")
    """
    return f"'{one_line(text, longest)}'"


def message_line(text: str, longest: int = LONGEST_MESSAGE) -> str:
    r"""Write a message in one line; of a long one, such as with a long path, the middle is cut.

    >>> message_line("a\nb"), message_line("xxxxxyyyyy", 5)
    ('a\\nb', 'xx…yy')
    """
    line = one_line(text)
    half = (longest - 1) // 2
    return line if len(line) <= longest else f"{line[:half]}…{line[-half:]}"


def listed(names: Iterable[object], most: int = MOST_NAMES, near: str = "") -> str:
    """List names for a message: those most like another first, and the number of those left out.

    Parameters
    ----------
    names
        The names.
    most
        Most names that are listed.
    near
        A name that may be one of them with a slip.

    Examples
    --------
    >>> listed(["n", "d"]), listed(range(5), most=2), listed(["rnn", "gru", "lstm"], 1, "lsmt")
    ('n, d', '0, 1 and 3 more', 'lstm and 2 more')
    """
    every = [str(name) for name in names]
    alike = difflib.get_close_matches(near[:LONGEST_QUOTE], every, most) if near else []
    shown = [*alike, *(name for name in every if name not in alike)][:most]
    more = f" and {len(every) - len(shown)} more" if len(every) > len(shown) else ""
    return ", ".join(one_line(name, _LONGEST_NAME) for name in shown) + more


def error_message(error: BaseException, longest: int = LONGEST_MESSAGE) -> str:
    r"""Write the message of an exception in one line; empty if it has none.

    >>> error_message(ValueError("not\nthis")), error_message(ValueError())
    ('not this', '')
    """
    try:
        text = str(error)
    except BaseException:  # an exception of a layer may have a broken __str__
        text = ""
    return one_line(" ".join(text.split()), longest)


def error_line(error: BaseException, longest: int = LONGEST_MESSAGE) -> str:
    r"""Write an exception in one line: its class and its message.

    >>> error_line(ValueError("not\nthis")), error_line(KeyboardInterrupt())
    ('ValueError: not this', 'KeyboardInterrupt')
    """
    message = error_message(error, longest)
    kind = type(error).__name__
    return one_line(f"{kind}: {message}" if message else kind, longest)


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")
