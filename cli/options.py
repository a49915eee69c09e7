"""Options that several commands share, and the functions that parse their texts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..messages import LONGEST_QUOTE, error_message, one_line, quoted
from .values import UsageError, folder, number, parse_number, whole_number

#: Exit status after Ctrl-C.
EXIT_INTERRUPTED = 130

#: Default folder of a run and its report, in the current folder.
REPORT_FOLDER = Path("layerlaw-report")

#: Largest file that is read, in MiB; measure.FILE_LIMIT, whose import would take time.
FILE_LIMIT = 64.0

#: Largest deviation of an exponent that still matches theory.
MARGIN = 0.2

#: Sizes at which a law is predicted; powers of those beyond are too large for a number.
SIZE_LIMITS = 1e-30, 1e30


Source = Annotated[
    Path,
    typer.Argument(metavar="SOURCE", help="The folder of a run, or a table as `fit` reads it."),
]
Layers = Annotated[
    list[str] | None,
    typer.Option(
        "--layer",
        "-l",
        metavar="NAME",
        help="A layer's name, the location of your own (module:Name or file.py:Name), or all; may "
        "be repeated. By default the layers of the textbook and torch's own.",
    ),
]
Out = Annotated[
    Path, folder("--out", "-o", metavar="DIR", help="Folder for report, table and laws.")
]
Expect = Annotated[
    list[str] | None,
    typer.Option(
        "--expect",
        "-e",
        metavar="LAYER=EXPR",
        help="The expected order of a layer's time, such as mine=n*k*d**2; may be repeated.",
    ),
]
ExpectOne = Annotated[
    list[str] | None,
    typer.Option(
        "--expect",
        "-e",
        metavar="EXPR",
        help="The expected order of the layer's time, such as n*k*d**2; with several layers "
        "LAYER=EXPR, may be repeated. It replaces the order that the layer's theory gives.",
    ),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="INPUT",
        help='What a layer of your own takes, such as "tokens: int[batch, n] < 32000", "mask: '
        'bool[n, n]" or "pair: float[batch, n, n, d]"; once for each tensor. With several layers '
        "LAYER=INPUT. Without it a function example_inputs says so, or it is found by trying.",
    ),
]
Multiples = Annotated[
    list[str] | None,
    typer.Option(
        "--multiple",
        metavar="SIZE=NUMBER",
        help="A size of a layer of your own is a multiple of a number, such as n=64; may be "
        "repeated. With several layers LAYER=SIZE=NUMBER.",
    ),
]
Axes = Annotated[
    list[str] | None,
    typer.Option(
        "--axis",
        metavar="COLUMN",
        help="A further column that is a size, such as batch; n=seq_len takes it as n, and "
        "n=input_shape:1 an element of a shape, counted from 0; may be repeated.",
    ),
]
FileLimit = Annotated[
    float,
    number(
        "--file-limit",
        least=0,
        most=1e6,
        metavar="MIB",
        help="Largest file that is read, in MiB.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Margin = Annotated[
    float,
    number(
        "--margin",
        least=0,
        most=100,
        help="Largest deviation of an exponent that still matches theory.",
    ),
]
Threads = Annotated[
    int,
    whole_number("--threads", least=1, most=1024, help="Threads that torch may use."),
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


class Mode(StrEnum):
    """The pass to measure."""

    FORWARD = "forward"
    BACKWARD = "backward"
    TRAINING = "training"


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn a KeyError or ValueError about an unknown name or value into a UsageError."""
    try:
        yield
    except KeyError as error:  # whose text is its message in quotes
        raise UsageError(" ".join(map(str, error.args))) from None
    except ValueError as error:
        raise UsageError(error_message(error)) from None


def parse_expected(pairs: list[str] | None) -> dict[str, str]:
    """Parse the values of ``--expect LAYER=EXPR``.

    Raises
    ------
    UsageError
        If one does not have this form.
    """
    return dict(_split("--expect", pairs, "LAYER=EXPR, such as mine=n*d**2"))


def parse_expected_of_run(texts: list[str] | None, layers: list[str] | None) -> dict[str, str]:
    """Parse ``--expect EXPR`` of a run of one layer, or ``--expect LAYER=EXPR``.

    Raises
    ------
    UsageError
        If one has neither form, or names a layer that is not measured.
    """
    orders: dict[str, str] = {}
    for text in texts or []:
        if "=" in text:
            orders |= parse_expected([text])
        elif layers is None or len(set(layers)) != 1 or "all" in layers:
            raise UsageError(
                f"--expect {quoted(text)} needs a single --layer; for several: LAYER=EXPR"
            )
        else:
            orders[layers[0]] = text
    for layer, order in orders.items():
        if layers is not None and layer not in layers and "all" not in layers:
            raise UsageError(
                f"--expect {one_line(f'{layer}={order}', LONGEST_QUOTE)} needs "
                f"--layer {one_line(layer, LONGEST_QUOTE)}"
            )
    return orders


def by_layer(texts: list[str] | None, layers: list[str] | None) -> dict[str, list[str]] | list[str]:
    """Sort the values of ``--input`` and ``--multiple`` by layer, where they name one."""
    found: dict[str, list[str]] = {}
    alone: list[str] = []
    for text in texts or []:
        layer = next((one for one in layers or [] if text.startswith(f"{one}=")), None)
        if layer is None:
            alone.append(text)
        else:
            found.setdefault(layer, []).append(text.removeprefix(f"{layer}="))
    if found and alone:
        raise UsageError(f"{alone[0]!r}: with several layers write LAYER={alone[0]}")
    return found or alone


def parse_sizes(pairs: list[str] | None) -> dict[str, float]:
    """Parse the values of ``--at SIZE=NUMBER``.

    Raises
    ------
    UsageError
        If one does not have this form, or its number is beyond `SIZE_LIMITS`.
    """
    least, most = SIZE_LIMITS
    sizes = {}
    for size, text in _split("--at", pairs, "SIZE=NUMBER, such as n=4096"):
        if (value := parse_number(text, least, most)) is None:
            raise UsageError(
                f"--at {quoted(f'{size}={text}')}: a size must be a positive number, "
                f"from {least:g} to {most:g}, such as n=4096"
            )
        sizes[size] = value
    return sizes


def _split(option: str, pairs: list[str] | None, form: str) -> Iterator[tuple[str, str]]:
    """Split each NAME=TEXT of an option."""
    for pair in pairs or []:
        name, _, text = pair.partition("=")
        if not (name.strip() and text.strip()):
            raise UsageError(f"{option} {quoted(pair)}: write it as {form}")
        yield name.strip(), text
