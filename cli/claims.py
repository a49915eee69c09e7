"""The command that puts the statements of the course text to the test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import show
from .options import OUT, Json, UsageError, usage
from .output import command

if TYPE_CHECKING:
    from ..analysis import Fit
    from ..studies.claims import Record, Statement


def claims(
    exercise: Annotated[
        str | None,
        typer.Option("--exercise", "-x", metavar="A6.N", help="Only statements of this exercise."),
    ] = None,
    ids: Annotated[
        list[str] | None,
        typer.Option(
            "--claim", "-c", metavar="ID", help="A statement, with its evidence; repeat. Or all."
        ),
    ] = None,
    details: Annotated[
        bool, typer.Option("--details", help="Print the evidence of every statement.")
    ] = False,
    times: Annotated[
        bool, typer.Option(help="Measure the phases of layers too: most of the two minutes.")
    ] = True,
    seed: Annotated[int, typer.Option(min=0, help="Of the weights and inputs that are drawn.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help=f"Folder for claims.json, which a report then shows; {OUT} where all statements "
            "are tested, none where some are.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page docs/claims.md, and write nothing.")
    ] = False,
) -> None:
    """Put what the course text says to the test: each statement with evidence and verdict.

    The text's exercises A6.1 to A6.4 are about 1×1 convolutions, max and argmax, the LSTM's
    gradients, and the costs and reach of recurrent layers, convolutions and self-attention.
    """
    from ..studies.claims import Record, judge_statements, statements

    with usage():
        chosen = statements(ids, exercise)
    if not chosen:
        raise UsageError(f"--exercise {exercise} has none of the statements of --claim")
    fits = _measured(chosen, seed) if times else ()
    with show.Terminal().steps() as update:
        record = Record.now(judge_statements(chosen, seed=seed, fits=fits, progress=update), seed)
    if markdown:
        from ..studies.claims import claims_page

        print(claims_page(record, command()), end="")
        return
    whole = ids is None and exercise is None
    if as_json:
        print(record.to_json(), end="")
    else:
        show.claims(record, details=details or bool(ids))
    if out is not None or whole:
        path = _keep(record, out or OUT)
        show.say(
            f"{path} holds it; a report of what `layerlaw run` leaves in {path.parent} shows it."
        )


def _keep(record: Record, folder: Path) -> Path:
    """Write a record into a folder, where reports look for it."""
    from ..reports import write_atomically
    from ..studies.claims import CLAIMS_FILE

    folder.mkdir(parents=True, exist_ok=True)
    return write_atomically(folder / CLAIMS_FILE, record.to_json())


def _measured(chosen: Sequence[Statement], seed: int) -> Sequence[Fit]:
    """Measure the layers that statements speak of in one short run, and fit their laws."""
    from ..session import RunOptions, Session

    layers = list(dict.fromkeys(name for each in chosen for name in each.timed))
    if not layers:
        return ()
    passes_alone = RunOptions(
        layers=layers,
        profile="quick",
        seed=seed,
        counts=False,
        peaks=False,
        explain=False,
        check=False,
    )
    return Session(passes_alone, observer=show.Terminal()).run().fits
