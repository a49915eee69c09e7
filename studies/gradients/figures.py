"""Figures of gradients and forget gates against distance."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import ceil, isclose, log10
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from ...analysis import Array, number
from ...reports import (
    MARKERS,
    Figure,
    draw_legend,
    panel_grid,
    render_panel,
    set_cost_scale,
    theme_colour,
)
from .results import AFTER, INITIAL, Dependencies, Gates, SignalDecay
from .tables import interval_text, signal_text

_LINES = 6  # most lines in a panel
_COLUMNS = 2  # of a legend
_HIGHEST = 1e300  # value that is drawn
_DEEP = 1e-12  # lowest value of a panel, divided by the highest


def dependencies_figures(found: Dependencies) -> list[Figure]:
    """Draw norms against distance before and after training, and forget gates with the cell."""
    drawn = []
    after = [each.after for each in found.trainings]
    for some, title, what in (
        (found.initial, INITIAL, "with initial weights and unit-normal inputs"),
        (after, AFTER, "after training, with respect to the symbol's position"),
    ):
        some = [each for each in some if each.law]
        if some:
            panels = [
                partial(_panel, some[at : at + _LINES], f"‖∂y_n/∂x_t‖, {title}")
                for at in range(0, len(some), _LINES)
            ]
            drawn.append(
                Figure(
                    panels,
                    "Gradient of the last output with respect to an input position, against the "
                    f"distance, relative to distance 1; {what}. Geometric means over seeds; a line "
                    "that leaves the frame goes on falling.",
                )
            )
    states = [s for s in (INITIAL, AFTER) if any(each.state == s for each in found.gates)]
    if states:
        drawn.append(
            Figure(
                [
                    partial(_gates_panel, [g for g in found.gates if g.state == state], state)
                    for state in states
                ],
                "True derivative of an LSTM's last cell state with respect to an earlier one "
                "(solid), and the product of the forget gates between them (dashed); root mean "
                "squares over units, geometric means over seeds.",
            )
        )
    return drawn


def dependencies_svg(found: Dependencies) -> str:
    """Draw all panels as one SVG file."""
    panels = [panel for figure in dependencies_figures(found) for panel in figure.panels]
    return panel_grid(panels, 2, "How far a signal carries, by layer")


class _Line(NamedTuple):
    label: str
    curve: Array  # by distance
    place: int  # of its colour and marker
    style: str


def _panel(some: Sequence[SignalDecay], title: str) -> str:
    lines = [_Line(each.label, each.curve, at, "-") for at, each in enumerate(some)]
    parts = [f"{each.label}: {signal_text(each)}" for each in some]
    return _render_lines(lines, title, parts)


def _gates_panel(found: Sequence[Gates], state: str) -> str:
    lines, parts = [], []
    for at, each in enumerate(found):
        for values, name, style in ((each.true, "∂C_n/∂C_t", "-"), (each.product, "∏f", "--")):
            with np.errstate(divide="ignore", invalid="ignore"):  # a norm may be 0 or unknown
                curve = np.exp(np.log(values).mean(axis=0))
            lines.append(_Line(f"{name}, {each.variant}", curve, at, style))
        parts.append(
            f"{each.variant}: the derivative decays with λ = {interval_text(each.rate)}, "
            f"the product with {interval_text(each.product_rate)}"
        )
    return _render_lines(lines, f"cell and forget gates, {state}", parts)


def _render_lines(lines: Sequence[_Line], title: str, parts: Sequence[str]) -> str:
    return render_panel(
        partial(_draw, lines, title),
        plot=2.4,
        label=f"{title}, against distance. {'; '.join(parts)}.",
        legend=ceil(len(lines) / _COLUMNS),
    )


def _power(value: float) -> str:
    """Write a number of the vertical axis: 10⁻⁶, but 0.1 and 30."""
    exponent = round(log10(value))
    if -2 < exponent < 4 or not isclose(value, 10.0**exponent):
        return number(value)
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _draw(lines: Sequence[_Line], title: str, axes: Axes) -> None:
    """Draw curves against distance, with a logarithmic vertical axis."""
    handles, ends = [], []
    for label, curve, place, style in lines:
        distance = np.arange(len(curve))
        shown = (curve > 0) & (curve < _HIGHEST) & (distance > 0)
        colour, marker = theme_colour(f"line{place}"), MARKERS[place]
        every = (
            2 + 2 * place,
            max(len(curve) // 5, 1),
        )  # lines that coincide have different markers
        axes.plot(
            distance[shown],
            curve[shown],
            ls=style,
            color=colour,
            marker=marker,
            ms=3,
            markevery=every,
        )
        shape = marker if style == "-" else ""  # a marker would hide that a line is dashed
        handles.append(Line2D([], [], color=colour, ls=style, marker=shape, ms=3, label=label))
        ends += [curve[shown].min(), curve[shown].max()] if shown.any() else []
    if ends:
        axes.set(ylim=(max(min(ends) / 2, max(ends) * _DEEP), max(ends) * 3))
    axes.set(xlabel="distance δ", ylabel="")
    set_cost_scale(axes, "gradient")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _power(value)))
    axes.set_title(title)
    draw_legend(axes, handles, _COLUMNS)
