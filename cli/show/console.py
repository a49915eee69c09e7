"""Where things are printed: lines for a person on standard error, results on standard output."""

from __future__ import annotations

import sys
import warnings
from typing import TextIO

from rich.console import Console

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
