"""The command line: what each command takes, and the one place where errors become one line."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from . import show
from .options import (
    MARGIN,
    Axes,
    Device,
    DType,
    Expect,
    Json,
    Layers,
    Margin,
    Mode,
    Out,
    Source,
    UsageError,
    expected,
    sizes_of,
)

if TYPE_CHECKING:
    import pandas as pd

    from ..analysis import Fit
    from ..analysis.fits import Source as Table
    from ..measure import Plan, Run, Store

app = typer.Typer(
    name="layerlaw",
    help="Measure how the cost of a layer grows, fit the law, and hold it against theory.",
    epilog="Example: layerlaw run --profile quick --out my-report",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    add_completion=False,
)

#: Where `run` leaves what it makes, in the current folder.
OUT = Path("layerlaw-report")
STORE = "measurements.sqlite"

_STOPPED = 130  # exit status after Ctrl-C

#: Errors that speak to the user, by name: importing them all would cost `--help` a second.
_MENDABLE = {
    "DeviceUnavailable",
    "ExpressionError",
    "RivalError",
    "StoreError",
    "TableError",
    "UsageError",
}


class Measured(NamedTuple):
    """What a report is made of: tidy rows, the machine's fingerprint, and how it was measured."""

    table: pd.DataFrame
    machine: Mapping[str, Any]
    settings: Mapping[str, Any]


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
    from ..reports.theory import theory_rows

    rows = theory_rows()
    if as_json:
        print(json.dumps([row.as_dict() for row in rows], indent=2, ensure_ascii=False))
    else:
        show.theory(rows)


@app.command(epilog="Example: layerlaw run --profile quick --layer attention --layer rnn")
def run(
    layers: Layers = None,
    profile: Annotated[
        str,
        typer.Option(
            help="How much to measure: quick (under 3 minutes), standard (under 10) or full."
        ),
    ] = "standard",
    device: Annotated[
        Device, typer.Option(help="Where to measure; all: every device that is there.")
    ] = Device.CPU,
    out: Out = OUT,
    batch: Annotated[int, typer.Option(min=1, help="Sequences per pass.")] = 1,
    dtype: Annotated[DType, typer.Option(help="Type of weights and inputs.")] = DType.FLOAT32,
    threads: Annotated[int, typer.Option(min=1, help="Threads that torch may use.")] = 1,
    modes: Annotated[
        list[Mode] | None,
        typer.Option(
            "--mode",
            help="The pass: forward (by default), backward (the gradient alone) or training "
            "(both); repeat for several.",
            show_default=False,
        ),
    ] = None,
    compile: Annotated[
        bool, typer.Option("--compile", help="Run the layers through torch.compile.")
    ] = False,
    tf32: Annotated[
        bool, typer.Option("--tf32", help="On CUDA, let products of float32 use TF32.")
    ] = False,
    graph: Annotated[
        bool,
        typer.Option(
            "--graph",
            help="On CUDA, replay passes as CUDA graphs, where launching kernels hides the law.",
        ),
    ] = False,
    flush: Annotated[
        bool, typer.Option("--flush", help="On CUDA, empty the level-2 cache before each pass.")
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option(min=0.1, metavar="SECONDS", help="Most for one measurement; 300 by default."),
    ] = None,
    memory: Annotated[
        float | None,
        typer.Option(
            min=0.0, metavar="GIB", help="Most for one case; 80 % of what is free by default."
        ),
    ] = None,
    isolate: Annotated[
        bool, typer.Option(help="Measure each layer in processes of its own.")
    ] = True,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="Passes over all points, instead of the profile's.")
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Of the order of points, the weights and the inputs.")
    ] = 0,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Leave the memory allocator as it is: pages are mapped anew."),
    ] = False,
    explain: Annotated[
        bool,
        typer.Option(
            help="Time the parts of each pass alone, to say why slopes differ from theory's."
        ),
    ] = True,
    check: Annotated[
        bool,
        typer.Option(help="Measure anew on both sides of where layers cross over."),
    ] = True,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Measure anew instead of going on where a run was stopped."),
    ] = False,
    margin: Margin = MARGIN,
    as_json: Json = False,
) -> None:
    """Measure layers, fit their laws, judge them, and write the report.

    The same command again goes on where a stopped run was, and measures nothing twice.
    """
    from contextlib import closing

    from ..measure import Controls, Store, begin, carry_out, measure_parts, plan

    options = {"compile": compile, "flush": flush, "graph": graph, "tf32": tf32}
    try:
        todo = plan(
            layers,
            profile=profile,
            device=device.value,
            batch=batch,
            dtype=dtype.value,
            threads=threads,
            mode=[mode.value for mode in modes or [Mode.FORWARD]],
            options=[option for option, chosen in options.items() if chosen],
            seconds=timeout,
            memory=None if memory is None else memory * 2**30,
            controls=Controls(isolation=isolate),
            rounds=rounds,
            seed=seed,
            raw=raw,
        )
    except (KeyError, ValueError) as error:  # a name that is not known; the message lists those
        raise UsageError(error.args[0]) from None
    try:
        with Store(out / STORE) as store:
            work = begin(todo, store, fresh=fresh)
            with closing(carry_out(todo, store, work)) as steps:
                show.measuring(todo, steps)
            if explain:
                with show.timing() as update:
                    measure_parts(todo, store, work, update)
            measured = _kept(store, work)
            fits = _fit([measured.table], {}, [], margin)
            if check:
                measured, fits = _checked(todo, store, work, measured, fits)
        _report(measured, fits, out, _command(), margin, as_json=as_json)
    except KeyboardInterrupt:
        show.error("stopped; the same command again goes on from here")
        raise typer.Exit(_STOPPED) from None


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
    fits = _fit(tables, expected(expect), axes, margin, at_most=at_most)
    if json_file is not None:
        _write_json(fits, json_file)
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
    measured = _measured(source)
    fits = _fit([measured.table], expected(expect), axes, margin)
    _report(measured, fits, to, _command(), margin, as_json=as_json)


@app.command(
    epilog="Example: layerlaw predict layerlaw-report --layer attention --at d=64 --within 1.0"
)
def predict(
    source: Source = OUT,
    layers: Annotated[
        list[str] | None,
        typer.Option("--layer", "-l", metavar="NAME", help="A layer; repeat. All, by default."),
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
    from ..reports import answers, in_order
    from ..reports.caches import caches_of

    sizes = sizes_of(at)
    measured = _measured(source)
    table = measured.table
    if layers:
        known = list(dict.fromkeys(table["layer"].astype(str)))
        if unknown := [name for name in layers if name not in known]:
            raise UsageError(f"no row has the layer {unknown[0]!r}; there are: {', '.join(known)}")
        table = table[table["layer"].astype(str).isin(layers)]
    fits = in_order(_fit([table], expected(expect), axes, MARGIN))
    try:
        found = answers(fits, sizes, within, caches_of(measured.machine, measured.settings))
    except ValueError as error:
        raise UsageError(str(error)) from None
    if as_json:
        print(json.dumps([each.as_dict() for each in found], indent=2))
    else:
        show.answers(found)


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
    from ..analysis.bars import bars
    from ..analysis.validation import recovered
    from ..analysis.validation import validate as hold

    with show.counting("synthetic laws") as update:
        figures = hold(cases, seed, extrap=extrap, progress=update)
    if as_json:
        print(figures.to_json(orient="index", indent=2))
    elif markdown:
        from ..reports import validation

        print(validation.render(figures, bars(figures, recovered()), _command()), end="")
    else:
        show.figures(figures)
        show.bars(bars(figures, recovered()))


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
    from ..reports.published import write_page

    with show.counting("published tables") as update:
        page, *figures = write_page(folder, out, update)
    show.say(f"The page is {page}; its {len(figures)} figures lie in {out / 'images'}.")


def _fit(
    sources: Sequence[Table],
    expect: Mapping[str, str],
    axes: list[str] | None,
    margin: float,
    *,
    at_most: bool = False,
) -> list[Fit]:
    from ..analysis import fit

    with show.counting("laws") as update:
        return fit(
            sources, expect, axes=axes or [], margin=margin, at_most=at_most, progress=update
        )


def _measured(source: Path) -> Measured:
    """Read what `run` left in a folder, as far as it went, or a table."""
    if (source / STORE).is_file():
        from ..measure import Store

        with Store(source / STORE, readonly=True) as store:
            return _kept(store, store.latest())
    from ..analysis.readers import read

    return Measured(read(source), {}, {})


def _kept(store: Store, work: Run) -> Measured:
    settings = {**work.settings, "controls": store.controls(work)}
    return Measured(store.table(work), work.machine, settings)


def _checked(
    todo: Plan, store: Store, work: Run, measured: Measured, fits: list[Fit]
) -> tuple[Measured, list[Fit]]:
    """Measure on both sides of where layers cross over; give what there is then."""
    from ..analysis.fits import with_checks
    from ..measure import measure_checks
    from ..reports import checks

    points = checks(fits)
    if not points:
        return measured, fits
    with show.timing() as update:
        measure_checks(todo, store, work, points, update)
    measured = _kept(store, work)
    return measured, with_checks(fits, measured.table)


def _command() -> str:
    """Give the command as it was typed, to be shown where its result can be made again."""
    return shlex.join(["layerlaw", *sys.argv[1:]])


def _report(
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
    with show.working("writing the report"):
        page, *_ = write_report(
            out, measured.table, fits, measured.machine, measured.settings, command, margin=margin
        )
    if as_json:
        _write_json(fits, Path("-"))
    else:
        show.laws(fits)
    show.say(f"The report is {page}; table.csv, laws.json and report.md lie beside it in {out}.")


def _write_json(fits: Sequence[Fit], path: Path) -> None:
    from ..reports.write import laws_json

    if path == Path("-"):
        print(laws_json(fits), end="")
    else:
        path.write_text(laws_json(fits), encoding="utf-8")


def run_app() -> None:
    """Run the command; what a user can mend ends with one line and exit status 2."""
    try:
        app()
    except SystemExit as end:
        if end.code == _STOPPED and not show.errors:
            show.error("stopped")
        raise
    except Exception as error:
        if type(error).__name__ not in _MENDABLE and not isinstance(error, OSError):
            raise
        show.error(str(error))
        sys.exit(2)
