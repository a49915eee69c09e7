"""The curve n*(d): from which length on, at each width, one layer becomes cheaper than another."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from ..verdicts import Fit
from .crossovers import comparable, crossing, held_sizes, widths

_FEWEST = 2  # widths with a crossing, that make a curve


class Thresholds(NamedTuple):
    """From which n other layers are cheaper than one, over d.

    Attributes
    ----------
    dearer, device
        The layer that they are held against, and where it was measured.
    rows
        Columns cheaper, d, n, low, high, extrapolated; an end of an interval that goes beyond what
        was looked at is 0 or infinity.
    """

    dearer: str
    device: str
    rows: pd.DataFrame


def thresholds_info(fits: Sequence[Fit]) -> list[Thresholds]:
    """Find n*(d) of every two comparable layers that cross at two widths or more."""
    rows = []
    for group in comparable(fits):
        held = held_sizes(group)
        shared = [width for width in widths(group) if width is not None]
        for width, pair in itertools.product(shared, itertools.combinations(group, 2)):
            if (found := crossing(*pair, {"d": width, **held})) is not None:
                rows.append(
                    {
                        "dearer": found.dearer,
                        "device": found.device,
                        "cheaper": found.cheaper,
                        "d": width,
                        "n": found.n,
                        "low": found.low,
                        "high": found.high,
                        "extrapolated": found.extrapolated,
                    }
                )
    if not rows:
        return []
    frame = pd.DataFrame(rows)
    pairs = frame.groupby(["device", "dearer", "cheaper"], sort=False)
    frame = frame[pairs["d"].transform("size") >= _FEWEST]
    return [
        Thresholds(str(dearer), str(device), own.reset_index(drop=True))
        for (device, dearer), own in frame.groupby(["device", "dearer"], sort=False)
    ]
