"""What several commands do: fit, read what was measured, and write the report of it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from . import show

if TYPE_CHECKING:
    import pandas as pd

    from ..analysis import Fit, Source as Table
    from ..measure import Run, Store
    from ..studies.claims import Record

#: Where `run` leaves what it makes, in the current folder.
OUT = Path("layerlaw-report")
STORE = "measurements.sqlite"


class Measured(NamedTuple):
    """What a report is made of: tidy rows, the machine's fingerprint, and how it was measured.

    Statements of the course text that were tested are part of it where they lie beside.
    """

    table: pd.DataFrame
    machine: Mapping[str, Any]
    settings: Mapping[str, Any]
    claims: Record | None = None


def fit_all(
    sources: Sequence[Table],
    expect: Mapping[str, str],
    axes: list[str] | None,
    margin: float,
    *,
    at_most: bool = False,
) -> list[Fit]:
    """Fit the laws of tables, and show how far it is."""
    from ..analysis import fit

    with show.counting("laws") as update:
        return fit(
            sources, expect, axes=axes or [], margin=margin, at_most=at_most, progress=update
        )


def read(source: Path) -> Measured:
    """Read what `run` left in a folder, as far as it went, or a table."""
    if (source / STORE).is_file():
        from ..measure import Store

        with Store(source / STORE, readonly=True) as store:
            measured = kept(store, store.latest())
        return with_claims(measured, source)
    from ..analysis.tables import readers

    return Measured(readers.read(source), {}, {})


def kept(store: Store, work: Run) -> Measured:
    """Give what a store has of a run."""
    settings = {**work.settings, "controls": store.controls(work)}
    return Measured(store.table(work), work.machine, settings)


def with_claims(measured: Measured, folder: Path) -> Measured:
    """Add what `claims` left in a folder, if it did."""
    from ..studies.claims import Record

    return measured._replace(claims=Record.read(folder))


def command() -> str:
    """Give the command as it was typed, to be shown where its result can be made again."""
    return shlex.join(["layerlaw", *sys.argv[1:]])


def write(
    measured: Measured,
    fits: Sequence[Fit],
    out: Path,
    command: str,
    margin: float,
    *,
    as_json: bool,
) -> None:
    """Write the report of what was measured and fitted, and print the laws."""
    from ..reports import in_order, write_report

    fits = in_order(fits)
    with show.timing() as update:
        page, *_ = write_report(
            out,
            measured.table,
            fits,
            measured.machine,
            measured.settings,
            command,
            margin=margin,
            claims=measured.claims,
            progress=update,
        )
    if as_json:
        write_json(fits, Path("-"))
    else:
        show.laws(fits)
    show.say(f"The report is {page}; table.csv, laws.json and report.md lie beside it in {out}.")


def write_json(fits: Sequence[Fit], path: Path) -> None:
    """Write the laws as JSON; ``-`` is standard output."""
    from ..reports import laws_json

    if path == Path("-"):
        print(laws_json(fits), end="")
    else:
        path.write_text(laws_json(fits), encoding="utf-8")
