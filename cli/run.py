"""The command that measures, fits and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from . import show
from .common import OUT, STORE, Measured, command, fit_all, kept, with_claims, write
from .options import (
    MARGIN,
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
)

if TYPE_CHECKING:
    from ..analysis import Fit
    from ..measure import Plan, Run, Store


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
    from contextlib import closing

    from ..analysis import parse
    from ..experiments import learn, settle
    from ..layers import chosen
    from ..measure import (
        Controls,
        Store,
        execute,
        measure_counts,
        measure_machine,
        measure_parts,
        measure_peaks,
        open_run,
        plan,
    )

    if budget is not None and precision is None:
        raise UsageError("--budget goes with --precision: say how well exponents are to be known")
    explain = precision is None if explain is None else explain
    check = precision is None if check is None else check
    peaks = precision is None if peaks is None else peaks
    claims = precision is None and not layers if claims is None else claims

    orders = expected_of(expect, layers)
    for text in orders.values():
        parse(text)  # before the work, not after it

    options = {"compile": compile, "flush": flush, "graph": graph, "tf32": tf32}
    try:
        with show.timing() as update:
            brought = learn(chosen(layers), update)
        todo = plan(
            layers,
            profile=profile or ("standard" if precision is None else "choice"),
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
            work = open_run(todo, store, fresh=fresh)
            if precision is not None:
                _narrow(todo, store, work, precision, budget)
            else:
                with closing(execute(todo, store, work)) as steps:
                    show.measuring(todo, steps)
            show.failures(store.measured(work))
            if counts:
                with show.working("counting"):
                    measure_counts(todo, store, work)
            if peaks:
                with show.timing() as update:
                    measure_peaks(todo, store, work, update)
            if explain:
                with show.working("finding out what the machine can do at its best"):
                    measure_machine(todo, store, work)
                with show.timing() as update:
                    measure_parts(todo, store, work, update)
            measured = kept(store, work)
            settle(brought)
            fits = fit_all([measured.table], orders, [], margin)
            if check:
                measured, fits = _checked(todo, store, work, measured, fits)
        measured = _claimed(measured, fits, seed) if claims else with_claims(measured, out)
        write(measured, fits, out, command(), margin, as_json=as_json)
    except KeyboardInterrupt:
        show.error("stopped; the same command again goes on from here")
        raise typer.Exit(STOPPED) from None


def _narrow(todo: Plan, store: Store, work: Run, precision: float, budget: float | None) -> None:
    """Measure the points that narrow the intervals most, and say how far it came."""
    from contextlib import closing
    from math import inf

    from ..experiments import Adaptive
    from ..measure import execute_adaptively

    planner = Adaptive(todo.cases, precision, inf if budget is None else budget)
    with closing(execute_adaptively(planner, todo, store, work)) as steps:
        show.narrowing(planner, steps)


def _claimed(measured: Measured, fits: list[Fit], seed: int) -> Measured:
    """Test the statements of the course text, with the times that were measured."""
    from ..studies.claims import Record, check

    with show.timing() as update:
        found = check(seed=seed, fits=fits, progress=update)
    return measured._replace(claims=Record.now(found, seed))


def _checked(
    todo: Plan, store: Store, work: Run, measured: Measured, fits: list[Fit]
) -> tuple[Measured, list[Fit]]:
    """Measure on both sides of where layers cross over; give what there is then."""
    from ..analysis import with_checks
    from ..experiments import checks
    from ..measure import measure_checks

    points = checks(fits)
    if not points:
        return measured, fits
    with show.timing() as update:
        measure_checks(todo, store, work, points, update)
    measured = kept(store, work)
    return measured, with_checks(fits, measured.table)
