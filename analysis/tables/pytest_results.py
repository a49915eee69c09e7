"""Read the JSON of pytest-benchmark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from ...measure import SECONDS, as_record
from .benchmark_rows import Row, benchmark_row, repeats, rows_table
from .parameters import parameter
from .table_error import TableError


class Stats(msgspec.Struct):
    """The times of one benchmark: those of all rounds, where they were saved, and their median."""

    data: list[float] | None = None
    median: float | None = None


class Benchmark(msgspec.Struct):
    """One benchmark; `fullname` has file and class as well."""

    name: str
    fullname: str | None = None
    params: dict[str, Any] | None = None
    extra_info: dict[str, Any] | None = None
    stats: Stats | None = None

    @property
    def places(self) -> tuple[str, ...]:
        """File, class and function, as far as they are known; without the parameters."""
        function = self.name.partition("[")[0]
        before = (self.fullname or "").removesuffix(self.name)
        return (*filter(None, before.split("::")), function)


class Results(msgspec.Struct):
    """A file of pytest-benchmark."""

    machine_info: dict[str, Any]
    benchmarks: list[Benchmark]


def read_pytest_file(path: Path, content: Mapping[str, Any]) -> pd.DataFrame:
    """Read the content of a file of pytest-benchmark.

    Raises
    ------
    TableError
        If it is not in its format, or no benchmark has a size.
    """
    return rows_table(_rows(path, as_record(content, Results, str(path), TableError)), path)


def _rows(path: Path, results: Results) -> Iterator[Row]:
    machine = parameter(results.machine_info.get("node"))
    names = short_names([benchmark.places for benchmark in results.benchmarks])
    for benchmark, name in zip(results.benchmarks, names, strict=True):
        stats = benchmark.stats or Stats()
        given = {**(benchmark.extra_info or {}), **(benchmark.params or {})}
        parameters = {key: parameter(value) for key, value in given.items()}
        if (row := benchmark_row(parameters, name, path)) is not None:
            row |= {"metric": SECONDS.name, "machine": machine}
            yield from repeats(row, stats.data or [stats.median], path)


def short_names(places: Sequence[tuple[str, ...]]) -> list[str]:
    """Name benchmarks by their functions, with class and file where functions share a name.

    >>> short_names([("a.py", "A", "test"), ("a.py", "B", "test"), ("a.py", "A", "other")])
    ['A::test', 'B::test', 'other']
    """
    different = set(places)

    def name(place: tuple[str, ...], length: int) -> str:
        # Functions of one name are all written at the same length.
        same = [other for other in different if other[-1] == place[-1]]
        longest = max(map(len, same))
        while length < longest and max(Counter(o[-length:] for o in same).values()) > 1:
            length += 1
        return "::".join(place[-length:])

    names = {place: name(place, 1) for place in different}
    return [names[place] for place in places]
