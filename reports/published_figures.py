"""Figures of published measurements: points, laws with their bands, and the leading term alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from math import ceil
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ..analysis import Fit, Law
from ..analysis.arrays import Array
from .coverage import columns, points
from .drawing import cost_scale, size_ticks
from .image import grid
from .ink import MARKERS, ink, legend, ramp, render
from .sources import NAMES, Panel, Source
from .units import called, number

_STEPS = 40
_ACROSS = 2  # panels in a row
_LEGEND_COLUMNS = 2
_LEVELS = (0.025, 0.975)


class Curve(NamedTuple):
    """A law along one size: its points, and itself on `grid` with band and leading term.

    `low` and `high` are NaN where the law has no intervals.
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
    panels = []
    for panel in source.panels:
        curves = curves_info(panel, fits)
        ordered = bool(panel.layer)  # values of a size, not names
        panels.append(
            render(
                partial(_draw, panel, curves, ordered),
                plot=2.5,
                label=f"{panel.title}: {', '.join(curve.label for curve in curves)}",
                legend=ceil(len(curves) / _columns(ordered)),
            )
        )
    return grid(panels, 3 if len(panels) % 3 == 0 and len(panels) > 3 else _ACROSS, source.title)


def curves_info(panel: Panel, fits: Sequence[Fit]) -> list[Curve]:
    """Curves of a panel: a law each, or a value of the size that is neither drawn nor held."""
    found = []
    for fit in fits:
        one = fit.series
        if (one.mode, one.metric) != (panel.mode, panel.metric) or fit.law is None:
            continue
        if not panel.layer:
            found.append(_curve(NAMES.get(one.layer, one.layer), fit, fit.law, panel.axis, {}))
        elif one.layer == panel.layer:
            (other,) = set(one.axes) - {panel.axis, *panel.held}
            own = points(one)
            there = np.ones(len(one.values), dtype=bool)
            for size, value in panel.held.items():
                there &= own[size] == value
            for level in np.unique(own[other][there]):
                at = {**panel.held, other: float(level)}
                curve = _curve(f"{other} = {number(level)}", fit, fit.law, panel.axis, at)
                if len(curve.sizes) > 1:
                    found.append(curve)
    return found


def _curve(label: str, fit: Fit, law: Law, axis: str, at: Mapping[str, float]) -> Curve:
    own = points(fit.series)
    here = np.ones(len(law.values), dtype=bool)
    for size, value in at.items():
        here &= own[size] == value
    sizes, values = own[axis][here], law.values[here]
    steps = np.geomspace(sizes.min(), sizes.max(), _STEPS)
    where = columns(law, {**at, axis: steps})
    try:
        low, high = np.quantile(law.likely(where), _LEVELS, axis=0)
    except ValueError:  # too few points for intervals
        low = high = np.full(_STEPS, np.nan)
    order = np.argsort(sizes)
    lead = law.parts(where)[:, -1]
    return Curve(label, sizes[order], values[order], steps, law.predict(where), low, high, lead)


def _columns(ordered: bool) -> int:
    return 4 if ordered else _LEGEND_COLUMNS


def _draw(panel: Panel, curves: Sequence[Curve], ordered: bool, axes: Axes) -> None:
    """Draw points, laws, bands, and dotted the leading terms, both axes logarithmic."""
    colours = ramp(len(curves)) if ordered else [ink(f"line{at}") for at in range(len(curves))]
    handles = []
    for curve, colour, marker in zip(curves, colours, MARKERS, strict=False):
        axes.fill_between(curve.grid, curve.low, curve.high, color=colour, alpha=0.18, lw=0)
        axes.plot(curve.grid, curve.lead, ls=":", lw=0.9, color=colour)
        axes.plot(curve.grid, curve.law, lw=1.1, color=colour)
        axes.plot(curve.sizes, curve.values, ls="", marker=marker, ms=4, color=colour)
        handles.append(Line2D([], [], color=colour, marker=marker, ms=4, lw=1.1, label=curve.label))
    values = np.concatenate([curve.values for curve in curves])
    axes.set_xscale("log")
    axes.set(xlabel=panel.axis, ylabel="", ylim=(values.min() / 2, values.max() * 2))
    cost_scale(axes, panel.metric)
    size_ticks(axes, np.unique(np.concatenate([curve.sizes for curve in curves])))
    axes.set_title(panel.title or called(panel.metric))
    legend(axes, handles, _columns(ordered))
