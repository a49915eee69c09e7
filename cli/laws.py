"""The commands `fit`, `report` and `predict`, which use existing measurements."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..messages import listed, quoted
from . import show
from .options import (
    FILE_LIMIT,
    MARGIN,
    REPORT_FOLDER,
    Axes,
    Expect,
    FileLimit,
    Json,
    Margin,
    Source,
    parse_expected,
    parse_sizes,
    usage_errors,
)
from .output import command_line, print_json, write_report
from .values import UsageError, folder, number, output_file, require_file, require_folder

if TYPE_CHECKING:
    import pandas as pd

#: Names that a table may give to times instead of the metric "seconds".
_TIME_NAMES = {
    "time",
    "times",
    "runtime",
    "duration",
    "elapsed",
    "latency",
    "wall",
    "s",
    "ms",
    "us",
    "ns",
}


def fit(
    tables: Annotated[
        list[Path],
        typer.Argument(
            metavar="TABLE...",
            help="A tidy CSV table, asv's results (folder or file), or pytest-benchmark's JSON.",
            show_default=False,
        ),
    ],
    expect: Expect = None,
    axes: Axes = None,
    margin: Margin = MARGIN,
    at_most: Annotated[
        bool,
        typer.Option(
            "--at-most",
            help="An exponent below theory's matches too: test only that the cost grows no faster.",
        ),
    ] = False,
    json_file: Annotated[
        Path | None,
        output_file(
            "--json", metavar="OUT.json", help="Write the laws as JSON; - for standard output."
        ),
    ] = None,
    file_limit: FileLimit = FILE_LIMIT,
) -> None:
    """Fit the laws of existing measurements, and judge them.

    A minimal table has the columns n and seconds. The columns are layer, device, mode, metric, the
    sizes n, d and k, value, repeat, process, round and status. Any other column that varies
    separates laws, unless --axis makes it a size.
    """
    from ..analysis import fit as fit_laws
    from ..reports import laws_json, summarise, write_atomically

    if json_file is not None and json_file != Path("-"):  # refuse it before the fits
        require_file("--json", json_file)
    with show.Terminal().fitting("laws") as update:
        fits = fit_laws(
            tables,
            parse_expected(expect),
            axes=axes or (),
            margin=margin,
            at_most=at_most,
            file_limit=file_limit,
            progress=update,
        )
    for metric in dict.fromkeys(each.series.metric for each in fits):
        if metric.lower() in _TIME_NAMES:
            show.note(f"metric {metric!r} is fitted as a count: times need the metric 'seconds'")
    text = laws_json(fits)
    if json_file == Path("-"):
        print_json(text)
        return
    if json_file is not None:
        write_atomically(json_file, text)
    show.laws(summarise(fits))


def report(
    source: Source = REPORT_FOLDER,
    out: Annotated[
        Path | None,
        folder(
            "--out",
            "-o",
            metavar="DIR",
            help=f"Folder for the report; by default SOURCE, or {REPORT_FOLDER} if it is a table.",
        ),
    ] = None,
    expect: Expect = None,
    axes: Axes = None,
    margin: Margin = MARGIN,
    file_limit: FileLimit = FILE_LIMIT,
    as_json: Json = False,
) -> None:
    """Write the report of existing measurements, without measuring.

    A stopped run is reported as far as it was measured.
    """
    from ..session import STORE, Result, read_measurements

    reported = out or (source if (source / STORE).is_file() else REPORT_FOLDER)
    require_folder("--out", reported)
    result = Result.from_measurements(
        read_measurements(source, file_limit),
        expect=parse_expected(expect),
        axes=axes or (),
        margin=margin,
        command=command_line(),
        observer=show.Terminal(),
    )
    write_report(result, reported, as_json=as_json)


def predict(
    source: Source = REPORT_FOLDER,
    layers: Annotated[
        list[str] | None,
        typer.Option(
            "--layer", "-l", metavar="NAME", help="A layer; may be repeated. By default all."
        ),
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            "-m",
            metavar="NAME",
            help="The cost to predict, such as peak_bytes; may be repeated. By default every cost "
            "that grows; with --within, only seconds if the table has them.",
        ),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(
            "--at", metavar="SIZE=NUMBER", help="A size, such as n=4096; may be repeated."
        ),
    ] = None,
    within: Annotated[
        float | None,
        number(
            "--within",
            least=0,
            most=1e300,
            metavar="BUDGET",
            help="Find the largest size within this budget, which is in the unit of the metric, "
            "such as seconds; --at gives all sizes but that one.",
        ),
    ] = None,
    expect: Expect = None,
    axes: Axes = None,
    file_limit: FileLimit = FILE_LIMIT,
    as_json: Json = False,
) -> None:
    """Predict a cost at sizes that were not measured, or the largest size within a budget.

    Each answer has a 95 % interval, which assumes that no new regime begins beyond the measured
    sizes. If the machine is known, a warning names each cache that the working set outgrows.
    """
    from ..analysis import caches_of
    from ..measure import SECONDS
    from ..reports import predict_laws
    from ..session import Result, read_measurements

    sizes = parse_sizes(at)
    measured = read_measurements(source, file_limit)
    table = measured.table
    if within is not None and not metrics and (table["metric"] == SECONDS.name).any():
        metrics = [SECONDS.name]
    for column, wanted in (("layer", layers), ("metric", metrics)):
        if wanted:
            table = _select_rows(table, column, wanted)
    result = Result.from_measurements(
        replace(measured, table=table),
        expect=parse_expected(expect),
        axes=axes or (),
        observer=show.Terminal(),
    )
    fits = result.fits
    if not metrics:
        fits = [fit for fit in fits if fit.law is not None] or fits
    with usage_errors():
        found = predict_laws(fits, sizes, within, caches_of(result.machine, result.settings))
    if as_json:
        print_json([each.as_dict() for each in found])
    else:
        show.answers(found)


def _select_rows(table: pd.DataFrame, column: str, wanted: list[str]) -> pd.DataFrame:
    """Return the rows of some layers or metrics, and the auxiliary measurements."""
    from ..measure import METRICS_WITHOUT_LAW

    auxiliary = table["metric"].isin(METRICS_WITHOUT_LAW)
    known = list(dict.fromkeys(table[column][~auxiliary].astype(str)))
    if unknown := [name for name in wanted if name not in known]:
        raise UsageError(
            f"--{column} {quoted(unknown[0])}: no row has this {column}; there are: "
            f"{listed(known, near=unknown[0])}"
        )
    return table[table[column].astype(str).isin(wanted) | auxiliary]
