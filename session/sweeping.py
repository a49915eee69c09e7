"""Measure layers into a table, without fitting anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import pandas as pd

from ..experiments import derive_missing
from ..layers import override_layers, select_layers
from ..measure import (
    Progress,
    Store,
    execute,
    open_run,
    plan,
)
from .auxiliary import measure_auxiliary
from .observer import Observer


def sweep(
    layers: str | Sequence[str] | None = None,
    *,
    profile: str = "standard",
    store: str | Path | None = None,
    fresh: bool = False,
    parts: bool = False,
    counts: bool = False,
    peaks: bool = False,
    progress: Callable[[Progress], object] | None = None,
    **settings: object,
) -> pd.DataFrame:
    """Measure layers over the grid of a profile.

    What sizes are chosen by is derived of layers of one's own first.

    Parameters
    ----------
    layers
        A layer's name, several, ``all`` that are registered, or None for `layers.CORE`.
    profile
        How much is measured: ``quick``, ``standard`` or ``full``.
    store
        File that keeps each measurement as it is done; the same call goes on where it was.
        None measures without one.
    fresh
        Begin anew, whatever the store has of this run.
    parts
        Whether to measure what passes consist of too, and what the machine can do at its best:
        they explain slopes, and tell a layer's share of it.
    counts, peaks
        Whether to count FLOPs, parameters, sequential operations and path lengths, and to measure
        the peak memory of passes.
    progress
        Called after each measurement.
    settings
        Further arguments of `plan`: `device`, `batch`, `dtype`, `threads`, `mode`, `options`,
        `rounds`, `repeats`, `seed`, `raw`.

    Returns
    -------
    pandas.DataFrame
        The tidy table, one row per repeat, seconds per pass; see `table.COLUMNS`.

    Raises
    ------
    KeyError, ValueError, DeviceUnavailable
        As `plan` does.
    StoreError
        If the store cannot be used.

    Examples
    --------
    >>> import layerlaw
    >>> table = layerlaw.sweep("attention", profile="quick")  # doctest: +SKIP
    >>> layerlaw.fit(table)  # doctest: +SKIP
    """
    derived = derive_missing(select_layers(layers))
    with ExitStack() as stack:
        stack.enter_context(
            override_layers({name: one.sizing_layer for name, one in derived.items()})
        )
        todo = plan(layers, profile=profile, **settings)  # type: ignore[arg-type]
        run = open_run(todo, stack.enter_context(Store(store)), fresh=fresh)
        with closing(execute(run)) as steps:
            for step in steps:
                if progress is not None:
                    progress(step)
        measure_auxiliary(run, Observer(), counts=counts, peaks=peaks, parts=parts)
        return run.table()
