"""The figure of crossovers: predicted costs against n, a panel for each width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ...analysis import (
    EXTRAPOLATION,
    Crossing,
    Crossovers,
    join_words,
    metric_title,
    number,
    sizes_text,
)
from ..content import Figure, crossing_interval
from .axes import set_cost_scale, set_size_ticks, shorten_label
from .theme import MARKERS, draw_legend, render_panel, theme_colour

_LEGEND_COLUMNS = 3


def crossovers_figure(infos: Sequence[Crossovers]) -> Figure | None:
    """Draw where layers cross over; None if no two can be compared."""
    if not infos:
        return None
    panels = []
    for info in infos:
        where = "" if info.d is None else f" at d = {number(info.d)}"
        names = join_words(list(dict.fromkeys(info.lines["layer"])))
        alt = (
            f"{metric_title(info.metric)} against n{where} for {names}, by their laws: "
            f"{_crossings_text(info.crossings)}."
        )
        lines = math.ceil(info.lines["layer"].nunique() / _LEGEND_COLUMNS)
        panels.append(partial(render_panel, partial(_draw, info), 2.6, alt, legend=lines))
    fixed = {size: value for info in infos for size, value in info.fixed.items()}
    return Figure(
        panels,
        "Costs that the laws predict, against n, with a panel for each width; rings mark where two "
        f"lines cross. Dashed: extrapolated, up to {number(EXTRAPOLATION)} times the largest "
        "measured n." + (f" Further sizes are fixed at {sizes_text(fixed)}." if fixed else ""),
    )


def _draw(info: Crossovers, axes: Axes) -> None:
    """Draw laws against n, dashed where extrapolated, with a ring where two cross."""
    names = list(dict.fromkeys(info.lines["layer"]))
    for index, name in enumerate(names):
        own = info.lines[info.lines["layer"] == name]
        inside = own[~own["extrapolated"].astype(bool)]
        colour = theme_colour(f"line{index}")
        axes.plot(
            inside["n"],
            inside["value"],
            color=colour,
            marker=MARKERS[index],
            ms=4,
            markevery=(index * 2, 13),
        )
        beyond = own[own["extrapolated"].astype(bool)]
        axes.plot(beyond["n"], beyond["value"], ls="--", color=colour)
    heights = [_value_at(info, crossing.cheaper, crossing.n) for crossing in info.crossings]
    axes.scatter(
        [crossing.n for crossing in info.crossings],
        heights,
        s=42,
        facecolors="none",
        edgecolors=theme_colour("text"),
        lw=0.9,
        zorder=4,
    )
    axes.set(xscale="log", xlabel="n", ylabel="")
    set_cost_scale(axes, info.metric)
    set_size_ticks(axes, info.lines["n"].to_numpy())
    axes.set_xlim(info.lines["n"].min() / 1.2, info.lines["n"].max() * 1.2)
    width = "" if info.d is None else f", d = {number(info.d)}"
    axes.set_title(f"{metric_title(info.metric)} against n{width}")
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


def _crossings_text(crossings: Sequence[Crossing]) -> str:
    if not crossings:
        return "no two cross"
    return "; ".join(
        f"{one.cheaper} is cheaper than {one.dearer} beyond n = {number(one.n)}"
        + (f" {crossing_interval(one)}" if crossing_interval(one) else "")
        + (" (extrapolated)" if one.extrapolated else "")
        for one in crossings
    )


def _value_at(info: Crossovers, layer: str, n: float) -> float:
    own = info.lines[info.lines["layer"] == layer].drop_duplicates("n")
    return float(np.exp(np.interp(np.log(n), np.log(own["n"].astype(float)), np.log(own["value"]))))
