"""What share of what this machine can do each layer reaches, for a reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from ...analysis import Calibration, Fit, Roofline, number, quantity, roofline, size_columns, sizes
from ...measure import PRODUCT_RATE
from .summaries import labels

#: Layers in one panel: more could not be told apart.
LAYERS = 6

#: Room beside the points and above the roof, as a factor.
_ROOM = 1.6

#: What the table says before it.
ROOFLINE_EXPLAINED = (
    "The machine's peak is the best that any of several engines reached multiplying matrices, its "
    "bandwidth the best of several streams through a working set of that size; both were measured "
    "with the layers. A layer attains the lower of the peak and of its FLOPs for each byte, times "
    "the bandwidth at the working set of these bytes (the roofline: Williams, Waterman & Patterson "
    "2009). Its bytes are those that it cannot but move: inputs, weights as often as it reads "
    "them, output. Temporaries that leave the cache, calls and element-wise work show as a "
    "smaller share."
)

#: The head of the table.
ROOFLINE_HEAD = (
    "layer",
    "largest point",
    "limited by",
    "FLOPs/byte",
    "reached",
    "attainable",
    "share of what this machine can do",
)


class Roofs(NamedTuple):
    """Points of some layers beside the roof of the machine.

    Attributes
    ----------
    title
        Under which conditions it was calibrated; empty where there is one calibration.
    points
        Columns label, intensity (FLOPs/byte) and rate (FLOP/s).
    roofs
        Columns roof (where the bytes come from), intensity and rate: a line each.
    peak, engine
        FLOP/s, and the engine that reached them.
    """

    title: str
    points: pd.DataFrame
    roofs: pd.DataFrame
    peak: float
    engine: str


class Speeds(NamedTuple):
    """What the machine reaches by size, under some conditions.

    Attributes
    ----------
    title
        The conditions; empty where there is one calibration.
    metric
        ``product_rate`` by the side of square matrices, or ``bandwidth`` by the working set.
    rows
        Columns size and value.
    """

    title: str
    metric: str
    rows: pd.DataFrame


def speeds_info(fits: Sequence[Fit]) -> list[Speeds]:
    """Collect what the machine reaches, by the size of matrices and of working sets."""
    known = {_conditions(found.calibration): found.calibration for _, _, found in _known(fits)}
    return [
        Speeds(
            title if len(known) > 1 else "", metric, pd.DataFrame({"size": sizes, "value": values})
        )
        for title, one in known.items()
        for metric, sizes, values in (
            (PRODUCT_RATE.name, one.sides, one.rates),
            ("bandwidth", one.sets, one.bandwidths),
        )
    ]


def roofs_info(fits: Sequence[Fit]) -> list[Roofs]:
    """Collect the points of all layers that have a roof, `LAYERS` to a panel."""
    under: dict[str, list[tuple[str, Roofline]]] = {}
    for _, label, found in _known(fits):
        under.setdefault(_conditions(found.calibration), []).append((label, found))
    return [
        _info(title if len(under) > 1 else "", some[first : first + LAYERS])
        for title, some in under.items()
        for first in range(0, len(some), LAYERS)
    ]


def share_rows(fits: Sequence[Fit]) -> list[tuple[str, ...]]:
    """Write the largest point, by FLOPs, of each layer that has a roof, under `ROOFLINE_HEAD`."""
    return [_row(fit, label, found) for fit, label, found in _known(fits)]


def _known(fits: Sequence[Fit]) -> Iterator[tuple[Fit, str, Roofline]]:
    for fit, label in zip(fits, labels(fits), strict=True):
        if (found := roofline(fit.series)) is not None:
            yield fit, label, found


def _row(fit: Fit, label: str, found: Roofline) -> tuple[str, ...]:
    top = int(np.argmax(found.flops))
    varying = {size: float(values[top]) for size, values in size_columns(fit.series).items()}
    return (
        label,
        sizes(varying),
        "memory" if found.streaming[top] < found.calibration.peak else "arithmetic",
        number(found.intensity[top]),
        quantity(found.achieved[top], PRODUCT_RATE.name),
        quantity(found.attainable[top], PRODUCT_RATE.name),
        f"{found.share[top]:.0%}",
    )


def _conditions(calibration: Calibration) -> str:
    """Name the conditions that panels are told apart by: ``cpu, float32, threads 1``."""
    known = calibration.conditions
    threads = f"threads {known['threads']}" if "threads" in known else ""
    return ", ".join(filter(None, [known.get("device"), known.get("dtype"), threads]))


def _info(title: str, some: Sequence[tuple[str, Roofline]]) -> Roofs:
    calibration = some[0][1].calibration
    told = [
        pd.DataFrame({"label": label, "intensity": found.intensity, "rate": found.achieved})
        for label, found in some
    ]
    shown = pd.concat(told, ignore_index=True)
    bandwidths = {
        "cache": float(calibration.bandwidths.max()),
        "memory": float(calibration.bandwidth(calibration.sets[-1:])[0]),
    }
    ridge = calibration.peak / bandwidths["memory"]
    low, high = shown["intensity"].min() / _ROOM, max(shown["intensity"].max(), ridge) * _ROOM
    peak = calibration.peak
    roofs = [
        pd.DataFrame({"roof": where, "intensity": x, "rate": min(x * speed, peak)}, index=[0])
        for where, speed in bandwidths.items()
        for x in sorted({low, float(np.clip(peak / speed, low, high)), high})
    ]
    return Roofs(title, shown, pd.concat(roofs, ignore_index=True), peak, calibration.engine)
