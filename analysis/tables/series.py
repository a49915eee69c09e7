"""A series: the points of one law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...measure import SECONDS
from ..expressions import Array
from .calibration import Calibration


@dataclass(frozen=True)
class Parts:
    """What the passes of a series consist of, each (points,).

    Attributes
    ----------
    known
        Whether it was measured; where not, the others are NaN.
    flops, products
        FLOPs of the products, and seconds that they take alone.
    others, calls
        Seconds of the other operations, and of calling all of them.
    """

    known: NDArray[np.bool_]
    flops: Array
    products: Array
    others: Array
    calls: Array


@dataclass(frozen=True)
class Series:
    """The points of one law.

    Attributes
    ----------
    layer, device, mode, metric
        What was measured.
    by
        Other columns that vary in the table and so separate its laws, with their values here.
    axes
        The sizes that vary.
    constants
        The sizes that do not.
    sizes, values
        (points, axes), and (points,) in the metric's unit.
    left_out
        Rows that were left out because their status is not ``ok``.
    processes
        (points, processes): which share of a point's repeats each process measured, or each round
        where there are no processes; None where the table does not say.
    between_round_sd
        What a point's processes, or rounds, differ by: the relative standard deviation of their
        values, over all points; None where each point has one.
    parts
        What its passes consist of, where the table has it.
    checks
        Sizes and times of further points, to which no law is fitted: (points, axes), (points,).
    same
        Other columns that do not vary in the table, with their values.
    calibration
        What the machine can do at its best, where the table has it.
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
    same: Mapping[str, Any] = field(default_factory=dict)
    calibration: Calibration | None = None

    @property
    def timed(self) -> bool:
        """Whether these are times: only such costs can overlap, change regimes, and err."""
        return self.metric == SECONDS.name

    @property
    def conditions(self) -> dict[str, Any]:
        """Columns that are no sizes, with their values here, whether they vary in the table."""
        return {**self.same, **self.by}

    def since(self, axis: str, size: float) -> Series:
        """Give the points from a size of an axis on, of what is not timed."""
        kept = self.sizes[:, self.axes.index(axis)] >= size
        processes = None if self.processes is None else self.processes[kept]
        return replace(self, sizes=self.sizes[kept], values=self.values[kept], processes=processes)

    def __str__(self) -> str:
        other = [f"{column}={value}" for column, value in self.by.items()]
        return " ".join([self.layer, self.device, self.mode, self.metric, *other])
