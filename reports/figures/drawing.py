"""How each figure is drawn, from its info onto axes; nothing is computed here."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator
from numpy.typing import NDArray

from ...analysis import CAUSES, FLOOR, Crossovers, Thresholds, called, number, quantity
from ...measure import BANDWIDTH, PEAK_BYTES, metric_of
from ..content import Gaps, Roofs, Speeds
from .curves import Curves
from .exponents import Exponents
from .theme import MARKERS, legend, ramp, theme_colour

#: Columns of the legends of crossovers, of gaps and of roofs.
CROSSOVER_COLUMNS, GAP_COLUMNS, ROOF_COLUMNS = 3, 2, 2

_VERDICT_MARKERS = {"matches": "o", "differs": "X", "unresolved": "^", "none": "s"}
_COLUMNS = 4
_MOST_TICKS = 7
_MOST_LEVELS = 16
_FEW_DECADES = 3.2
_LABEL_LENGTH = 24
_BEYOND = 2.0  # thresholds' intervals are drawn this far beyond the extremes, and cut there
_FARTHEST = 1.2  # exponents are drawn this far beyond theory's extremes, and cut there


def times(info: Curves, metric: str, axes: Axes) -> None:
    """Draw points, law and theory's slope, log-log."""
    guides = []
    if len(info.theory):
        (guide,) = axes.plot(
            info.theory[info.axis], info.theory["value"], ls=":", lw=1.4, color=theme_colour("text")
        )
        guide.set_label(f"slope {number(info.degree)}" if info.degree else "theory")
        guides.append(guide)
    _curves(info, axes, guides)
    cost_scale(axes, metric)
    axes.set_title(f"{called(metric)} against {info.axis}")


def slopes(info: Curves, axes: Axes) -> None:
    """Draw local slopes of points, law and theory's FLOPs against the logarithm of a size."""
    guides = []
    if info.degree is not None:
        guides.append(
            axes.axhline(info.degree, color=theme_colour("muted"), lw=0.9, label="theory")
        )
    for _, line in info.theory.groupby("hue"):
        (guide,) = axes.plot(
            line[info.axis],
            line["value"],
            ls="--",
            lw=1,
            color=theme_colour("text"),
            label="its FLOPs",
        )
    if len(info.theory):
        guides.append(guide)
    levels = list(np.unique(info.lines["hue"]))
    for (_, line), colour in zip(info.lines.groupby("hue"), ramp(len(levels)), strict=True):
        if "low" in line:
            axes.fill_between(
                line[info.axis], line["low"], line["high"], color=colour, alpha=0.15, lw=0
            )
    _curves(info, axes, guides)
    axes.set_ylim(*info.limits)
    axes.set_title(f"local slope in {info.axis}")


def legend_lines(info: Curves) -> int:
    """Lines that the legend of a law's panel takes."""
    levels = len(np.unique(info.lines["hue"])) if info.hue is not None else 0
    return math.ceil((levels + 2) / _COLUMNS)


def _curves(info: Curves, axes: Axes, guides: Sequence[Line2D]) -> None:
    """Points and lines in one colour and marker for each value of the other size."""
    levels = list(np.unique(info.lines["hue"]))
    palette = dict(zip(levels, ramp(len(levels)), strict=True))
    markers = dict(zip(levels, MARKERS, strict=False))
    for level, line in info.lines.groupby("hue"):
        axes.plot(line[info.axis], line["value"], color=palette[level])
    # Set beforehand: seaborn, to label an axis, makes all its ticks first, which is slow.
    axes.set(xlabel=info.axis, ylabel=" ")
    if len(info.points):
        sns.scatterplot(
            info.points,
            x=info.axis,
            y="value",
            hue="hue",
            style="hue",
            palette=palette,
            markers=markers,
            s=20,
            linewidth=0,
            legend=False,
            ax=axes,
        )
    axes.set_xscale("log")
    axes.set(ylabel="")
    size_ticks(axes, info.levels)
    shown = levels if info.hue is not None else []
    handles = [
        Line2D([], [], color=palette[v], marker=markers[v], ms=4, label=f"{info.hue} = {number(v)}")
        for v in shown
    ]
    legend(axes, [*handles, *guides], _COLUMNS)


def exponents(info: Exponents, margin: float, axes: Axes) -> None:
    """Draw a forest plot: estimates and intervals beside theory's value and its margin."""
    rows = info.rows
    y = np.arange(len(rows))
    anchors = rows["expected"].fillna(rows["estimate"])
    low, high = anchors.min() - _FARTHEST, anchors.max() + _FARTHEST
    low = max(low, min(rows["low"].min(), anchors.min() - margin) - 0.1)
    high = min(high, max(rows["high"].max(), anchors.max() + margin) + 0.1)
    known = rows["expected"].notna()
    theory = rows["expected"][known]
    axes.barh(
        y[known], 2 * margin, left=theory - margin, height=0.9, lw=0, color=theme_colour("band")
    )
    axes.vlines(theory, y[known] - 0.45, y[known] + 0.45, color=theme_colour("muted"))
    for verdict, marker in _VERDICT_MARKERS.items():
        own = rows["verdict"] == verdict
        colour = theme_colour(verdict)
        axes.hlines(y[own], rows["low"][own], rows["high"][own], color=colour, lw=1.6)
        axes.scatter(
            rows["estimate"][own], y[own], marker=marker, s=30, color=colour, lw=0, zorder=3
        )
    for at, estimate in zip(y, rows["estimate"], strict=True):
        if not low <= estimate <= high:  # off the picture: say where
            edge, side = (high, "right") if estimate > high else (low, "left")
            said = f"{estimate:.2f} →" if estimate > high else f"← {estimate:.2f}"
            axes.annotate(said, (edge, at), ha=side, va="center", fontsize="small")
    axes.set(xlim=(low, high), ylim=(len(rows) - 0.5, -0.5))
    axes.set_yticks(y, [_short(label) for label in rows["label"]])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.set_title(f"exponent in {info.axis}")


def label_width(info: Exponents | Gaps) -> float:
    """Room that the longest label of a plot with a row a layer takes, in inches."""
    return 0.25 + 0.066 * max(len(_short(label)) for label in info.rows["label"])


def gaps(info: Gaps, axes: Axes) -> None:
    """Draw what adds to the slope of each layer, and what takes from it, as bars end to end."""
    y = np.arange(len(info.rows))
    below, above = np.zeros(len(y)), np.zeros(len(y))
    handles: list[Artist] = []
    for index, (cause, label) in enumerate(CAUSES.items()):
        share, colour = info.rows[cause].to_numpy(), theme_colour(f"line{index}")
        left = np.where(share < 0, below + share, above)
        axes.barh(y, np.abs(share), left=left, color=colour, lw=0)
        handles.append(Patch(color=colour, label=label))
        below, above = below + np.minimum(share, 0), above + np.maximum(share, 0)
    axes.axvline(0, color=theme_colour("muted"), lw=0.9)
    gap = info.rows["slope"] - info.rows["theory"]
    axes.scatter(gap, y, marker="|", s=60, color=theme_colour("text"), lw=1.4, zorder=3)
    room = 0.03 * (above.max() - below.min()) + FLOOR
    axes.set(xlim=(below.min() - room, above.max() + room), ylim=(len(y) - 0.5, -0.5))
    axes.set_yticks(y, [_short(label) for label in info.rows["label"]])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.set_title(f"slope in {info.axis}, less theory's")
    legend(axes, handles, GAP_COLUMNS)


def crossovers(info: Crossovers, axes: Axes) -> None:
    """Draw laws over n, dashed where extrapolated, with a ring where two cross."""
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
    cost_scale(axes, info.metric)
    size_ticks(axes, info.lines["n"].to_numpy())
    axes.set_xlim(info.lines["n"].min() / 1.2, info.lines["n"].max() * 1.2)
    width = "" if info.d is None else f", d = {number(info.d)}"
    axes.set_title(f"{called(info.metric)} against n{width}")
    handles = [
        Line2D([], [], color=theme_colour(f"line{i}"), marker=MARKERS[i], ms=4, label=_short(name))
        for i, name in enumerate(names)
    ]
    legend(axes, handles, CROSSOVER_COLUMNS)


def thresholds(info: Thresholds, axes: Axes) -> None:
    """Draw from which n on others are cheaper, over d; a hollow mark is extrapolated."""
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
    axes.yaxis.set_major_locator(LogLocator(2, numticks=_MOST_TICKS))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 6)))
    size_ticks(axes, np.unique(info.rows["d"]))
    axes.set_title(f"cheaper than {_short(info.dearer)} from n on")
    handles = [
        Line2D([], [], color=theme_colour(f"line{i}"), marker=MARKERS[i], ms=4, label=_short(name))
        for i, name in enumerate(names)
    ]
    legend(axes, handles, CROSSOVER_COLUMNS)


def roofs(info: Roofs, axes: Axes) -> None:
    """Draw points below the roof, log-log; the roof of what comes from memory is dashed."""
    for where, style in {"cache": "-", "memory": "--"}.items():
        own = info.roofs[info.roofs["roof"] == where]
        axes.plot(own["intensity"], own["rate"], ls=style, lw=1.4, color=theme_colour("text"))
    names = list(dict.fromkeys(info.points["label"]))
    for index, name in enumerate(names):
        own = info.points[info.points["label"] == name]
        colour, marker = theme_colour(f"line{index}"), MARKERS[index]
        axes.scatter(own["intensity"], own["rate"], s=14, marker=marker, color=colour, lw=0)
    axes.set(xscale="log", xlabel="FLOPs for each byte moved", ylabel="")
    low, high = info.roofs["intensity"].min(), info.roofs["intensity"].max()
    axes.set_xlim(low, high)
    cost_scale(axes, "product_rate")
    subs = (1.0, 3.0) if math.log10(high / low) < _FEW_DECADES else (1.0,)
    axes.xaxis.set_major_locator(LogLocator(10, subs=subs, numticks=_MOST_TICKS))
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
            label=_short(name),
        )
        for i, name in enumerate(names)
    ]
    legend(axes, handles, ROOF_COLUMNS)


def speeds(info: Speeds, axes: Axes) -> None:
    """Draw what the machine reaches against the size of matrices or of working sets, log-log."""
    axes.plot(
        info.rows["size"], info.rows["value"], color=theme_colour("line0"), marker="o", ms=3.5
    )
    of_sets = info.metric == BANDWIDTH.name
    axes.set(xscale="log", xlabel="working set" if of_sets else "side of square matrices")
    cost_scale(axes, info.metric)
    size_ticks(axes, info.rows["size"].to_numpy())
    if of_sets:
        axes.xaxis.set_major_formatter(
            FuncFormatter(lambda size, _: quantity(size, PEAK_BYTES.name))
        )
    axes.set_title(" · ".join(filter(None, [called(info.metric), info.title])))


def _value_at(info: Crossovers, layer: str, n: float) -> float:
    own = info.lines[info.lines["layer"] == layer].drop_duplicates("n")
    return float(np.exp(np.interp(np.log(n), np.log(own["n"].astype(float)), np.log(own["value"]))))


def cost_scale(axes: Axes, metric: str) -> None:
    """Make the upright axis logarithmic, with a tick a decade, or three in two of few.

    Bytes have a tick every four octaves, or every two: decades of them are no round numbers.
    """
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    few = math.log10(high / low) < _FEW_DECADES
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
    ticks = levels[:: math.ceil(len(levels) / _MOST_TICKS)]
    axes.xaxis.set_major_locator(FixedLocator(list(ticks)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 6)))


def _short(label: str) -> str:
    return label if len(label) <= _LABEL_LENGTH else f"{label[: _LABEL_LENGTH - 1]}…"
