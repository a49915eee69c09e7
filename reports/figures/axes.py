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

#: Most ticks of an axis, and the decades below which a logarithmic axis has two ticks in each.
MAX_TICKS, FEW_DECADES = 7, 3.2

_MOST_LEVELS = 16
_LABEL_LENGTH = 24


def set_cost_scale(axes: Axes, metric: str) -> None:
    """Make the vertical axis logarithmic, with ticks at 10^i, and at 3 · 10^i over few decades.

    Bytes have ticks at powers of 16, or of 4 over few decades, as powers of 10 are not round there.
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


def set_size_ticks(axes: Axes, levels: NDArray[np.float64]) -> None:
    """Put at most `MAX_TICKS` ticks at measured sizes, or at powers of 2 if these are many."""
    if len(levels) > _MOST_LEVELS:
        low, high = np.log2(levels.min()), np.log2(levels.max())
        levels = 2.0 ** np.arange(np.floor(low), np.ceil(high) + 1)
    ticks = levels[:: math.ceil(len(levels) / MAX_TICKS)]
    axes.xaxis.set_major_locator(FixedLocator(list(ticks)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 6)))


def label_width(labels: pd.Series) -> float:
    """Return the width of the longest label, in inches."""
    return 0.25 + 0.066 * max(len(shorten_label(label)) for label in labels)


def shorten_label(label: str) -> str:
    """Shorten a label that is too long for an axis or a legend."""
    return label if len(label) <= _LABEL_LENGTH else f"{label[: _LABEL_LENGTH - 1]}…"
