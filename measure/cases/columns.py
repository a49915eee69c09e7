"""Many measurements in columns of numbers, which take a hundredth of the memory of objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from .case import Case, Measurement, Status

Integers = NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Coded(Generic[T]):
    """A column of few distinct values: the values, and the index of one for each row."""

    distinct: Sequence[T]
    codes: Integers

    @classmethod
    def of(cls, values: Iterable[Any]) -> Self:
        """Code hashable values, in the order in which they first occur.

        >>> Coded.of(["b", "a", "b"]).distinct
        ['b', 'a']
        """
        known: dict[Any, int] = {}
        codes = np.array([known.setdefault(value, len(known)) for value in values], dtype=np.int64)
        return cls(list(known), codes)

    def __iter__(self) -> Iterator[T]:
        return (self.distinct[code] for code in self.codes.tolist())

    def take(self, rows: Integers) -> Coded[T]:
        """Return the column of some rows, each by its index."""
        return Coded(self.distinct, self.codes[rows])


@dataclass(frozen=True, eq=False)
class MeasurementColumns:
    """Measurements in columns; entry i of each but `values` belongs to measurement i.

    Attributes
    ----------
    cases, metrics, statuses, notes
        Fields of the measurements; see `Measurement`.
    processes, rounds
        The same, (measurements,).
    counts
        Number of values of each, (measurements,).
    values
        The values of all, one measurement after another, (sum of counts,).
    """

    cases: Coded[Case]
    metrics: Coded[str]
    statuses: Coded[Status]
    notes: Coded[str]
    processes: Integers
    rounds: Integers
    counts: Integers
    values: NDArray[np.float64]

    @classmethod
    def of(cls, measurements: Iterable[Measurement]) -> Self:
        """Return the columns of measurements."""
        made = list(measurements)
        return cls(
            cases=Coded.of(one.case for one in made),
            metrics=Coded.of(one.metric for one in made),
            statuses=Coded.of(one.status for one in made),
            notes=Coded.of(one.note for one in made),
            processes=np.array([one.process for one in made], dtype=np.int64),
            rounds=np.array([one.round for one in made], dtype=np.int64),
            counts=np.array([len(one.values) for one in made], dtype=np.int64),
            values=np.array([value for one in made for value in one.values], dtype=float),
        )

    def __len__(self) -> int:
        return len(self.counts)

    def __iter__(self) -> Iterator[Measurement]:
        ends = np.cumsum(self.counts).tolist()
        columns = zip(
            self.cases,
            self.processes.tolist(),
            self.rounds.tolist(),
            [0, *ends],
            ends,
            self.statuses,
            self.notes,
            self.metrics,
            strict=False,  # one start more than there are measurements
        )
        for case, process, round, start, end, status, note, metric in columns:
            values = tuple(self.values[start:end].tolist())
            yield Measurement(case, process, round, values, status, note, metric)
