"""The roofline figure: FLOP/s of layers against arithmetic intensity, below the machine's roof."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from ...analysis import Fit, Roofline, join_words, number, quantity
from ...measure import PRODUCT_RATE
from ..content import Figure, calibration_label, rooflines
from .axes import FEW_DECADES, MAX_TICKS, set_cost_scale, shorten_label
from .theme import MARKERS, draw_legend, render_panel, theme_colour

#: Most layers in one panel: more could not be distinguished.
LAYERS_PER_PANEL = 6

#: Margin around the points and above the roof, as a factor.
_ROOM = 1.6

_LEGEND_COLUMNS = 2


class Roofs(NamedTuple):
    """Points of some layers, and the roofline of the machine.

    Attributes
    ----------
    title
        The conditions of the calibration; empty if there is one.
    points
        Columns label, intensity (FLOPs/byte) and rate (FLOP/s).
    roofs
        Columns roof ("cache" or "memory"), intensity and rate.
    peak, engine
        The highest FLOP/s, and the engine that reached them.
    """

    title: str
    points: pd.DataFrame
    roofs: pd.DataFrame
    peak: float
    engine: str


def roofs_info(fits: Sequence[Fit]) -> list[Roofs]:
    """Collect the points of all layers that have a roofline, `LAYERS_PER_PANEL` to a panel."""
    under: dict[str, list[tuple[str, Roofline]]] = {}
    for _, label, found in rooflines(fits):
        under.setdefault(calibration_label(found.calibration), []).append((label, found))
    return [
        _info(title if len(under) > 1 else "", some[first : first + LAYERS_PER_PANEL])
        for title, some in under.items()
        for first in range(0, len(some), LAYERS_PER_PANEL)
    ]


def _info(title: str, some: Sequence[tuple[str, Roofline]]) -> Roofs:
    calibration = some[0][1].calibration
    frames = [
        pd.DataFrame({"label": label, "intensity": found.intensity, "rate": found.achieved_rate})
        for label, found in some
    ]
    shown = pd.concat(frames, ignore_index=True)
    bandwidths = {
        "cache": float(calibration.bandwidths.max()),
        "memory": float(calibration.bandwidth(calibration.sets[-1:])[0]),
    }
    ridge = calibration.peak / bandwidths["memory"]
    low, high = shown["intensity"].min() / _ROOM, max(shown["intensity"].max(), ridge) * _ROOM
    peak = calibration.peak
    roofs = [
        pd.DataFrame({"roof": where, "intensity": x, "rate": min(x * speed, peak)}, index=[0])
        for where, speed in bandwidths.items()
        for x in sorted({low, float(np.clip(peak / speed, low, high)), high})
    ]
    return Roofs(title, shown, pd.concat(roofs, ignore_index=True), peak, calibration.engine)


def roofline_figure(fits: Sequence[Fit]) -> Figure | None:
    """Draw all points below the roof; None if the machine was not calibrated."""
    infos = roofs_info(fits)
    if not infos:
        return None
    panels = [
        partial(
            render_panel,
            partial(_draw, info),
            plot=2.6,
            label=_alt_text(info),
            left=0.8,
            legend=math.ceil(info.points["label"].nunique() / _LEGEND_COLUMNS),
        )
        for info in infos
    ]
    peaks = dict.fromkeys(
        f"{quantity(info.peak, PRODUCT_RATE.name)} ({info.engine})" for info in infos
    )
    return Figure(
        panels,
        "Points: FLOP/s of a layer against its FLOPs per byte moved. Line: what this machine can "
        "reach with data from its fastest cache; dashed: with data from the largest working set. "
        f"The peak is {join_words(list(peaks))}.",
    )


def _draw(info: Roofs, axes: Axes) -> None:
    """Draw points below the roof, log-log; the roof for data from memory is dashed."""
    for where, style in {"cache": "-", "memory": "--"}.items():
        own = info.roofs[info.roofs["roof"] == where]
        axes.plot(own["intensity"], own["rate"], ls=style, lw=1.4, color=theme_colour("text"))
    names = list(dict.fromkeys(info.points["label"]))
    for index, name in enumerate(names):
        own = info.points[info.points["label"] == name]
        colour, marker = theme_colour(f"line{index}"), MARKERS[index]
        axes.scatter(own["intensity"], own["rate"], s=14, marker=marker, color=colour, lw=0)
    axes.set(xscale="log", xlabel="FLOPs per byte moved", ylabel="")
    low, high = info.roofs["intensity"].min(), info.roofs["intensity"].max()
    axes.set_xlim(low, high)
    set_cost_scale(axes, PRODUCT_RATE.name)
    subs = (1.0, 3.0) if math.log10(high / low) < FEW_DECADES else (1.0,)
    axes.xaxis.set_major_locator(LogLocator(10, subs=subs, numticks=MAX_TICKS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axes.set_title(" · ".join(filter(None, ["roofline", info.title])))
    handles = [
        Line2D(
            [],
            [],
            ls="",
            color=theme_colour(f"line{i}"),
            marker=MARKERS[i],
            ms=4,
            label=shorten_label(name),
        )
        for i, name in enumerate(names)
    ]
    draw_legend(axes, handles, _LEGEND_COLUMNS)


def _alt_text(info: Roofs) -> str:
    best = info.points.groupby("label", sort=False)["rate"].max()
    parts = [f"{label} {quantity(rate, PRODUCT_RATE.name)}" for label, rate in best.items()]
    where = f" ({info.title})" if info.title else ""
    peak = quantity(info.peak, PRODUCT_RATE.name)
    return f"Roofline{where} with the peak {peak}; highest rate of each layer: {join_words(parts)}."
