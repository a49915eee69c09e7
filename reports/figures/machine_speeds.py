"""The figure of the machine's FLOP/s by matrix size, and of its bandwidth by working set."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from ...analysis import Fit, metric_title, number, quantity
from ...measure import BANDWIDTH, PEAK_BYTES, PRODUCT_RATE
from ..content import Figure, calibration_label, rooflines
from .axes import set_cost_scale, set_size_ticks
from .theme import render_panel, theme_colour


class Speeds(NamedTuple):
    """FLOP/s or bandwidth of the machine by size, under some conditions.

    Attributes
    ----------
    title
        The conditions; empty if there is one calibration.
    metric
        ``product_rate`` by the side of square matrices, or ``bandwidth`` by the working set.
    rows
        Columns size and value.
    """

    title: str
    metric: str
    rows: pd.DataFrame


def speeds_info(fits: Sequence[Fit]) -> list[Speeds]:
    """Collect the machine's FLOP/s by matrix size and bandwidth by working set."""
    known = {
        calibration_label(found.calibration): found.calibration for _, _, found in rooflines(fits)
    }
    return [
        Speeds(
            title if len(known) > 1 else "", metric, pd.DataFrame({"size": sizes, "value": values})
        )
        for title, one in known.items()
        for metric, sizes, values in (
            (PRODUCT_RATE.name, one.sides, one.rates),
            (BANDWIDTH.name, one.sets, one.bandwidths),
        )
    ]


def machine_speeds_figure(fits: Sequence[Fit]) -> Figure | None:
    """Draw the machine's FLOP/s and bandwidth by size; None if it was not calibrated."""
    panels = []
    for info in speeds_info(fits):
        first, last = (
            quantity(info.rows["size"].iloc[at], PEAK_BYTES.name)
            if info.metric == BANDWIDTH.name
            else number(info.rows["size"].iloc[at])
            for at in (0, -1)
        )
        best = quantity(info.rows["value"].max(), info.metric)
        where = f" ({info.title})" if info.title else ""
        alt = f"{metric_title(info.metric)}{where} for sizes of {first} to {last}: {best} at most."
        panels.append(partial(render_panel, partial(_draw, info), plot=2.2, label=alt, left=0.8))
    if not panels:
        return None
    return Figure(
        panels,
        "What this machine reached by size, the best of several engines: multiplying square "
        "matrices, and streaming a working set. At small sizes the cost of calls lowers it.",
    )


def _draw(info: Speeds, axes: Axes) -> None:
    """Draw FLOP/s or bandwidth against size, log-log."""
    axes.plot(
        info.rows["size"], info.rows["value"], color=theme_colour("line0"), marker="o", ms=3.5
    )
    of_sets = info.metric == BANDWIDTH.name
    axes.set(xscale="log", xlabel="working set" if of_sets else "side of square matrices")
    set_cost_scale(axes, info.metric)
    set_size_ticks(axes, info.rows["size"].to_numpy())
    if of_sets:
        axes.xaxis.set_major_formatter(
            FuncFormatter(lambda size, _: quantity(size, PEAK_BYTES.name))
        )
    axes.set_title(" · ".join(filter(None, [metric_title(info.metric), info.title])))
