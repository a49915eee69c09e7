"""Estimates with their intervals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from ..expressions import Array
from ..formatting import number

#: One number, or one for each point.
T = TypeVar("T", float, Array)


@dataclass(frozen=True)
class Estimate(Generic[T]):
    """An estimate with its interval, at 95 % by default.

    Attributes
    ----------
    estimate
        The estimate: a number, or an array of one for each point.
    low, high
        Ends of the interval, of the same shape.

    Examples
    --------
    >>> print(Estimate(0.512, 0.498, 0.526))
    0.512 [0.498, 0.526]
    >>> estimate, low, high = Estimate(0.512, 0.498, 0.526)
    """

    estimate: T
    low: T
    high: T

    def __iter__(self) -> Iterator[T]:
        return iter((self.estimate, self.low, self.high))

    def __str__(self) -> str:
        if np.ndim(self.estimate):
            return repr(self)
        estimate, low, high = (number(float(each)) for each in self)
        return f"{estimate} [{low}, {high}]"


@dataclass(frozen=True)
class Exponent(Estimate[float]):
    """The exponent of a size with its interval; low equals high where it is exact.

    >>> print(Exponent(1.98, 1.95, 2.01, axis="n"), Exponent(2.0, 2.0, 2.0, axis="d"), sep="; ")
    n 1.98 [1.95, 2.01]; d 2
    """

    axis: str

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.axis} {self.estimate:g}"
        return f"{self.axis} {self.estimate:.2f} [{self.low:.2f}, {self.high:.2f}]"
