"""The machine's calibration: its measured peak FLOP/s, and its bandwidth by working set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...measure import BANDWIDTH, PRODUCT_RATE
from ..expressions import Array

#: Columns that give the conditions under which the machine was calibrated.
CONDITIONS = ("device", "dtype", "threads", "machine")

#: Bytes of one number of each dtype.
BYTES = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True)
class Calibration:
    """The machine's measured peak and bandwidths under some conditions.

    Attributes
    ----------
    conditions
        Values of those columns of `CONDITIONS` that the table has.
    sides, rates
        Sides of square matrices, and the FLOP/s of the fastest engine that multiplies them,
        the cost of the call included; each (sides,).
    engine
        The engine that reaches the peak.
    sets, bandwidths
        Working sets in bytes, and the bytes/s of the fastest stream through them; each (sets,).
    """

    conditions: Mapping[str, Any]
    sides: Array
    rates: Array
    engine: str
    sets: Array
    bandwidths: Array

    @property
    def peak(self) -> float:
        """Highest FLOP/s of any engine at any size."""
        return float(self.rates.max())

    @property
    def element(self) -> int:
        """Bytes per number."""
        return BYTES[self.conditions.get("dtype", "float32")]

    def bandwidth(self, working_set: Array) -> Array:
        """Return the bytes/s at which working sets, given in bytes, can be moved.

        A smaller set moves at least as fast as a larger one: where it was measured to be slower,
        the cost of the call is what slowed it. Beyond the largest measured set, that set's
        bandwidth is returned.
        """
        bandwidths = np.maximum.accumulate(self.bandwidths[::-1])[::-1]
        return np.asarray(np.interp(np.log(working_set), np.log(self.sets), bandwidths))


def calibration_of(rows: pd.DataFrame, conditions: Mapping[str, Any]) -> Calibration | None:
    """Find the calibration made under the conditions of some measurements.

    Noise only lowers a rate, so the highest of all rounds counts.

    Parameters
    ----------
    rows
        Tidy rows of the metrics in `measure.CALIBRATION`.
    conditions
        The measurements' columns, with their values.

    Returns
    -------
    The calibration; None where the machine was not calibrated under these conditions.
    """
    if rows.empty:
        return None
    shared = {c: conditions[c] for c in CONDITIONS if c in conditions and c in rows}
    for column, value in shared.items():
        rows = rows[rows[column] == value]
    best = rows.sort_values("value").drop_duplicates(["metric", "n"], keep="last").sort_values("n")
    products, streams = (
        best[best["metric"] == metric] for metric in (PRODUCT_RATE.name, BANDWIDTH.name)
    )
    if products.empty or streams.empty or shared.get("dtype", "float32") not in BYTES:
        return None
    return Calibration(
        shared,
        sides=products["n"].to_numpy(dtype=float),
        rates=products["value"].to_numpy(dtype=float),
        engine=str(products["mode"].iloc[int(products["value"].argmax())]),
        sets=streams["n"].to_numpy(dtype=float),
        bandwidths=streams["value"].to_numpy(dtype=float),
    )
