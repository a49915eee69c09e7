"""The tidy table: what goes from measuring to analysis, one row per repeat."""

from __future__ import annotations

from collections.abc import Iterable
from math import nan

import pandas as pd

from .case import Measurement

#: The sizes that every table has a column for; others are added after them when they occur.
SIZES = ("n", "d", "k")

#: The layer that what the machine can do is filed under.
MACHINE = "machine"

#: Columns of the tidy table: one row per repeat, `value` in the unit of the metric.
COLUMNS = (
    "layer",
    "device",
    "mode",
    "metric",
    *SIZES,
    "batch",
    "dtype",
    "threads",
    "options",
    "process",
    "round",
    "repeat",
    "value",
    "status",
    "machine",
)


def tidy(measurements: Iterable[Measurement], machine: str) -> pd.DataFrame:
    """Tidy table of measurements.

    Parameters
    ----------
    measurements
        What was measured.
    machine
        Short id of the machine's fingerprint.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`, and one more behind `k` for each other size that occurs. Sizes are whole
        numbers, missing where a layer lacks the axis. A measurement without values is one row
        whose value is NaN and whose status says why.
    """
    rows = [
        {
            **measurement.case.sizes,
            **{c: v for c, v in measurement.case.as_dict().items() if c != "sizes"},
            "options": "+".join(measurement.case.options),
            "metric": measurement.metric,
            "process": measurement.process,
            "round": measurement.round,
            "repeat": repeat,
            "value": value,
            "status": measurement.status,
            "machine": machine,
        }
        for measurement in measurements
        for repeat, value in enumerate(measurement.values or (nan,))
    ]
    more = sorted({column for row in rows for column in row} - set(COLUMNS))
    split = COLUMNS.index(SIZES[-1]) + 1
    table = pd.DataFrame(rows, columns=[*COLUMNS[:split], *more, *COLUMNS[split:]])
    return table.astype(dict.fromkeys((*SIZES, *more), "Int64"))
