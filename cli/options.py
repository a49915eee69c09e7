"""Options that commands share, and the choices that some of them offer."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Layers = Annotated[
    list[str] | None,
    typer.Option(
        "--layer",
        "-l",
        metavar="NAME",
        help="A layer to measure; repeat for several. All, by default.",
    ),
]
Out = Annotated[
    Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for report, table and laws.")
]
Expect = Annotated[
    list[str] | None,
    typer.Option(
        "--expect",
        "-e",
        metavar="LAYER=EXPR",
        help="Theory's leading order, such as mine=n*k*d**2; repeat.",
    ),
]
Axes = Annotated[
    list[str] | None,
    typer.Option(
        "--axis", metavar="COLUMN", help="A column that is a size too, such as batch; repeat."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a program.")]
Margin = Annotated[
    float, typer.Option(min=0.0, help="Largest deviation of an exponent that still matches theory.")
]


class Device(StrEnum):
    """Where to measure."""

    CPU = "cpu"
    CUDA = "cuda"
    ALL = "all"


class DType(StrEnum):
    """Types of weights and inputs."""

    FLOAT32 = "float32"
    FLOAT64 = "float64"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"
