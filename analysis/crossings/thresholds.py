"""The threshold curve n*(d): the length, at each width, beyond which one layer is cheaper."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from ..verdicts import Fit
from .crossing_points import Crossing, crossing
from .crossovers import Crossovers, comparable, fixed_sizes, widths

_FEWEST = 2  # widths with a crossing that make a curve


class Thresholds(NamedTuple):
    """The lengths n beyond which other layers are cheaper than one layer, over d.

    Attributes
    ----------
    dearer, device
        The layer that others are compared with, and where it was measured.
    rows
        Columns cheaper, d, n, low, high, extrapolated; an end of an interval that leaves the range
        searched is 0 or infinity.
    """

    dearer: str
    device: str
    rows: pd.DataFrame


def thresholds_info(fits: Sequence[Fit], crossovers: Sequence[Crossovers] = ()) -> list[Thresholds]:
    """Find n*(d) of every pair of comparable layers that cross at two or more widths.

    Parameters
    ----------
    fits
        Fits of any layers.
    crossovers
        The result of `crossovers_info` for the same fits, whose crossings are reused.
    """
    rows = []
    for group in comparable(fits):
        fixed = fixed_sizes(group)
        computed = {info.d: _by_pair(info) for info in crossovers if _same(info.fits, group)}
        common = [width for width in widths(group) if width is not None]
        for width, pair in itertools.product(common, itertools.combinations(group, 2)):
            if width in computed:
                found = computed[width].get(frozenset(fit.series.layer for fit in pair))
            else:
                found = crossing(*pair, {"d": width, **fixed})
            if found is not None:
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


def _same(some: Sequence[Fit], others: Sequence[Fit]) -> bool:
    """Whether two groups consist of the same fit objects."""
    return [id(fit) for fit in some] == [id(fit) for fit in others]


def _by_pair(info: Crossovers) -> dict[frozenset[str], Crossing]:
    """Index crossings by their two layers; a group has each layer once."""
    return {frozenset((each.cheaper, each.dearer)): each for each in info.crossings}
