"""Options that commands share, the choices that some offer, and what their text means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from math import inf, isfinite
from pathlib import Path
from typing import Annotated

import typer

from ..errors import LayerlawError

#: Exit status after Ctrl-C.
STOPPED = 130

#: Where `run` leaves what it makes, in the current folder.
OUT = Path("layerlaw-report")

#: Largest deviation of an exponent that still matches theory.
MARGIN = 0.2

Source = Annotated[
    Path, typer.Argument(metavar="SOURCE", help="Folder that run wrote, or a table that fit reads.")
]
Layers = Annotated[
    list[str] | None,
    typer.Option(
        "--layer",
        "-l",
        metavar="NAME",
        help="A layer to measure, or all; repeat for several. By default those of the textbook, "
        "and torch's own. One of your own by where it is: module:Name or file.py:Name.",
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
ExpectOne = Annotated[
    list[str] | None,
    typer.Option(
        "--expect",
        "-e",
        metavar="EXPR",
        help="The order that is expected of a layer's time, such as n*k*d**2, or LAYER=EXPR where "
        "several are measured; of a layer without theory, or instead of its own.",
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


def finite(option: typer.CallbackParam, value: float | None) -> float | None:
    """Refuse infinity and NaN, which pass for numbers; who wants no limit leaves the option out."""
    if value is not None and not isfinite(value):
        raise UsageError(f"--{option.name} takes a finite number, not {value}")
    return value


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


class Mode(StrEnum):
    """Which pass."""

    FORWARD = "forward"
    BACKWARD = "backward"
    TRAINING = "training"


class UsageError(LayerlawError):
    """Something the user gave cannot be used; the message is one line."""


@contextmanager
def usage() -> Iterator[None]:
    """Tell of a name or a value that is not known as of a mistake of the user's."""
    try:
        yield
    except (KeyError, ValueError) as error:
        raise UsageError(error.args[0]) from None


def expected(pairs: list[str] | None) -> dict[str, str]:
    """Read ``--expect LAYER=EXPR``.

    Raises
    ------
    UsageError
        If one is not written like that.
    """
    return dict(_split("--expect", pairs, "LAYER=EXPR, such as mine=n*d**2"))


def expected_of(texts: list[str] | None, layers: list[str] | None) -> dict[str, str]:
    """Read ``--expect EXPR`` for the one layer that is measured, or ``--expect LAYER=EXPR``.

    Raises
    ------
    UsageError
        If it is neither, or speaks of a layer that is not measured.
    """
    found: dict[str, str] = {}
    for text in texts or []:
        if "=" in text:
            found |= expected([text])
        elif layers is None or len(set(layers)) != 1 or "all" in layers:
            raise UsageError(f"--expect {text!r}: of several layers, write it as LAYER=EXPR")
        else:
            found[layers[0]] = text
    for layer in found:
        if layers is not None and layer not in layers and "all" not in layers:
            raise UsageError(f"--expect {layer}={found[layer]}: --layer {layer} is not measured")
    return found


def sizes_of(pairs: list[str] | None) -> dict[str, float]:
    """Read ``--at SIZE=NUMBER``.

    Raises
    ------
    UsageError
        If one is not written like that, or its number is not positive.
    """
    form = "SIZE=NUMBER, such as n=4096"
    sizes = {}
    for size, text in _split("--at", pairs, form):
        try:
            sizes[size] = float(text)
        except ValueError:
            raise UsageError(f"--at '{size}={text}': write it as {form}") from None
        if not 0 < sizes[size] < inf:
            raise UsageError(f"--at '{size}={text}': a size is a positive number")
    return sizes


def _split(option: str, pairs: list[str] | None, form: str) -> Iterator[tuple[str, str]]:
    """Split what is written as NAME=TEXT."""
    for pair in pairs or []:
        name, _, text = pair.partition("=")
        if not (name.strip() and text.strip()):
            raise UsageError(f"{option} {pair!r}: write it as {form}")
        yield name.strip(), text
