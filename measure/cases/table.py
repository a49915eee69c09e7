"""The tidy table that measuring passes to analysis: one row per repeat."""

from __future__ import annotations

from collections.abc import Iterable
from math import nan

import pandas as pd

from .case import Measurement

#: The sizes that every table has a column for; others that occur are added after them.
SIZES = ("n", "d", "k")

#: The layer's name in rows with the machine's peak rates.
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


def tidy_table(measurements: Iterable[Measurement], machine: str) -> pd.DataFrame:
    """Return the tidy table of measurements.

    Parameters
    ----------
    measurements
        The measurements.
    machine
        Short id of the machine's fingerprint.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`, and after `k` one column for each other size that occurs. Sizes are whole
        numbers, missing where a layer lacks the axis. A measurement without values is one row whose
        value is NaN and whose status is the reason.
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
