"""The figure of thresholds: the n from which on another layer costs less, against the width d."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from ...analysis import Thresholds, join_words, number
from ..content import Figure
from .axes import MAX_TICKS, set_size_ticks, shorten_label
from .theme import MARKERS, draw_legend, render_panel, theme_colour

_LEGEND_COLUMNS = 3
_BEYOND = 2.0  # a panel ends at this multiple of the extreme n; intervals are cut there


def thresholds_figure(infos: Sequence[Thresholds]) -> Figure | None:
    """Draw the n from which on other layers cost less, against d; None if there are none."""
    if not infos:
        return None
    panels = []
    for info in infos:
        names = list(dict.fromkeys(info.rows["cheaper"]))
        ends = info.rows.groupby("cheaper", sort=False).agg(
            {"d": ["first", "last"], "n": ["first", "last"]}
        )
        parts = [
            f"{name} from n = {number(n0)} at d = {number(d0)} to n = {number(n1)} at d = "
            f"{number(d1)}"
            for name, d0, d1, n0, n1 in ends.itertuples()
        ]
        alt = (
            f"The n from which others cost less than {info.dearer}, against d: {join_words(parts)}."
        )
        lines = math.ceil(len(names) / _LEGEND_COLUMNS)
        panels.append(partial(render_panel, partial(_draw, info), 2.2, alt, legend=lines))
    return Figure(
        panels,
        "The n from which on another layer costs less, against the width d, with 95 % intervals; a "
        "hollow mark is extrapolated.",
    )


def _draw(info: Thresholds, axes: Axes) -> None:
    """Draw the n from which on others cost less, against d; a hollow marker is extrapolated."""
    names = list(dict.fromkeys(info.rows["cheaper"]))
    top = info.rows["n"].max() * _BEYOND
    for index, name in enumerate(names):
        own = info.rows[info.rows["cheaper"] == name]
        colour = theme_colour(f"line{index}")
        low, high = own["low"].clip(info.rows["n"].min() / _BEYOND), own["high"].clip(upper=top)
        axes.plot(own["d"], own["n"], color=colour)
        axes.fill_between(own["d"], low, high, color=colour, alpha=0.15, lw=0)
        faces = np.where(own["extrapolated"].astype(bool), "none", colour)
        axes.scatter(
            own["d"], own["n"], s=20, marker=MARKERS[index], facecolors=faces, edgecolors=colour
        )
    axes.set(xscale="log", yscale="log", xlabel="d", ylabel="")
    axes.set_ylim(info.rows["n"].min() / _BEYOND, top)
    axes.yaxis.set_major_locator(LogLocator(2, numticks=MAX_TICKS))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 6)))
    set_size_ticks(axes, np.unique(info.rows["d"]))
    axes.set_title(f"cheaper than {shorten_label(info.dearer)} from n on")
    handles = [
        Line2D(
            [],
            [],
            color=theme_colour(f"line{i}"),
            marker=MARKERS[i],
            ms=4,
            label=shorten_label(name),
        )
        for i, name in enumerate(names)
    ]
    draw_legend(axes, handles, _LEGEND_COLUMNS)
