"""A series: the points of one law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...measure import SECONDS
from ..expressions import Array
from .calibration import Calibration


@dataclass(frozen=True)
class Parts:
    """The timed parts of a series' passes, each (points,).

    Attributes
    ----------
    available
        Whether the parts were timed; where not, the others are NaN.
    flops, products
        FLOPs of the matrix products, and seconds of the products alone.
    others, calls
        Seconds of all other operations, and of the calls of all operations.
    """

    available: NDArray[np.bool_]
    flops: Array
    products: Array
    others: Array
    calls: Array

    def select(self, points: NDArray[np.intp]) -> Parts:
        """Return the parts at some points, given by their indices."""
        return Parts(*(getattr(self, each.name)[points] for each in fields(self)))


@dataclass(frozen=True)
class Series:
    """The points of one law.

    Attributes
    ----------
    layer, device, mode, metric
        What was measured.
    by
        Values of the other columns that vary in the table and so separate its laws.
    axes
        The sizes that vary.
    constants
        The sizes that do not vary, with their values.
    sizes, values
        (points, axes), and (points,) in the metric's unit.
    left_out
        Number of rows left out because their status is not ``ok``.
    processes
        (points, processes): the share of a point's repeats that each process measured, or each
        round where there are no processes; None where the table does not say.
    between_round_sd
        Relative standard deviation between a point's rounds, or processes, pooled over all points;
        None where each point has only one.
    parts
        The timed parts of its passes, where the table has them.
    checks
        Sizes and times of points that check crossings and are not fitted: (points, axes) and
        (points,).
    constant_columns
        Values of the other columns that do not vary in the table.
    calibration
        The machine's calibration, where the table has it.
    """

    layer: str
    device: str
    mode: str
    metric: str
    by: dict[str, Any]
    axes: tuple[str, ...]
    constants: dict[str, float]
    sizes: Array
    values: Array
    left_out: int = 0
    processes: Array | None = None
    between_round_sd: float | None = None
    parts: Parts | None = None
    checks: tuple[Array, Array] | None = None
    constant_columns: Mapping[str, Any] = field(default_factory=dict)
    calibration: Calibration | None = None

    @property
    def timed(self) -> bool:
        """Whether the values are times: only times can overlap, have regimes, and have noise."""
        return self.metric == SECONDS.name

    @property
    def conditions(self) -> dict[str, Any]:
        """Values of all columns that are not sizes, varying in the table or not."""
        return {**self.constant_columns, **self.by}

    def starting_at(self, axis: str, size: float) -> Series:
        """Return the points at and above a size of an axis."""
        return self.select(np.flatnonzero(self.sizes[:, self.axes.index(axis)] >= size))

    def select(self, points: NDArray[np.intp]) -> Series:
        """Return some points, given by their indices."""
        return replace(
            self,
            sizes=self.sizes[points],
            values=self.values[points],
            processes=None if self.processes is None else self.processes[points],
            parts=None if self.parts is None else self.parts.select(points),
        )

    def smallest(self, size: str) -> float | None:
        """Return the smallest value of a size, varying or not; None if the series lacks it."""
        if size in self.axes:
            return float(self.sizes[:, self.axes.index(size)].min())
        return self.constants.get(size)

    def __str__(self) -> str:
        other = [f"{column}={value}" for column, value in self.by.items()]
        return " ".join([self.layer, self.device, self.mode, self.metric, *other])
