"""The commands that fit laws to what was measured: their report, and what they predict."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import show
from .options import (
    MARGIN,
    OUT,
    Axes,
    Expect,
    Json,
    Margin,
    Source,
    UsageError,
    expected,
    sizes_of,
    usage,
)
from .output import command, write_report

if TYPE_CHECKING:
    import pandas as pd

#: Metrics that are times by another name than the one by which times are known.
_TIMES = {
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
            help="Tidy CSV, asv's result folder or file, or pytest-benchmark's JSON.",
            show_default=False,
        ),
    ],
    expect: Expect = None,
    axes: Axes = None,
    margin: Margin = MARGIN,
    at_most: Annotated[
        bool,
        typer.Option(
            "--at-most", help="An exponent below theory's matches too: no worse than theory."
        ),
    ] = False,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json", metavar="OUT.json", help="Write the laws as JSON; - for standard output."
        ),
    ] = None,
) -> None:
    """Fit the laws of measurements that are there already, and judge them.

    Columns: layer, device, mode, metric, n, d, value; k, repeat, process, round and status may
    be there. Any other column that varies separates laws, unless --axis makes it a size.
    """
    from ..analysis import fit as fit_laws
    from ..reports import laws_json, summarise

    if json_file is not None and not json_file.parent.is_dir():  # before the work, not after it
        raise UsageError(f"{json_file}: there is no folder {json_file.parent}")
    with show.Terminal().fitting("laws") as update:
        fits = fit_laws(
            tables,
            expected(expect),
            axes=axes or (),
            margin=margin,
            at_most=at_most,
            progress=update,
        )
    for metric in dict.fromkeys(each.series.metric for each in fits):
        if metric.lower() in _TIMES:
            show.say(f"{metric!r} is fitted as a count: a time has the metric 'seconds'")
    text = laws_json(fits)
    if json_file == Path("-"):
        print(text, end="")
        return
    if json_file is not None:
        json_file.write_text(text, encoding="utf-8")
    show.laws(summarise(fits))


def report(
    source: Source = OUT,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Where to; the folder of SOURCE."),
    ] = None,
    expect: Expect = None,
    axes: Axes = None,
    margin: Margin = MARGIN,
    as_json: Json = False,
) -> None:
    """Write the report of measurements that are there already, measuring nothing.

    A run that was stopped is reported as far as it went.
    """
    from ..session import STORE, Result, read_measurements

    to = out or (source if (source / STORE).is_file() else OUT)
    result = Result.from_measurements(
        read_measurements(source),
        expect=expected(expect),
        axes=axes or (),
        margin=margin,
        command=command(),
        observer=show.Terminal(),
    )
    write_report(result, to, as_json=as_json)


def predict(
    source: Source = OUT,
    layers: Annotated[
        list[str] | None,
        typer.Option("--layer", "-l", metavar="NAME", help="A layer; repeat. All, by default."),
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            "-m",
            metavar="NAME",
            help="What the cost is, such as peak_bytes; repeat. By default all that grow, with "
            "--within seconds where there are any.",
        ),
    ] = None,
    at: Annotated[
        list[str] | None, typer.Option("--at", metavar="SIZE=NUMBER", help="A size; repeat.")
    ] = None,
    within: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            metavar="BUDGET",
            help="Find how far the size goes that --at leaves out: in seconds, or the metric's "
            "own unit.",
        ),
    ] = None,
    expect: Expect = None,
    axes: Axes = None,
    as_json: Json = False,
) -> None:
    """Predict a cost at sizes that were not measured, or how far a size can go, with intervals.

    An interval knows of no regime beyond the points: where a cache overflows it is wrong, and
    where the machine is known the answer says so.
    """
    from ..analysis import caches_of
    from ..measure import SECONDS
    from ..reports import answers
    from ..session import Result, read_measurements

    sizes = sizes_of(at)
    measured = read_measurements(source)
    table = measured.table
    if within is not None and not metrics and (table["metric"] == SECONDS.name).any():
        metrics = [SECONDS.name]
    for column, wanted in (("layer", layers), ("metric", metrics)):
        if wanted:
            table = _only(table, column, wanted)
    result = Result.from_measurements(
        replace(measured, table=table),
        expect=expected(expect),
        axes=axes or (),
        observer=show.Terminal(),
    )
    fits = result.fits
    if not metrics:
        fits = [fit for fit in fits if fit.law is not None] or fits
    with usage():
        found = predict_laws(fits, sizes, within, caches_of(result.machine, result.settings))
    if as_json:
        print(json.dumps([each.as_dict() for each in found], indent=2))
    else:
        show.answers(found)


def _only(table: pd.DataFrame, column: str, wanted: list[str]) -> pd.DataFrame:
    """Give the rows of some layers or metrics, and what stands beside times."""
    from ..measure import AUXILIARY

    beside = table["metric"].isin(AUXILIARY)
    known = list(dict.fromkeys(table[column][~beside].astype(str)))
    if unknown := [name for name in wanted if name not in known]:
        raise UsageError(f"no row has the {column} {unknown[0]!r}; there are: {', '.join(known)}")
    return table[table[column].astype(str).isin(wanted) | beside]
