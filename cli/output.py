"""The output of commands: a result's report and laws, and the command line that repeats it."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..messages import one_line
from . import show

if TYPE_CHECKING:
    from ..session import Result


def command_line() -> str:
    """Return the command as it was typed; reports show it."""
    return one_line(shlex.join(["layerlaw", *sys.argv[1:]]))  # a report is UTF-8


def write_report(result: Result, out: Path, *, as_json: bool) -> None:
    """Write the report of a result into a folder, and print the laws."""
    with show.Terminal().steps() as update:
        page, *_ = result.report(out, update)
    print_laws(result, as_json=as_json)
    show.note(f"The report is {page}; report.md, table.csv and laws.json are in the same folder.")


def print_laws(result: Result, *, as_json: bool) -> None:
    """Print the laws of a result, as JSON or as a table."""
    from ..reports import laws_json

    if as_json:
        print_json(laws_json(result.fits))
    else:
        show.laws(result.content.summary)


def print_json(document: Any) -> None:
    """Print JSON, given as a text or as what it is made of, on standard output.

    What a terminal might obey, such as a control character in a layer's name, is escaped as JSON
    does; programs read the same text.
    """
    text = (
        document
        if isinstance(document, str)
        else json.dumps(document, indent=2, ensure_ascii=False)
    )
    print("\n".join(map(_printable_json, text.rstrip("\n").split("\n"))))


def _printable_json(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in line)
