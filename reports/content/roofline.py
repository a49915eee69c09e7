"""The roofline table: the share of the machine's attainable FLOP/s that each layer reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...analysis import (
    Calibration,
    Fit,
    Roofline,
    number,
    quantity,
    roofline,
    size_columns,
    sizes_text,
)
from ...measure import PRODUCT_RATE
from .law_names import law_labels
from .tables import Table

_EXPLANATION = (
    "The machine's peak is the highest rate at which any of several engines multiplied matrices; "
    "its bandwidth at a working set is the highest of several streams through it. Both were "
    "measured in the same run as the layers. Attainable is the lower of the peak and of FLOPs/byte "
    "times the bandwidth (the roofline: Williams, Waterman & Patterson 2009). The bytes are those "
    "that a layer must move: inputs, weights as often as it reads them, output. Temporaries that "
    "leave the cache, calls and element-wise work lower the share."
)


def roofline_table(fits: Sequence[Fit]) -> Table:
    """Write the largest point, by FLOPs, of each layer that has a roofline."""
    return Table(
        "Largest points",
        (
            "layer",
            "largest point",
            "limited by",
            "FLOPs/byte",
            "reached",
            "attainable",
            "share of what this machine can do",
        ),
        [_row(fit, label, found) for fit, label, found in rooflines(fits)],
        _EXPLANATION,
        styles=("code", "text", "text", "number"),
    )


def rooflines(fits: Sequence[Fit]) -> Iterator[tuple[Fit, str, Roofline]]:
    """Yield each law whose machine was calibrated, with its label and its roofline."""
    for fit, label in zip(fits, law_labels(fits), strict=True):
        if (found := roofline(fit.series)) is not None:
            yield fit, label, found


def _row(fit: Fit, label: str, found: Roofline) -> tuple[str, ...]:
    top = int(np.argmax(found.flops))
    varying = {size: float(values[top]) for size, values in size_columns(fit.series).items()}
    return (
        label,
        sizes_text(varying),
        "memory" if found.streaming_rate[top] < found.calibration.peak else "arithmetic",
        number(found.intensity[top]),
        quantity(found.achieved_rate[top], PRODUCT_RATE.name),
        quantity(found.attainable_rate[top], PRODUCT_RATE.name),
        f"{found.share[top]:.0%}",
    )


def calibration_label(calibration: Calibration) -> str:
    """Name the conditions of a calibration: ``cpu, float32, threads 1``."""
    known = calibration.conditions
    threads = f"threads {known['threads']}" if "threads" in known else ""
    return ", ".join(filter(None, [known.get("device"), known.get("dtype"), threads]))
