"""The measurements of a run, before laws are fitted: table, machine, settings, claims, layers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ..analysis import read
from ..layers import Layer
from ..measure import FILE_LIMIT
from ..studies.claims import Record

#: Name of the SQLite file in a run's folder that stores its measurements.
STORE = "measurements.sqlite"


@dataclass(frozen=True, eq=False, kw_only=True)
class Measurements:
    """A tidy table, with the machine and the settings that it was measured with.

    Parameters
    ----------
    table
        Tidy rows, one per repeat; see `table.COLUMNS`.
    machine, settings
        The machine's fingerprint and the settings of the run, as JSON values; empty where they are
        unknown.
    claims
        The statements of the course text that were tested; None where none were.
    layers
        The user's own layers by name, with their derived theory.
    """

    table: pd.DataFrame
    machine: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    claims: Record | None = None
    layers: Mapping[str, Layer] = field(default_factory=dict)


def read_measurements(source: str | Path, file_limit: float = FILE_LIMIT) -> Measurements:
    """Read the folder of a run, finished or not, or a table.

    Parameters
    ----------
    source
        A folder with a store, of which the latest run is read; or a file or folder that
        `analysis.fit` reads.
    file_limit
        Largest size of a file of a table in MiB.

    Raises
    ------
    StoreError, TableError, ClaimsError
        If it cannot be read.
    """
    source = Path(source)
    # Of what is no file, the store says so; Path.exists would raise where the folder is locked.
    if not os.path.exists(source / STORE):
        return Measurements(table=read(source, file_limit))
    from ..measure import Store  # loads SQLAlchemy

    with Store(source / STORE, readonly=True) as store:
        run = store.latest_run()
        settings = {**run.settings, "controls": store.controls(run)}
        table = store.table(run)
    return Measurements(
        table=table, machine=run.machine, settings=settings, claims=Record.read(source)
    )
