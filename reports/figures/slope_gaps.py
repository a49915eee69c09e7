"""The figure of slope gaps: the causes that raise or lower a slope compared with theory's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from ...analysis import CAUSES, FLOOR, Fit
from ..content import Figure, labelled_gaps
from .axes import label_width, shorten_label
from .theme import draw_legend, render_panel, theme_colour

_LEGEND_COLUMNS = 2


class Gaps(NamedTuple):
    """Slope gaps along one size over all laws.

    Attributes
    ----------
    axis
        The size.
    rows
        Columns label, slope, theory and the causes.
    """

    axis: str
    rows: pd.DataFrame


def gaps_info(fits: Sequence[Fit]) -> list[Gaps]:
    """Collect the slope gaps of all laws whose operations were timed, by axis."""
    rows = [{"label": label, **asdict(gap)} for label, gap in labelled_gaps(fits)]
    axes = dict.fromkeys(str(row["axis"]) for row in rows)
    frame = pd.DataFrame(rows)
    return [Gaps(axis, frame[frame["axis"] == axis].reset_index(drop=True)) for axis in axes]


def slope_gaps_figure(fits: Sequence[Fit]) -> Figure | None:
    """Draw why slopes differ from theory's, by axis; None if no operations were timed."""
    infos = gaps_info(fits)
    if not infos:
        return None
    panels = [
        partial(
            render_panel,
            partial(_draw, info),
            plot=0.2 * max(len(info.rows), 3),
            label=_alt_text(info),
            left=label_width(info.rows["label"]),
            legend=math.ceil(len(CAUSES) / _LEGEND_COLUMNS),
        )
        for info in infos
    ]
    return Figure(
        panels,
        "What raises the mean local slope of a layer (to the right) and what lowers it (to the "
        "left); the vertical mark is the sum, the measured slope minus theory's.",
    )


def _draw(info: Gaps, axes: Axes) -> None:
    """Draw the causes of each layer's slope gap as bars end to end."""
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
    axes.set_yticks(y, [shorten_label(label) for label in info.rows["label"]])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.set_title(f"slope in {info.axis}, minus theory's")
    draw_legend(axes, handles, _LEGEND_COLUMNS)


def _alt_text(info: Gaps) -> str:
    gap, causes = info.rows["slope"] - info.rows["theory"], info.rows[list(CAUSES)]
    parts = [
        f"{label} {whole:+.2f}, most of it {CAUSES[str(cause)]}"
        for label, whole, cause in zip(
            info.rows["label"], gap, causes.abs().idxmax(axis="columns"), strict=True
        )
    ]
    return f"Local slope in {info.axis}, minus theory's: {'; '.join(parts)}."
