"""Where things are printed: lines for a person on standard error, results on standard output."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, TextIO

from rich import box
from rich.console import Console, OverflowMethod
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from ...reports import Table as ReportTable

#: Styles of verdicts.
VERDICT_STYLES = {"matches": "green", "differs": "red", "unresolved": "yellow"}

#: Width of a table that goes to a file, in characters: wide enough not to be folded.
_PIPE_WIDTH = 160

#: Errors that were printed.
errors: list[str] = []

_show_warning = warnings.showwarning


def console_out() -> Console:
    """Give the console of standard output."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPE_WIDTH)


def drawn(
    table: ReportTable, *, title: str | None = None, overflow: OverflowMethod = "ellipsis"
) -> Table:
    """Draw a report's table for the terminal."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
    for column in table.head:
        shown.add_column(column, overflow=overflow)
    for row in table.rows:
        shown.add_row(*map(Text, row))
    return shown


def say(text: str) -> None:
    """Print a line for a person, apart from what a program would read."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)


def error(message: str) -> None:
    """Print an error as one line on standard error."""
    errors.append(message)
    print("layerlaw: " + " ".join(message.split()), file=sys.stderr)


def warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a warning; what speaks to the user goes in one line."""
    if category.__name__ == "BrokenLayer":
        say(f"layerlaw: warning: {message}")
    else:
        _show_warning(message, category, filename, lineno, file, line)


def clock(seconds: float) -> str:
    """Write seconds as minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
