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

    For your own layers it first derives the theory by which sizes are chosen.

    Parameters
    ----------
    layers
        The name of a layer, several names, ``all`` for every registered one, or None for
        `layers.CORE`.
    profile
        How much to measure: ``quick``, ``standard`` or ``full``.
    store
        SQLite file that stores each measurement as it is made, so that the same call continues a
        stopped one. None measures without one.
    fresh
        Whether to measure again what the store has of this run.
    parts
        Whether to calibrate the machine and to time the parts of passes, which explain slopes and
        give a layer's share of the machine's peak.
    counts
        Whether to count FLOPs, parameters, sequential operations and path lengths.
    peaks
        Whether to measure the peak memory of passes.
    progress
        Called after each measurement of a pass.
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
        run_plan = plan(layers, profile=profile, **settings)  # type: ignore[arg-type]
        run = open_run(run_plan, stack.enter_context(Store(store)), fresh=fresh)
        with closing(execute(run)) as steps:
            for step in steps:
                if progress is not None:
                    progress(step)
        measure_auxiliary(run, Observer(), counts=counts, peaks=peaks, parts=parts)
        return run.table()
