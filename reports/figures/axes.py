"""Scales, ticks and labels that the figures share."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator
from numpy.typing import NDArray

from ...analysis import number, quantity
from ...measure import metric_of

#: Most ticks of an axis, and decades below which a logarithmic axis has three ticks in each.
MOST_TICKS, FEW_DECADES = 7, 3.2

_MOST_LEVELS = 16
_LABEL_LENGTH = 24


def cost_scale(axes: Axes, metric: str) -> None:
    """Make the upright axis logarithmic, with a tick a decade, or three in two of few.

    Bytes have a tick every four octaves, or every two: decades of them are no round numbers.
    """
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    few = math.log10(high / low) < FEW_DECADES
    if metric_of(metric).unit == "B":
        locator = LogLocator(4 if few else 16, numticks=10)
    else:
        locator = LogLocator(10, subs=(1.0, 3.0) if few else (1.0,), numticks=10)
    axes.yaxis.set_major_locator(locator)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: quantity(value, metric, 2)))


def size_ticks(axes: Axes, levels: NDArray[np.float64]) -> None:
    """Put ticks at sizes, thinned; where there are many, at powers of two between them."""
    if len(levels) > _MOST_LEVELS:
        low, high = np.log2(levels.min()), np.log2(levels.max())
        levels = 2.0 ** np.arange(np.floor(low), np.ceil(high) + 1)
    ticks = levels[:: math.ceil(len(levels) / MOST_TICKS)]
    axes.xaxis.set_major_locator(FixedLocator(list(ticks)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 6)))


def label_width(labels: pd.Series) -> float:
    """Room that the longest label of a plot with a row a layer takes, in inches."""
    return 0.25 + 0.066 * max(len(shortened(label)) for label in labels)


def shortened(label: str) -> str:
    """Cut a label that is too long for an axis or a legend."""
    return label if len(label) <= _LABEL_LENGTH else f"{label[: _LABEL_LENGTH - 1]}…"
