"""The command `dependencies`: measure gradients against distance."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from . import show
from .options import EXIT_INTERRUPTED, REPORT_FOLDER, Json, usage_errors
from .output import command_line, print_json
from .values import folder, require_folder, whole_number


def dependencies(
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--layer",
            "-l",
            metavar="NAME",
            help="A layer; may be repeated. By default a dozen layers, some in variants.",
        ),
    ] = None,
    seeds: Annotated[
        int,
        whole_number(
            "--seeds",
            least=2,
            most=10_000,
            help="Number of seeds; each draws new weights and inputs.",
        ),
    ] = 10,
    n: Annotated[int, whole_number("--n", least=8, most=65_536, help="Sequence length.")] = 64,
    d: Annotated[int, whole_number("--d", least=1, most=65_536, help="Width.")] = 16,
    train: Annotated[
        bool,
        typer.Option(
            "--train",
            help="Also train each layer to recall a symbol, which takes minutes; the same command "
            "continues a stopped training. Without --train, DIR retains its earlier training.",
        ),
    ] = False,
    train_seeds: Annotated[
        int,
        whole_number(
            "--train-seeds",
            least=2,
            most=10_000,
            help="With --train: trainings of each layer, one per seed.",
        ),
    ] = 5,
    steps: Annotated[
        int,
        whole_number(
            "--steps", least=1, most=10_000_000, help="With --train: steps of each training."
        ),
    ] = 1000,
    out: Annotated[
        Path,
        folder("--out", "-o", metavar="DIR", help="Folder for dependencies.json and the figure."),
    ] = REPORT_FOLDER,
    as_json: Json = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page docs/dependencies.md.")
    ] = False,
) -> None:
    """Measure how far a signal carries: the gradient of the last output against distance.

    Each layer's law of decay (exponential, power or Gaussian) has a 95 % interval over seeds. The
    product of an LSTM's forget gates is compared with the true derivative of its cell.
    dependencies.json in DIR holds every gradient norm; a report of DIR shows them.
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

    require_folder("--out", out)
    try:
        record = _record(out, names, seeds, {"n": n, "d": d}, train_seeds * train, steps)
    except KeyboardInterrupt:
        show.error("stopped" + "; the same command continues from here" * train)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    found = fit_record(record, str(out / RECORD_FILE))
    _save(out, record)
    write_atomically(out / FIGURE_FILE, dependencies_svg(found))
    if as_json:
        print_json(found.as_dict())
    elif markdown:
        print(
            dependencies_page(found, command_line(), Path(out.name, FIGURE_FILE).as_posix()), end=""
        )
    else:
        show.tables(tables(found))
    show.note(f"Every gradient norm is in {out / RECORD_FILE}; the figure is {out / FIGURE_FILE}.")


def _record(
    out: Path,
    names: list[str] | None,
    seeds: int,
    sizes: dict[str, int],
    train_seeds: int,
    steps: int,
) -> dict[str, Any]:
    """Measure gradients, and train or take the earlier training from the folder.

    Each training is written into the folder as it is finished.
    """
    from ..studies.gradients import RECORD_FILE, read_record

    path = out / RECORD_FILE
    earlier = read_record(path) if os.path.lexists(path) else {}
    from ..studies.gradients import experiment, jacobians  # loads torch

    with usage_errors():
        subjects = jacobians.subjects(names)
        with show.Terminal().steps() as update:
            initial = experiment.measure_at_initialisation(subjects, sizes, seeds, update)
        record = {
            "schema": experiment.SCHEMA,
            "initial": initial,
            "trained": earlier.get("trained"),
            "unfinished": earlier.get("unfinished", {}),  # of trainings that were stopped
        }
        if train_seeds:
            finished, save = record["unfinished"], partial(_save, out, record)
            with show.Terminal().steps() as update:
                record["trained"] = experiment.measure_training(
                    subjects, sizes, train_seeds, steps, update, finished, save
                )
    return record


def _save(out: Path, record: Mapping[str, Any]) -> None:
    """Write the record into a folder."""
    from ..reports import write_atomically
    from ..studies.gradients import RECORD_FILE

    out.mkdir(parents=True, exist_ok=True)
    write_atomically(out / RECORD_FILE, json.dumps(record, ensure_ascii=False) + "\n")
