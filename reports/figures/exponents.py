"""The figure of exponents: a forest plot for each axis, with theory's value and the margin."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ...analysis import Fit, number
from ..content import Figure, law_labels
from .axes import label_width, shorten_label
from .theme import render_panel, theme_colour

_VERDICT_MARKERS = {"matches": "o", "differs": "X", "unresolved": "^", "none": "s"}
_FARTHEST = 1.2  # a panel ends this far beyond theory's extreme exponents


class Exponents(NamedTuple):
    """Exponents of one axis over all laws.

    Attributes
    ----------
    axis
        The size.
    rows
        Columns label, estimate, low, high, expected (NaN without theory), verdict.
    """

    axis: str
    rows: pd.DataFrame


def exponents_info(fits: Sequence[Fit]) -> list[Exponents]:
    """Collect the exponents of all laws, by axis."""
    rows = [
        {
            "axis": exponent.axis,
            "label": label,
            "estimate": exponent.estimate,
            "low": exponent.low,
            "high": exponent.high,
            "expected": fit.theory.degree(exponent.axis)
            if fit.theory is not None and exponent.axis in fit.exponents
            else np.nan,
            "verdict": fit.exponents[exponent.axis].verdict.value
            if exponent.axis in fit.exponents
            else "none",
        }
        for fit, label in zip(fits, law_labels(fits), strict=True)
        for exponent in (fit.law.exponents if fit.law else ())
    ]
    axes = dict.fromkeys(str(row["axis"]) for row in rows)
    frame = pd.DataFrame(rows)
    return [
        Exponents(axis, frame[frame["axis"] == axis].drop(columns="axis").reset_index(drop=True))
        for axis in axes
    ]


def exponents_figure(fits: Sequence[Fit], margin: float) -> Figure | None:
    """Draw all exponents with theory's; None if no law was fitted."""
    infos = exponents_info(fits)
    if not infos:
        return None
    panels = [
        partial(
            render_panel,
            partial(_draw, info, margin),
            plot=0.2 * len(info.rows),
            label=_alt_text(info),
            left=label_width(info.rows["label"]),
        )
        for info in infos
    ]
    return Figure(
        panels,
        f"Exponents with their 95 % intervals; the vertical line is theory's exponent and the band "
        f"the margin of ±{number(margin)}. Disc: matches. Cross: differs. Triangle: unresolved. "
        "Square: no theory.",
    )


def _draw(info: Exponents, margin: float, axes: Axes) -> None:
    """Draw a forest plot: estimates, intervals, theory's value and its margin."""
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
        if not low <= estimate <= high:  # outside the panel: write its value at the edge
            edge, side = (high, "right") if estimate > high else (low, "left")
            text = f"{estimate:.2f} →" if estimate > high else f"← {estimate:.2f}"
            axes.annotate(text, (edge, at), ha=side, va="center", fontsize="small")
    axes.set(xlim=(low, high), ylim=(len(rows) - 0.5, -0.5))
    axes.set_yticks(y, [shorten_label(label) for label in rows["label"]])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.set_title(f"exponent in {info.axis}")


def _alt_text(info: Exponents) -> str:
    parts = [
        f"{row.label} {row.estimate:.2f} [{row.low:.2f}, {row.high:.2f}]"
        + (f" {row.verdict}, theory {row.expected:g}" if row.verdict != "none" else "")
        for row in info.rows.itertuples()
    ]
    return f"exponents in {info.axis}: {'; '.join(parts)}"
