"""Figures of published measurements: points, laws with their bands, and the leading term alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from math import ceil
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ...analysis import Array, Fit, Law, metric_title, number, size_columns, size_matrix
from ...reports import (
    MARKERS,
    draw_legend,
    panel_grid,
    ramp_colours,
    render_panel,
    set_cost_scale,
    set_size_ticks,
    theme_colour,
)
from .source import Panel, Source

_STEPS = 40
_ACROSS, _MOST_ACROSS = 2, 3  # panels in a row
_MANY = 4  # with more panels a row has `_MOST_ACROSS`
_LEVELS = (0.025, 0.975)


class Curve(NamedTuple):
    """A law along one size: its points, and its values on `grid` with band and leading term.

    `low` and `high` are NaN if the law has no intervals.
    """

    label: str
    sizes: Array
    values: Array
    grid: Array
    law: Array
    low: Array
    high: Array
    lead: Array


def figure(source: Source, fits: Sequence[Fit]) -> str:
    """Draw a source's figure as an SVG file."""
    # A layer has one colour and marker in all panels of a source.
    names = list(dict.fromkeys(source.name(fit.series.layer) for fit in fits))
    panels = []
    for panel in source.panels:
        curves = curves_info(source, panel, fits)
        ordered = not any(curve.label in names for curve in curves)
        places = [at if ordered else names.index(c.label) for at, c in enumerate(curves)]
        panels.append(
            render_panel(
                partial(_draw, panel, curves, places, ordered),
                plot=2.5,
                label=f"{panel.title}: {', '.join(curve.label for curve in curves)}",
                legend=ceil(len(curves) / _columns(len(curves), ordered)),
            )
        )
    return panel_grid(panels, _MOST_ACROSS if len(panels) > _MANY else _ACROSS, source.title)


def curves_info(source: Source, panel: Panel, fits: Sequence[Fit]) -> list[Curve]:
    """Collect the curves of a panel: one for each law, or for each value of a law's other size."""
    return [
        curve
        for fit in fits
        if (fit.series.mode, fit.series.metric) == (panel.mode, panel.metric)
        and (not panel.layers or fit.series.layer in panel.layers)
        and fit.law is not None
        for curve in _curves(source.name(fit.series.layer), panel, fit, fit.law)
    ]


def _curves(name: str, panel: Panel, fit: Fit, law: Law) -> Iterator[Curve]:
    one = fit.series
    others = set(one.axes) - {panel.axis, *panel.fixed}
    if not others:
        yield _curve(name, fit, law, panel.axis, panel.fixed)
        return
    (other,) = others  # a panel fixes all sizes but two
    own = size_columns(one)
    there = np.ones(len(one.values), dtype=bool)
    for size, value in panel.fixed.items():
        there &= own[size] == value
    for level in np.unique(own[other][there]):
        at = {**panel.fixed, other: float(level)}
        curve = _curve(f"{other} = {number(level)}", fit, law, panel.axis, at)
        if len(curve.sizes) > 1:
            yield curve


def _curve(label: str, fit: Fit, law: Law, axis: str, at: Mapping[str, float]) -> Curve:
    own = size_columns(fit.series)
    here = np.ones(len(law.values), dtype=bool)
    for size, value in at.items():
        here &= own[size] == value
    sizes, values = own[axis][here], law.values[here]
    steps = np.geomspace(sizes.min(), sizes.max(), _STEPS)
    where = size_matrix(law, {**at, axis: steps})
    try:
        low, high = np.quantile(law.posterior_predictions(where), _LEVELS, axis=0)
    except ValueError:  # too few points for intervals
        low = high = np.full(_STEPS, np.nan)
    order = np.argsort(sizes)
    lead = law.parts(where)[:, -1]
    return Curve(label, sizes[order], values[order], steps, law.predict(where), low, high, lead)


def _columns(curves: int, ordered: bool) -> int:
    """Return the columns of the legend: names are long; of sizes three fit in a line."""
    return 3 if ordered and curves % 3 == 0 else 2


def _draw(
    panel: Panel, curves: Sequence[Curve], places: Sequence[int], ordered: bool, axes: Axes
) -> None:
    """Draw points, laws, bands and dotted leading terms, log-log."""
    colours = ramp_colours(len(curves)) if ordered else [theme_colour(f"line{at}") for at in places]
    handles = []
    for curve, colour, place in zip(curves, colours, places, strict=True):
        marker = MARKERS[place]
        axes.fill_between(curve.grid, curve.low, curve.high, color=colour, alpha=0.18, lw=0)
        axes.plot(curve.grid, curve.lead, ls=":", lw=0.9, color=colour)
        axes.plot(curve.grid, curve.law, lw=1.1, color=colour)
        axes.plot(curve.sizes, curve.values, ls="", marker=marker, ms=4, color=colour)
        handles.append(Line2D([], [], color=colour, marker=marker, ms=4, lw=1.1, label=curve.label))
    values = np.concatenate([curve.values for curve in curves])
    axes.set_xscale("log")
    axes.set(xlabel=panel.axis, ylabel="", ylim=(values.min() / 2, values.max() * 2))
    set_cost_scale(axes, panel.metric)
    set_size_ticks(axes, np.unique(np.concatenate([curve.sizes for curve in curves])))
    axes.set_title(panel.title or metric_title(panel.metric))
    draw_legend(axes, handles, _columns(len(curves), ordered))
