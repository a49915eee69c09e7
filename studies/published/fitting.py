"""Fitting the published tables, with theory's order where there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...analysis import (
    KEYS,
    Fit,
    TableError,
    check_table,
    fit_series,
    parse,
    read_csv,
    split_series,
)
from ...measure import SIZES
from ...messages import listed
from .source import Source
from .sources import SOURCES


@dataclass(frozen=True)
class FittedSource:
    """A source with its laws."""

    source: Source
    fits: Sequence[Fit]

    def name(self, fit: Fit) -> str:
        """Return the source's name of a law's layer."""
        return self.source.name(fit.series.layer)

    def cost_title(self, fit: Fit) -> str:
        """Return metric and mode of a law as text: ``time, forward``."""
        return self.source.cost_title(fit.series.mode, fit.series.metric)


def fit_sources(
    folder: Path, progress: Callable[[int, int, object], None] | None = None
) -> list[FittedSource]:
    """Read a folder of published tables and fit every law, with theory's order where there is one.

    Raises
    ------
    TableError
        If a file is missing or cannot be used.
    """
    found = []
    for done, source in enumerate(SOURCES):
        if progress is not None:
            progress(done, len(SOURCES), source.title)
        found.append(FittedSource(source, list(_fits(folder / source.file, source))))
    return found


def _fits(path: Path, source: Source) -> Iterator[Fit]:
    whole = read_csv(path)
    needed = ("layer", "mode", "metric", *(column for column, _ in source.row_filters.values()))
    if missing := [column for column in needed if column not in whole.columns]:
        has = listed(map(repr, whole.columns))
        raise TableError(f"{path}: row 1: there is no column {missing[0]!r}; it has {has}")
    for layer, mode, metric in dict.fromkeys(
        whole[["layer", "mode", "metric"]].itertuples(index=False, name=None)
    ):
        own = (whole["layer"] == layer) & (whole["mode"] == mode) & (whole["metric"] == metric)
        rows = whole[own]
        if layer in source.row_filters:
            column, value = source.row_filters[layer]
            rows = rows[rows[column] == value]
        axes = tuple(source.axes.get(layer, ()))
        columns = [c for c in (*KEYS, *SIZES, *axes, "value") if c in rows.columns]
        frame = check_table(rows[columns], str(path), axes)
        order = source.orders.get((layer, metric))
        theory = parse(order.expression, axes) if order else None
        for series in split_series(frame, str(path), axes):
            yield fit_series(series, theory)
