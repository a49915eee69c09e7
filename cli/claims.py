"""The command `claims`: test the statements of the course text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import show
from .options import REPORT_FOLDER, Json, usage_errors
from .output import command_line, print_json
from .values import LARGEST_SEED, UsageError, folder, require_folder, whole_number

if TYPE_CHECKING:
    from ..analysis import Fit
    from ..studies.claims import Record, Statement


def claims(
    exercise: Annotated[
        str | None,
        typer.Option("--exercise", "-x", metavar="A6.N", help="Test only this exercise."),
    ] = None,
    ids: Annotated[
        list[str] | None,
        typer.Option(
            "--claim",
            "-c",
            metavar="ID",
            help="Test this statement and print its evidence; may be repeated. By default all.",
        ),
    ] = None,
    details: Annotated[
        bool, typer.Option("--details", help="Print the evidence of every statement.")
    ] = False,
    times: Annotated[
        bool,
        typer.Option(help="Also time the phases of layers, which takes most of the two minutes."),
    ] = True,
    seed: Annotated[
        int,
        whole_number("--seed", least=0, most=LARGEST_SEED, help="Seed of the weights and inputs."),
    ] = 0,
    out: Annotated[
        Path | None,
        folder(
            "--out",
            "-o",
            metavar="DIR",
            help="Folder for claims.json, which a report then shows. By default "
            f"{REPORT_FOLDER} if all statements are tested; otherwise nothing is written.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page docs/claims.md and write no file.")
    ] = False,
) -> None:
    """Test the statements of the course text, each with evidence and a verdict.

    The course text is a Chinese textbook. Its exercises A6.1 to A6.4 are about 1×1 convolutions,
    the gradients of max and argmax, the LSTM's gradients, and the costs and path lengths of
    recurrent layers, convolutions and self-attention.
    """
    from ..studies.claims import Record, judge_statements, statements

    with usage_errors():
        chosen = statements(ids, exercise)
    if not chosen:
        raise UsageError(f"--exercise {exercise} has none of the statements that --claim names")
    everything = ids is None and exercise is None
    saved = None if markdown or (out is None and not everything) else out or REPORT_FOLDER
    if saved is not None:
        require_folder("--out", saved)
    fits = _fit_timed_layers(chosen, seed) if times else ()
    with show.Terminal().steps() as update:
        record = Record.now(judge_statements(chosen, seed=seed, fits=fits, progress=update), seed)
    if markdown:
        from ..studies.claims import claims_page

        print(claims_page(record, command_line()), end="")
        return
    if as_json:
        print_json(record.to_json())
    else:
        show.claims(record, details=details or bool(ids))
    if saved is not None:
        path = _save(record, saved)
        show.note(f"The statements are in {path}; a report of {path.parent} includes them.")


def _save(record: Record, folder: Path) -> Path:
    """Write a record into a folder, where reports read it."""
    from ..reports import write_atomically
    from ..studies.claims import CLAIMS_FILE

    folder.mkdir(parents=True, exist_ok=True)
    return write_atomically(folder / CLAIMS_FILE, record.to_json())


def _fit_timed_layers(chosen: Sequence[Statement], seed: int) -> Sequence[Fit]:
    """Measure the layers that statements need times of in one short run, and fit their laws."""
    from ..session import RunOptions, Session

    layers = list(dict.fromkeys(name for each in chosen for name in each.timed))
    if not layers:
        return ()
    only_passes = RunOptions(
        layers=layers,
        profile="quick",
        seed=seed,
        counts=False,
        peaks=False,
        explain=False,
        check=False,
    )
    return Session(only_passes, observer=show.Terminal()).run().fits
