"""Description of a file of published measurements: its source, units, orders and figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, log10

import numpy as np

from ...analysis import Array, metric_title
from ...measure import SECONDS

#: Titles of modes, unless a source has its own.
MODES = {
    "training": "forward and backward",
    "backward_inputs": "gradient of inputs",
    "backward_weights": "gradient of weights",
}


@dataclass(frozen=True)
class Order:
    """A leading order, in SymPy's syntax, and the reference for it."""

    expression: str
    reference: str


@dataclass(frozen=True)
class Digit:
    """The last digit that a table prints.

    Attributes
    ----------
    unit
        Its value in the printed unit, such as 0.01.
    name, scale
        The printed unit, and its size in the metric's unit, or in the inverse of that.
    rate
        Whether the table prints the inverse, such as steps per second.
    """

    unit: float
    name: str
    scale: float = 1.0
    rate: bool = False

    def rounding_error(self, values: Array) -> Array:
        """Return the largest rounding error of each value, (points,), in the metric's unit."""
        slope = values**2 if self.rate else np.ones(len(values))
        return self.unit * self.scale / 2 * slope

    def write(self, value: float) -> str:
        """Write a value in the metric's unit as the table prints it."""
        decimals = max(ceil(-log10(self.unit)), 0)
        return f"{(1 / value if self.rate else value) / self.scale:.{decimals}f} {self.name}"

    def __str__(self) -> str:
        return f"{self.unit:g} {self.name}"


@dataclass(frozen=True)
class StatedCrossing:
    """A crossing that a source states: from an n in `low` to `high` on, `cheaper` costs less."""

    text: str
    reference: str
    cheaper: str
    dearer: str
    mode: str
    low: float
    high: float


@dataclass(frozen=True)
class Transcription:
    """Another transcription of a printed value, different from the table's."""

    layer: str
    mode: str
    n: float
    value: float


@dataclass(frozen=True)
class Panel:
    """A panel of a source's figure.

    Attributes
    ----------
    title
        Its title.
    mode, metric
        Mode and metric of the laws that it shows.
    layers
        Layers that it shows; empty for all. A law of several sizes has a curve for each value of
        the size that is neither the axis nor fixed.
    axis, fixed
        The size on the horizontal axis, and the values of fixed sizes.
    """

    title: str
    mode: str
    metric: str = SECONDS.name
    layers: tuple[str, ...] = ()
    axis: str = "n"
    fixed: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """A file of published measurements.

    Attributes
    ----------
    file, slug
        File name of the table, and the part of the figure's file name that is its own.
    title, citation, hardware, precision
        Texts for the page.
    notes
        Limits of the measurements, a sentence or two each.
    orders
        Theory's order by layer and metric; other layers have none.
    digits
        The last printed digit of each metric.
    panels
        Panels of the figure.
    names, modes
        Titles of layers and of modes.
    axes
        By layer, further columns that are sizes.
    row_filters
        By layer, a column and its value in the rows that are fitted; other rows are left out.
    statements, transcriptions
        Crossings that the source states, and other transcriptions of its values.
    """

    file: str
    slug: str
    title: str
    citation: str
    hardware: str
    precision: str
    notes: Sequence[str]
    orders: Mapping[tuple[str, str], Order]
    digits: Mapping[str, Digit]
    panels: Sequence[Panel]
    names: Mapping[str, str]
    modes: Mapping[str, str] = field(default_factory=lambda: MODES)
    axes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    row_filters: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    statements: Sequence[StatedCrossing] = ()
    transcriptions: Sequence[Transcription] = ()

    @property
    def image(self) -> str:
        """Path of the figure, relative to the page."""
        return f"images/published-{self.slug}.svg"

    def name(self, layer: str) -> str:
        """Return the source's name of a layer."""
        return self.names.get(layer, layer)

    def cost_title(self, mode: str, metric: str) -> str:
        """Return metric and mode as text: ``time, forward``."""
        return f"{metric_title(metric)}, {self.modes.get(mode, mode)}"
