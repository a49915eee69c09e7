"""The output of commands: a result's report and laws, and the command line that repeats it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from . import show

if TYPE_CHECKING:
    from ..session import Result


def command_line() -> str:
    """Return the command as it was typed; reports show it."""
    return shlex.join(["layerlaw", *sys.argv[1:]])


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
        print(laws_json(result.fits), end="")
    else:
        show.laws(result.content.summary)
