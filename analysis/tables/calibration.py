"""What the machine can do at its best, as measured: its peak, and its bandwidth by working set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...measure import BANDWIDTH, PRODUCT_RATE
from ..expressions import Array

#: Columns that tell under which conditions the machine was calibrated.
CONDITIONS = ("device", "dtype", "threads", "machine")

#: Bytes of one number of each dtype.
BYTES = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True)
class Calibration:
    """What the machine can do at its best under some conditions.

    Attributes
    ----------
    conditions
        Those of `CONDITIONS` that are known, with their values.
    sides, rates
        Sides of square matrices, and FLOP/s at which the best engine multiplies them, calls
        included; each (sides,).
    engine
        The engine that is fastest of all.
    sets, bandwidths
        Working sets in bytes, and bytes/s at which the best stream moves them; each (sets,).
    """

    conditions: Mapping[str, Any]
    sides: Array
    rates: Array
    engine: str
    sets: Array
    bandwidths: Array

    @property
    def peak(self) -> float:
        """Most FLOP/s of any engine at any size."""
        return float(self.rates.max())

    @property
    def element(self) -> int:
        """Bytes of one number."""
        return BYTES[self.conditions.get("dtype", "float32")]

    def bandwidth(self, working_set: Array) -> Array:
        """Bytes/s at which working sets of so many bytes can be moved.

        A smaller set moves at least as fast as a larger one: where it was measured to be slower,
        what it lacks is the cost of a call. Beyond the largest measured it is that one's.
        """
        reached = np.maximum.accumulate(self.bandwidths[::-1])[::-1]
        return np.asarray(np.interp(np.log(working_set), np.log(self.sets), reached))


def calibration_of(rows: pd.DataFrame, conditions: Mapping[str, Any]) -> Calibration | None:
    """Find the calibration under the conditions of some measurements.

    Noise takes from a rate and never adds to it, so the highest of all rounds counts.

    Parameters
    ----------
    rows
        Tidy rows of the metrics of `measure.table.CALIBRATION`.
    conditions
        Columns of the measurements with their values.

    Returns
    -------
    None where the machine was not calibrated under these.
    """
    known = {c: conditions[c] for c in CONDITIONS if c in conditions and c in rows}
    for column, value in known.items():
        rows = rows[rows[column] == value]
    best = rows.sort_values("value").drop_duplicates(["metric", "n"], keep="last").sort_values("n")
    products, streams = (
        best[best["metric"] == metric] for metric in (PRODUCT_RATE.name, BANDWIDTH.name)
    )
    if products.empty or streams.empty or known.get("dtype", "float32") not in BYTES:
        return None
    return Calibration(
        known,
        sides=products["n"].to_numpy(dtype=float),
        rates=products["value"].to_numpy(dtype=float),
        engine=str(products["mode"].iloc[int(products["value"].argmax())]),
        sets=streams["n"].to_numpy(dtype=float),
        bandwidths=streams["value"].to_numpy(dtype=float),
    )
