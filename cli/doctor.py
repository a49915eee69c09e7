"""The command `doctor`: check the machine, and measure what each control does on it."""

from __future__ import annotations

from typing import Annotated

import typer

from . import show
from .options import Json, Threads, usage_errors
from .output import print_json


def doctor(
    ablate: Annotated[
        bool,
        typer.Option(
            "--ablate",
            help="Measure a layer with each control switched off in turn: about two minutes.",
        ),
    ] = False,
    layer: Annotated[
        str,
        typer.Option("--layer", "-l", metavar="NAME", help="With --ablate: the layer to measure."),
    ] = "attention",
    profile: Annotated[
        str, typer.Option(help="With --ablate: how much to measure each time.")
    ] = "quick",
    threads: Threads = 1,
    as_json: Json = False,
) -> None:
    """Check what on this machine disturbs measurements, and say how to fix it.

    With --ablate, show what each control does to the exponents of a layer.
    """
    if ablate:
        _ablate(layer, profile, threads, as_json=as_json)
    else:
        _examine(as_json=as_json)


def _examine(*, as_json: bool) -> None:
    from ..measure import check_environment

    with show.Terminal().activity("checking the machine"):
        checks = check_environment()
    if as_json:
        print_json([each.as_dict() for each in checks])
    else:
        show.environment_checks(checks)


def _ablate(layer: str, profile: str, threads: int, *, as_json: bool) -> None:
    from ..session import ablate

    with show.Terminal().steps() as update, usage_errors():
        rows = list(ablate(layer, profile=profile, threads=threads, progress=update))
    if as_json:
        written = [
            {"left_alone": name, "exponents": {axis: vars(e) for axis, e in found.items()}}
            for name, found in rows
        ]
        print_json(written)
    else:
        show.ablations(rows)
