"""The command line: what each command takes, and the one place where errors become one line."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import LayerlawError
from . import show
from .claims import claims
from .common import OUT, STORE, command, fit_all, read, write, write_json
from .dependencies import dependencies
from .doctor import doctor
from .explain import explain
from .options import (
    MARGIN,
    STOPPED,
    Axes,
    Expect,
    Json,
    Margin,
    Source,
    UsageError,
    expected,
    sizes_of,
)
from .run import run

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

app = typer.Typer(
    name="layerlaw",
    help="Measure how the cost of a layer grows, fit the law, and hold it against theory.",
    epilog="Example: layerlaw run --profile quick --out my-report",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    add_completion=False,
)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        from .. import __version__

        print(f"layerlaw {__version__}")
        raise typer.Exit


@app.command(name="list", epilog="Example: layerlaw list --json | jq '.[].name'")
def list_layers(
    as_json: Json = False,
) -> None:
    """List the layers with their theory."""
    from ..reports import theory_rows

    rows = theory_rows()
    if as_json:
        print(json.dumps([row.as_dict() for row in rows], indent=2, ensure_ascii=False))
    else:
        show.theory(rows)


app.command(epilog="Example: layerlaw run --profile quick --layer attention --layer rnn")(run)
app.command(epilog="Example: layerlaw claims --exercise A6.3 --no-times --details")(claims)
app.command(epilog="Example: layerlaw explain torch.nn:LSTM")(explain)
app.command(epilog="Example: layerlaw doctor --ablate --layer attention")(doctor)
app.command(epilog="Example: layerlaw dependencies --layer rnn --layer lstm --train")(dependencies)


@app.command(epilog="Example: layerlaw fit table.csv --expect mine=n*k*d**2 --json laws.json")
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
    if json_file is not None and not json_file.parent.is_dir():  # before the work, not after it
        raise UsageError(f"{json_file}: there is no folder {json_file.parent}")
    fits = fit_all(tables, expected(expect), axes, margin, at_most=at_most)
    for metric in dict.fromkeys(fit.series.metric for fit in fits):
        if metric.lower() in _TIMES:
            show.say(f"{metric!r} is fitted as a count: a time has the metric 'seconds'")
    if json_file is not None:
        write_json(fits, json_file)
    if json_file != Path("-"):
        show.laws(fits)


@app.command(epilog="Example: layerlaw report layerlaw-report --out again")
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
    to = out or (source if (source / STORE).is_file() else OUT)
    measured = read(source)
    fits = fit_all([measured.table], expected(expect), axes, margin)
    write(measured, fits, to, command(), margin, as_json=as_json)


@app.command(
    epilog="Example: layerlaw predict layerlaw-report --layer attention --at d=64 --within 1.0"
)
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
    from ..reports import answers, in_order

    sizes = sizes_of(at)
    measured = read(source)
    table = measured.table
    if within is not None and not metrics and (table["metric"] == SECONDS.name).any():
        metrics = [SECONDS.name]
    for column, wanted in (("layer", layers), ("metric", metrics)):
        if wanted:
            table = _only(table, column, wanted)
    fits = in_order(fit_all([table], expected(expect), axes, MARGIN))
    if not metrics:
        fits = [fit for fit in fits if fit.law is not None] or fits
    try:
        found = answers(fits, sizes, within, caches_of(measured.machine, measured.settings))
    except ValueError as error:
        raise UsageError(str(error)) from None
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


@app.command(epilog="Example: layerlaw validate --cases 400 --seed 7")
def validate(
    cases: Annotated[int, typer.Option(min=1, help="Synthetic laws of each kind.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Of the cases.")] = 1000,
    extrap: Annotated[
        str | None,
        typer.Option(
            metavar="PYTHON", help="A Python that has Extra-P, to hold the fitter against it too."
        ),
    ] = None,
    as_json: Json = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page docs/validation.md.")
    ] = False,
) -> None:
    """Hold the fitter against synthetic laws whose truth is known, beside other fitters."""
    from ..studies.validation import criteria, recovered, validate as hold

    with show.counting("synthetic laws") as update:
        figures = hold(cases, seed, extrap=extrap, progress=update)
    if as_json:
        print(figures.to_json(orient="index", indent=2))
    elif markdown:
        from ..studies.validation import markdown_page

        print(markdown_page.render(figures, criteria(figures, recovered()), command()), end="")
    else:
        show.figures(figures)
        show.criteria(criteria(figures, recovered()))


@app.command(epilog="Example: layerlaw published ../shared/published --out docs")
def published(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="Of the published tables, CSV.", show_default=False),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for page and figures.")
    ] = Path("docs"),
) -> None:
    """Fit what others measured on GPUs and TPUs, and write the page docs/published.md."""
    from ..studies.published import write_page

    with show.counting("published tables") as update:
        page, *figures = write_page(folder, out, update)
    show.say(f"The page is {page}; its {len(figures)} figures lie in {out / 'images'}.")


def run_app() -> None:
    """Run the command; what a user can mend ends with one line and exit status 2."""
    warnings.showwarning = show.warning
    try:
        app()
    except SystemExit as end:
        if end.code == STOPPED and not show.errors:
            show.error("stopped")
        raise
    except (LayerlawError, OSError) as error:
        show.error(_told(error))
        sys.exit(2)


def _told(error: Exception) -> str:
    """Say what happened, without the number that systems give it."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
