"""What the figure of all exponents shows: estimates and intervals beside theory, by axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from ...analysis import Fit
from ..content import labels


class Exponents(NamedTuple):
    """Exponents of one axis over all laws.

    Attributes
    ----------
    axis
        The size.
    rows
        Columns label, estimate, low, high, expected (NaN without theory), verdict.
    """

    axis: str
    rows: pd.DataFrame


def exponents_info(fits: Sequence[Fit]) -> list[Exponents]:
    """Collect the exponents of all laws, by axis."""
    rows = [
        {
            "axis": exponent.axis,
            "label": label,
            "estimate": exponent.estimate,
            "low": exponent.low,
            "high": exponent.high,
            "expected": fit.theory.degree(exponent.axis)
            if fit.theory is not None and exponent.axis in fit.exponents
            else np.nan,
            "verdict": fit.exponents[exponent.axis].verdict.value
            if exponent.axis in fit.exponents
            else "none",
        }
        for fit, label in zip(fits, labels(fits), strict=True)
        for exponent in (fit.law.exponents if fit.law else ())
    ]
    axes = dict.fromkeys(str(row["axis"]) for row in rows)
    frame = pd.DataFrame(rows)
    return [
        Exponents(axis, frame[frame["axis"] == axis].drop(columns="axis").reset_index(drop=True))
        for axis in axes
    ]
