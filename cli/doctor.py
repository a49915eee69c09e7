"""The command that looks at the machine, and at what the controls do on it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from . import show
from .options import Json, usage


def doctor(
    ablate: Annotated[
        bool,
        typer.Option(
            "--ablate",
            help="Measure a layer with each control left alone in turn: some two minutes.",
        ),
    ] = False,
    layer: Annotated[
        str, typer.Option("--layer", "-l", metavar="NAME", help="With --ablate: the layer.")
    ] = "attention",
    profile: Annotated[
        str, typer.Option(help="With --ablate: how much is measured each time.")
    ] = "quick",
    threads: Annotated[int, typer.Option(min=1, help="With --ablate: of torch.")] = 1,
    as_json: Json = False,
) -> None:
    """Say what on this machine disturbs measuring, and how to mend it.

    With --ablate, show what each control does to the exponents of a layer.
    """
    if ablate:
        _ablate(layer, profile, threads, as_json=as_json)
    else:
        _examine(as_json=as_json)


def _examine(*, as_json: bool) -> None:
    from ..measure import check_environment

    with show.Terminal().activity("looking at the machine"):
        found = examine()
    if as_json:
        print(json.dumps([each.as_dict() for each in found], indent=2, ensure_ascii=False))
    else:
        show.findings(found)


def _ablate(layer: str, profile: str, threads: int, *, as_json: bool) -> None:
    from ..session import ablate

    with show.Terminal().steps() as update, usage():
        rows = list(ablate(layer, profile=profile, threads=threads, progress=update))
    if as_json:
        written = [
            {"left_alone": name, "exponents": {axis: vars(e) for axis, e in found.items()}}
            for name, found in rows
        ]
        print(json.dumps(written, indent=2))
    else:
        show.ablated(rows)
