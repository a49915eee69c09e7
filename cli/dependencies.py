"""The command that measures how far signals carry."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from . import show
from .options import OUT, STOPPED, Json, usage
from .output import command


def dependencies(
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--layer",
            "-l",
            metavar="NAME",
            help="A layer; repeat. By default a dozen of the textbook, with variants.",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=2, help="Each draws weights and inputs anew.")] = 10,
    n: Annotated[int, typer.Option("--n", min=8, help="Length of the sequence.")] = 64,
    d: Annotated[int, typer.Option("--d", min=1, help="Width.")] = 16,
    train: Annotated[
        bool,
        typer.Option(
            "--train",
            help="Train each layer to recall too: minutes; the same again goes on where it was "
            "stopped. Without it what an earlier --train left in DIR is kept.",
        ),
    ] = False,
    train_seeds: Annotated[int, typer.Option(min=2, help="With --train: how many.")] = 5,
    steps: Annotated[int, typer.Option(min=1, help="With --train: of each training.")] = 1000,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for record and figure.")
    ] = OUT,
    as_json: Json = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page docs/dependencies.md.")
    ] = False,
) -> None:
    """Measure how far a signal carries: the gradient of the last output against distance.

    Each layer's law of decay (exponential, power or Gaussian) has its interval over seeds. An
    LSTM's forget gates stand beside the true derivative of its cell. dependencies.json in DIR
    holds every norm; a report of the same folder shows them.
    """
    from ..reports import write_atomically
    from ..studies.gradients import (
        FIGURE_FILE,
        RECORD_FILE,
        dependencies_page,
        dependencies_svg,
        dependencies_tables as tables,
        fit_record,
    )

    try:
        record = _record(out, names, seeds, {"n": n, "d": d}, train_seeds * train, steps)
    except KeyboardInterrupt:
        show.error("stopped" + "; the same command again goes on from here" * train)
        raise typer.Exit(STOPPED) from None
    found = fit_record(record)
    _keep(out, record)
    write_atomically(out / FIGURE_FILE, dependencies_svg(found))
    if as_json:
        print(json.dumps(found.as_dict(), indent=2, ensure_ascii=False))
    elif markdown:
        print(dependencies_page(found, command(), Path(out.name, FIGURE_FILE).as_posix()), end="")
    else:
        show.tables(tables(found))
    show.say(f"Every norm is in {out / RECORD_FILE}, the figure is {out / FIGURE_FILE}.")


def _record(
    out: Path,
    names: list[str] | None,
    seeds: int,
    sizes: dict[str, int],
    train_seeds: int,
    steps: int,
) -> dict[str, Any]:
    """Measure, and take what an earlier training left, unless there is a new one.

    What is trained is kept in the folder as it is finished.
    """
    from ..studies.gradients import RECORD_FILE, read_record

    kept = read_record(out / RECORD_FILE) if (out / RECORD_FILE).is_file() else {}
    from ..studies.gradients import experiment, jacobians  # loads torch

    with usage():
        subjects = jacobians.subjects(names)
        with show.Terminal().steps() as update:
            initial = experiment.at_initialisation(subjects, sizes, seeds, update)
        record = {
            "schema": experiment.SCHEMA,
            "initial": initial,
            "trained": kept.get("trained"),
            "unfinished": kept.get("unfinished", {}),  # of trainings that were stopped
        }
        if train_seeds:
            finished, keep = record["unfinished"], partial(_keep, out, record)
            with show.Terminal().steps() as update:
                record["trained"] = experiment.after_training(
                    subjects, sizes, train_seeds, steps, update, finished, keep
                )
    return record


def _keep(out: Path, record: Mapping[str, Any]) -> None:
    """Write the record into a folder."""
    from ..reports import write_atomically
    from ..studies.gradients import RECORD_FILE

    out.mkdir(parents=True, exist_ok=True)
    write_atomically(out / RECORD_FILE, json.dumps(record, ensure_ascii=False) + "\n")
