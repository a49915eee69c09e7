"""The command `run`: measure, fit and report."""

from __future__ import annotations

from typing import Annotated

import typer

from . import show
from .options import (
    EXIT_INTERRUPTED,
    MARGIN,
    REPORT_FOLDER,
    Device,
    DType,
    ExpectOne,
    Inputs,
    Json,
    Layers,
    Margin,
    Mode,
    Multiples,
    Out,
    Threads,
    by_layer,
    parse_expected_of_run,
    usage_errors,
)
from .output import command_line, write_report
from .values import (
    LARGEST_SEED,
    MOST_SECONDS,
    UsageError,
    choice,
    number,
    require_folder,
    whole_number,
)


def run(
    layers: Layers = None,
    profile: Annotated[
        str | None,
        typer.Option(
            help="How much to measure: quick (under 3 minutes), standard (under 15 minutes, the "
            "default) or full (hours, to sizes beyond the caches; with --rounds 1, each point "
            "once). With --precision: the points to choose from, by default a denser grid.",
            show_default=False,
        ),
    ] = None,
    device: Annotated[
        Device, choice(Device, "--device", help="Where to measure; all is every available device.")
    ] = Device.CPU,
    out: Out = REPORT_FOLDER,
    batch: Annotated[
        int, whole_number("--batch", least=1, most=1_000_000, help="Sequences per pass.")
    ] = 1,
    dtype: Annotated[
        DType, choice(DType, "--dtype", help="Type of weights and inputs.")
    ] = DType.FLOAT32,
    threads: Threads = 1,
    modes: Annotated[
        list[Mode] | None,
        choice(
            Mode,
            "--mode",
            help="The pass: forward (the default), backward (the gradients alone) or training "
            "(both); may be repeated.",
            show_default=False,
        ),
    ] = None,
    compile: Annotated[
        bool, typer.Option("--compile", help="Run the layers through torch.compile.")
    ] = False,
    tf32: Annotated[
        bool, typer.Option("--tf32", help="On CUDA, let float32 matrix products use TF32.")
    ] = False,
    graph: Annotated[
        bool,
        typer.Option(
            "--graph",
            help="On CUDA, replay passes as CUDA graphs, for laws that kernel launches hide.",
        ),
    ] = False,
    flush: Annotated[
        bool, typer.Option("--flush", help="On CUDA, empty the level-2 cache before each pass.")
    ] = False,
    timeout: Annotated[
        float | None,
        number(
            "--timeout",
            least=0.1,
            most=MOST_SECONDS,
            metavar="SECONDS",
            help="Limit of one measurement; by default 300 seconds.",
        ),
    ] = None,
    memory: Annotated[
        float | None,
        number(
            "--memory",
            least=0,
            most=1e6,
            metavar="GIB",
            help="Limit of one case in GiB; by default 80 % of the free memory.",
        ),
    ] = None,
    isolate: Annotated[
        bool, typer.Option(help="Measure each layer in processes of its own.")
    ] = True,
    rounds: Annotated[
        int | None,
        whole_number(
            "--rounds",
            least=1,
            most=10_000,
            help="Rounds over all points, instead of the profile's number; a larger number "
            "continues a finished run.",
        ),
    ] = None,
    seed: Annotated[
        int,
        whole_number(
            "--seed",
            least=-LARGEST_SEED,
            most=LARGEST_SEED,
            help="Seed of the order of points, the weights and the inputs.",
        ),
    ] = 0,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw",
            help="Do not control the memory allocator: it may map memory anew in each pass.",
        ),
    ] = False,
    counts: Annotated[
        bool,
        typer.Option(help="Also count FLOPs, parameters, sequential operations and path lengths."),
    ] = True,
    peaks: Annotated[
        bool | None,
        typer.Option(
            "--peaks/--no-peaks",
            help="Also measure the peak memory of passes. On, unless --precision is given.",
            show_default=False,
        ),
    ] = None,
    precision: Annotated[
        float | None,
        number(
            "--precision",
            least=0.001,
            most=10,
            metavar="HALF-WIDTH",
            help="Choose each point for the information it adds, until the 95 % interval of every "
            "exponent is at most this half-width.",
        ),
    ] = None,
    budget: Annotated[
        float | None,
        number(
            "--budget",
            least=0.1,
            most=MOST_SECONDS,
            metavar="SECONDS",
            help="With --precision: stop measuring passes after this time; counts and the report "
            "take extra time.",
        ),
    ] = None,
    explain: Annotated[
        bool | None,
        typer.Option(
            "--explain/--no-explain",
            help="Also time the parts of each pass alone and calibrate the machine, to explain why "
            "slopes differ from theory. On, unless --precision is given.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        bool | None,
        typer.Option(
            "--check/--no-check",
            help="Measure again on both sides of each size at which two layers cost the same. On, "
            "unless --precision is given.",
            show_default=False,
        ),
    ] = None,
    claims: Annotated[
        bool | None,
        typer.Option(
            "--claims/--no-claims",
            help="Also test the statements of the course text with these times: about 20 seconds. "
            "On, unless --layer or --precision is given.",
            show_default=False,
        ),
    ] = None,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Measure everything again instead of continuing a run."),
    ] = False,
    expect: ExpectOne = None,
    inputs: Inputs = None,
    multiples: Multiples = None,
    margin: Margin = MARGIN,
    as_json: Json = False,
) -> None:
    """Measure layers, fit their laws, judge them, and write the report.

    The same command continues a stopped run and measures nothing twice.
    """
    from ..session import RunOptions, Session

    if budget is not None and precision is None:
        raise UsageError(f"--budget {budget:g} needs --precision, the half-width to reach")
    require_folder("--out", out)
    with usage_errors():
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
            expect=parse_expected_of_run(expect, layers),
            inputs=by_layer(inputs, layers),
            multiple=by_layer(multiples, layers),
            margin=margin,
            fresh=fresh,
        )
        session = Session(options, out, command=command_line(), observer=show.Terminal())
    try:
        write_report(session.run(), out, as_json=as_json)
    except KeyboardInterrupt:
        show.error("stopped; the same command continues from here")
        raise typer.Exit(EXIT_INTERRUPTED) from None
