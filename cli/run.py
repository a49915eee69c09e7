"""The command that measures, fits and reports."""

from __future__ import annotations

from typing import Annotated

import typer

from . import show
from .options import (
    MARGIN,
    OUT,
    STOPPED,
    Device,
    DType,
    ExpectOne,
    Json,
    Layers,
    Margin,
    Mode,
    Out,
    UsageError,
    expected_of,
    finite,
    usage,
)
from .output import command, write_report


def run(
    layers: Layers = None,
    profile: Annotated[
        str | None,
        typer.Option(
            help="How much to measure: quick (under 3 minutes), standard (under 15; by default) or "
            "full (hours, to sizes beyond the caches; --rounds 1 first gives all points once). "
            "With --precision: the points to choose from, all of standard's by default.",
            show_default=False,
        ),
    ] = None,
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
        typer.Option(
            min=0.1,
            metavar="SECONDS",
            help="Most for one measurement; 300 by default.",
            callback=finite,
        ),
    ] = None,
    memory: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            metavar="GIB",
            help="Most for one case, as a number of GiB; 80 % of what is free by default.",
            callback=finite,
        ),
    ] = None,
    isolate: Annotated[
        bool, typer.Option(help="Measure each layer in processes of its own.")
    ] = True,
    rounds: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Passes over all points, instead of the profile's; more go on where fewer ended.",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Of the order of points, the weights and the inputs.")
    ] = 0,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Leave the memory allocator as it is: pages are mapped anew."),
    ] = False,
    counts: Annotated[
        bool,
        typer.Option(help="Count FLOPs, parameters, sequential operations and path lengths too."),
    ] = True,
    peaks: Annotated[
        bool | None,
        typer.Option(
            "--peaks/--no-peaks",
            help="Measure the peak memory of passes too. On, unless --precision is given.",
            show_default=False,
        ),
    ] = None,
    precision: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            metavar="HALF-WIDTH",
            help="Choose each point for what it adds, until every exponent is known within this.",
            callback=finite,
        ),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            metavar="SECONDS",
            help="With --precision: when to stop measuring anyway; counts and report come on top.",
            callback=finite,
        ),
    ] = None,
    explain: Annotated[
        bool | None,
        typer.Option(
            "--explain/--no-explain",
            help="Time the parts of each pass alone, to say why slopes differ from theory's, and "
            "what the machine can do at its best. On, unless --precision is given.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        bool | None,
        typer.Option(
            "--check/--no-check",
            help="Measure anew on both sides of where layers cross over. On, unless --precision "
            "is given.",
            show_default=False,
        ),
    ] = None,
    claims: Annotated[
        bool | None,
        typer.Option(
            "--claims/--no-claims",
            help="Put what the course text says to the test too, with these times: some 20 "
            "seconds. On where the layers of the textbook are measured, unless --precision is "
            "given.",
            show_default=False,
        ),
    ] = None,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Measure anew instead of going on where a run was stopped."),
    ] = False,
    expect: ExpectOne = None,
    margin: Margin = MARGIN,
    as_json: Json = False,
) -> None:
    """Measure layers, fit their laws, judge them, and write the report.

    The same command again goes on where a stopped run was, and measures nothing twice.
    """
    from ..session import RunOptions, Session

    if budget is not None and precision is None:
        raise UsageError("--budget goes with --precision: say how well exponents are to be known")
    with usage():
        options = RunOptions(
            layers=layers,
            profile=profile,
            device=device.value,
            batch=batch,
            dtype=dtype.value,
            threads=threads,
            mode=[mode.value for mode in modes or [Mode.FORWARD]],
            compile=compile,
            tf32=tf32,
            graph=graph,
            flush=flush,
            timeout=timeout,
            memory=memory,
            isolate=isolate,
            rounds=rounds,
            seed=seed,
            raw=raw,
            counts=counts,
            peaks=peaks,
            explain=explain,
            check=check,
            claims=claims,
            precision=precision,
            budget=budget,
            expect=expected_of(expect, layers),
            margin=margin,
            fresh=fresh,
        )
        session = Session(options, out, command=command(), observer=show.Terminal())
    try:
        write_report(session.run(), out, as_json=as_json)
    except KeyboardInterrupt:
        show.error("stopped; the same command again goes on from here")
        raise typer.Exit(STOPPED) from None
