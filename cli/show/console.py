"""Consoles and lines: notes, warnings and errors on standard error, tables on standard output."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from ...messages import LONGEST_MESSAGE, message_line, one_line

if TYPE_CHECKING:
    from ...reports import Table as ReportTable

#: Colours of verdicts.
VERDICT_STYLES = {"matches": "green", "differs": "red", "unresolved": "yellow"}

#: Width of a table that is not printed in a terminal, in characters; so wide that no row is folded.
_PIPE_WIDTH = 160

#: Warnings about a user's layers and tables, by name: importing the classes would load torch.
_INPUT_WARNINGS = ("BrokenLayer", "TableWarning")

#: The errors that were printed, so that an interrupt is reported once.
printed_errors: list[str] = []


class _EscapingConsole(Console):
    """A console that prints no control character but its own: those of a text are escaped.

    rich removes a few of them from texts, and escapes none.
    """

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render as rich does, and escape what is not printable in the lines of each segment."""
        if isinstance(renderable, Text) and (plain := _lines(renderable.plain)) != renderable.plain:
            renderable = Text(plain, renderable.style)  # before it is wrapped to its width
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(_lines(segment.text), segment.style)


def _lines(text: str) -> str:
    """Escape what is not printable in each line of a text."""
    return text if text.isprintable() else "\n".join(map(one_line, text.split("\n")))


def console_out() -> Console:
    """Return a console of standard output."""
    console = _EscapingConsole(highlight=False)
    return console if console.is_terminal else _EscapingConsole(highlight=False, width=_PIPE_WIDTH)


def console_err() -> Console:
    """Return a console of standard error."""
    return _EscapingConsole(stderr=True, highlight=False)


def folding_table(*columns: str, title: str | None = None) -> Table:
    """Return a table without rows, whose cells are folded where they are too long for the terminal.

    rich would cut them, and names that differ at their end, such as torch.float32 and
    torch.float64, would look alike.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def rich_table(table: ReportTable, *, title: str | None = None) -> Table:
    """Return a table of a report as rich's table, for the terminal."""
    shown = folding_table(*table.head, title=title)
    for row in table.rows:
        shown.add_row(*map(Text, row))
    return shown


def note(text: str) -> None:
    """Print a line for a person on standard error; programs read standard output."""
    console_err().print(text, markup=False, soft_wrap=True)


def error(message: str) -> None:
    """Print an error as one line on standard error."""
    printed_errors.append(message)
    print(message_line(" ".join(f"layerlaw: {message}".split())), file=sys.stderr)


def warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a warning; one about a user's input becomes one line."""
    text = one_line(" ".join(str(message).split()), LONGEST_MESSAGE)
    if category.__name__ in _INPUT_WARNINGS:
        note(f"layerlaw: warning: {text}")
    else:
        note(warnings.formatwarning(text, category, filename, lineno, line).rstrip("\n"))


def format_duration(seconds: float) -> str:
    """Return seconds as minutes and seconds, such as 2:05."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
