"""The figures of one law: values and local slopes along each of its axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ...analysis import Fit, Law, join_words, metric_title, number, quantity, sizes_text
from ..content import Figure
from .axes import set_cost_scale, set_size_ticks
from .curves import Curves, slopes_info, times_info
from .theme import MARKERS, draw_legend, ramp_colours, render_panel, theme_colour

_LEGEND_COLUMNS = 4


def law_figures(fit: Fit) -> list[Figure]:
    """Draw one law along each of its axes: its values, then its local slopes."""
    if fit.law is None:
        return []
    return [_times(fit, fit.law), _slopes(fit, fit.law)]


def _times(fit: Fit, law: Law) -> Figure:
    metric = fit.series.metric
    infos = [times_info(fit, law, axis) for axis in law.axes]
    panels = [
        partial(
            render_panel,
            partial(_draw_times, info, metric),
            plot=2.2,
            legend=_legend_lines(info),
            label=_curve_alt(metric_title(metric), info)
            + f", from {quantity(info.points['value'].min(), metric)} "
            f"to {quantity(info.points['value'].max(), metric)}"
            + (f"; theory's exponent is {number(info.degree)}" if info.degree is not None else ""),
        )
        for info in infos
    ]
    caption = (
        f"Points: measured {metric_title(metric)}. Lines: the fitted law. The dotted line has "
        "theory's slope; where the points run parallel to it, the leading term dominates."
        if any(len(info.theory) for info in infos)
        else f"Points: measured {metric_title(metric)}. Lines: the fitted law."
    )
    return Figure(panels, caption + _fixed_text(infos, moved=True))


def _slopes(fit: Fit, law: Law) -> Figure:
    infos = [slopes_info(fit, law, axis) for axis in law.axes]
    panels = [
        partial(
            render_panel,
            partial(_draw_slopes, info),
            plot=2.2,
            legend=_legend_lines(info),
            label=_curve_alt("local slope", info)
            + (f"; theory's exponent is {number(info.degree)}" if info.degree is not None else "")
            + (
                f"; the law's slope ends at {info.lines['value'].iloc[-1]:.2f} for the largest "
                f"{info.hue or info.axis}"
                if len(info.lines)
                else ""
            ),
        )
        for info in infos
    ]
    caption = (
        "Local slopes: the exponent between two adjacent sizes. Points: between adjacent "
        "measurements. Lines: of the fitted law, with 95 % intervals."
    )
    if any(len(info.theory) for info in infos):
        caption += " Dashed: of theory's FLOPs."
    if any(info.degree is not None for info in infos):
        caption += " The horizontal line is theory's exponent."
    if outside := sum(info.points_outside for info in infos):
        caption += f" {outside} points lie outside the frame."
    return Figure(panels, caption + _fixed_text(infos, moved=False))


def _curve_alt(what: str, info: Curves) -> str:
    axis = info.points[info.axis] if len(info.points) else info.lines[info.axis]
    levels = np.unique(info.lines["hue"])
    alt = f"{what} against {info.axis} = {number(axis.min())} to {number(axis.max())}"
    if info.hue is not None:
        alt += f", for {info.hue} = {join_words([number(level) for level in levels])}"
    return alt


def _fixed_text(infos: Sequence[Curves], *, moved: bool) -> str:
    fixed = {size: value for info in infos for size, value in info.fixed.items()}
    text = ""
    if fixed:
        text += f" Lines are drawn at {sizes_text(fixed)}; points measured at other values "
        text += "are moved there by the law's ratio." if moved else "are shown as they are."
    if omitted := max((info.omitted for info in infos), default=0):
        text += f" {omitted} values of the other size are not shown."
    return text


def _draw_times(info: Curves, metric: str, axes: Axes) -> None:
    """Draw points, law and a line with theory's slope, log-log."""
    guides = []
    if len(info.theory):
        (guide,) = axes.plot(
            info.theory[info.axis], info.theory["value"], ls=":", lw=1.4, color=theme_colour("text")
        )
        guide.set_label(f"slope {number(info.degree)}" if info.degree else "theory")
        guides.append(guide)
    _curves(info, axes, guides)
    set_cost_scale(axes, metric)
    axes.set_title(f"{metric_title(metric)} against {info.axis}")


def _draw_slopes(info: Curves, axes: Axes) -> None:
    """Draw local slopes of points, law and theory's FLOPs against a size, log-linear."""
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
            label="theory's FLOPs",
        )
    if len(info.theory):
        guides.append(guide)
    levels = list(np.unique(info.lines["hue"]))
    for (_, line), colour in zip(info.lines.groupby("hue"), ramp_colours(len(levels)), strict=True):
        if "low" in line:
            axes.fill_between(
                line[info.axis], line["low"], line["high"], color=colour, alpha=0.15, lw=0
            )
    _curves(info, axes, guides)
    axes.set_ylim(*info.limits)
    axes.set_title(f"local slope in {info.axis}")


def _legend_lines(info: Curves) -> int:
    """Return the number of lines of a panel's legend."""
    levels = len(np.unique(info.lines["hue"])) if info.hue is not None else 0
    return math.ceil((levels + 2) / _LEGEND_COLUMNS)


def _curves(info: Curves, axes: Axes, guides: Sequence[Line2D]) -> None:
    """Draw points and lines, with a colour and a marker for each value of the other size."""
    levels = list(np.unique(info.lines["hue"]))
    palette = dict(zip(levels, ramp_colours(len(levels)), strict=True))
    markers = dict(zip(levels, MARKERS, strict=False))
    for level, line in info.lines.groupby("hue"):
        axes.plot(line[info.axis], line["value"], color=palette[level])
    # Set before seaborn does: to label an axis it makes all ticks first, which is slow.
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
    set_size_ticks(axes, info.levels)
    shown = levels if info.hue is not None else []
    handles = [
        Line2D([], [], color=palette[v], marker=markers[v], ms=4, label=f"{info.hue} = {number(v)}")
        for v in shown
    ]
    draw_legend(axes, [*handles, *guides], _LEGEND_COLUMNS)
