"""The tidy table that measuring passes to analysis: one row per repeat."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .case import Measurement
from .columns import Integers, MeasurementColumns

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


def tidy_table(
    measurements: Iterable[Measurement] | MeasurementColumns, machine: str
) -> pd.DataFrame:
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
    made = measurements
    if not isinstance(made, MeasurementColumns):
        made = MeasurementColumns.of(made)
    rows = np.maximum(made.counts, 1)
    which = np.repeat(np.arange(len(made)), rows)  # the measurement of each row
    repeat = np.arange(len(which)) - np.repeat(np.cumsum(rows) - rows, rows)
    value = np.full(len(which), np.nan)
    value[made.counts[which] > 0] = made.values
    cases, of_row = made.cases.distinct, made.cases.codes[which]

    def of_case(values: Iterable[object], dtype: str | None = None) -> pd.Series[Any]:
        return _take(list(values), of_row, dtype)

    sizes = dict.fromkeys(SIZES) | dict.fromkeys(sorted({s for case in cases for s in case.sizes}))
    columns = {
        "layer": of_case(case.layer for case in cases),
        "device": of_case(case.device for case in cases),
        "mode": of_case(case.mode for case in cases),
        "metric": _take(made.metrics.distinct, made.metrics.codes[which]),
        **{
            size: of_case((case.sizes.get(size, pd.NA) for case in cases), "Int64")
            for size in sizes
        },
        "batch": of_case((case.batch for case in cases), "int64"),
        "dtype": of_case(case.dtype for case in cases),
        "threads": of_case((case.threads for case in cases), "int64"),
        "options": of_case("+".join(case.options) for case in cases),
        "process": made.processes[which],
        "round": made.rounds[which],
        "repeat": repeat,
        "value": value,
        "status": _take(made.statuses.distinct, made.statuses.codes[which]),
        "machine": _take([machine], np.zeros(len(which), dtype=np.int64)),
    }
    return pd.DataFrame(columns, copy=False)


def _take(distinct: Sequence[object], codes: Integers, dtype: str | None = None) -> pd.Series[Any]:
    """Return a column of few distinct values, of the type that pandas infers from these."""
    values: pd.Series[Any] = pd.Series(distinct, dtype=dtype or ("str" if not distinct else None))
    return values.take(codes).reset_index(drop=True)
