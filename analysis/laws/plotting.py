"""Draw a law with its points, for a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..expressions import Array
from .fitted import FittedLaw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .law import Law

_STEPS = 60
_EXTRAPOLATION = 2.0  # beyond the largest size
_POSITIONS = (0.0, 0.5, 1.0)  # among the other sizes' combinations: the lines that are drawn


def plot(law: Law, unit: str = "") -> Figure:
    """Draw a law along each of its sizes, with the 95 % interval of a measurement and the points.

    Each size has a panel, with lines at the smallest, a middle and the largest measured values of
    the other sizes. Both axes are logarithmic, so that a power is a straight line.

    Parameters
    ----------
    law
        The law.
    unit
        Label of the value axis.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.5 * len(law.axes), 3.6), layout="constrained")
    panels = figure.subplots(1, len(law.axes), squeeze=False)[0]
    for at, (panel, axis) in enumerate(zip(panels, law.axes, strict=True)):
        others = np.unique(np.delete(law.sizes, at, axis=1), axis=0)
        chosen = {round(position * (len(others) - 1)) for position in _POSITIONS}
        for number, which in enumerate(sorted(chosen)):
            _draw(law, panel, at, others[which], f"C{number}")
        panel.set(xscale="log", yscale="log", xlabel=axis, ylabel=unit if not at else "")
        if len(law.axes) > 1:
            panel.legend(fontsize="small")
    return figure


def _draw(law: Law, panel: Axes, at: int, others: Array, colour: str) -> None:
    """Draw one line, its interval and its points."""
    here = (np.delete(law.sizes, at, axis=1) == others).all(axis=1)
    measured = law.sizes[here, at]
    along = np.geomspace(measured.min(), _EXTRAPOLATION * measured.max(), _STEPS)
    sizes = np.insert(np.tile(others, (_STEPS, 1)), at, along, axis=1)
    names = [axis for axis in law.axes if axis != law.axes[at]]
    label = ", ".join(f"{name} = {size:g}" for name, size in zip(names, others, strict=True))
    panel.plot(along, law.predict(sizes), color=colour, label=label or None)
    if isinstance(law, FittedLaw) and law.has_intervals:
        _, low, high = law.predict(sizes, interval=0.95)
        panel.fill_between(along, low, high, color=colour, alpha=0.2, linewidth=0)
    panel.plot(measured, law.values[here], "o", color=colour, markersize=4)
