"""What is known of a file of published measurements besides its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, log10

import numpy as np

from ...analysis import Array, metric_title
from ...measure import SECONDS

#: What modes are called for a reader, unless a source says otherwise.
MODES = {
    "training": "forward and backward",
    "backward_inputs": "gradient of inputs",
    "backward_weights": "gradient of weights",
}


@dataclass(frozen=True)
class Order:
    """A leading order, as SymPy reads it, and who gives it."""

    expression: str
    whose: str


@dataclass(frozen=True)
class Digit:
    """The last digit that a table prints.

    Attributes
    ----------
    unit
        One of it, in the printed unit.
    name, scale
        The printed unit, and how much of the metric's unit, or of its inverse, it is.
    rate
        Whether the table prints the inverse, such as steps per second.
    """

    unit: float
    name: str
    scale: float = 1.0
    rate: bool = False

    def half(self, values: Array) -> Array:
        """How far rounding may have moved each value, (points,), in the metric's unit."""
        slope = values**2 if self.rate else np.ones(len(values))
        return self.unit * self.scale / 2 * slope

    def printed(self, value: float) -> str:
        """Write a value in the metric's unit as the table prints it."""
        decimals = max(ceil(-log10(self.unit)), 0)
        return f"{(1 / value if self.rate else value) / self.scale:.{decimals}f} {self.name}"

    def __str__(self) -> str:
        return f"{self.unit:g} {self.name}"


@dataclass(frozen=True)
class StatedCrossing:
    """A crossing that a source states: from `low` to `high` on, `cheaper` costs less."""

    text: str
    whose: str
    cheaper: str
    dearer: str
    mode: str
    low: float
    high: float


@dataclass(frozen=True)
class Reading:
    """Another transcription of a printed value, which differs from the table's."""

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
        What stands above it.
    mode, metric
        Which laws it shows.
    layers
        Those that it shows; all, if empty. A law of several sizes has a curve for each value of
        the size that is neither drawn along nor fixed.
    axis, fixed
        The size along which it is drawn, and the sizes that are fixed.
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
        The table, and the name of its figure.
    title, citation, hardware, precision
        For the reader.
    notes
        What to know before believing it, a sentence or two each.
    orders
        Theory's order by layer and metric; a layer that is not here has none.
    digits
        The last printed digit of each metric.
    panels
        Its figure.
    names, modes
        What layers and modes are called for a reader.
    axes
        By layer, columns that are sizes as well.
    only
        By layer, the rows that make up its law, by a column's value: the others are single points.
    statements, readings
        What the source states of crossings, and values that were transcribed otherwise too.
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
    only: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    statements: Sequence[StatedCrossing] = ()
    readings: Sequence[Reading] = ()

    @property
    def image(self) -> str:
        """Where its figure lies, from the page."""
        return f"images/published-{self.slug}.svg"

    def name(self, layer: str) -> str:
        """Give what the source calls a layer."""
        return self.names.get(layer, layer)

    def of(self, mode: str, metric: str) -> str:
        """Say what was measured: ``time, forward``."""
        return f"{metric_title(metric)}, {self.modes.get(mode, mode)}"
