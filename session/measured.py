"""What was measured: the table, the machine and the settings, before laws are fitted to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ..analysis import read
from ..layers import Layer
from ..studies.claims import Record

#: Name of the file in which a run's folder keeps its measurements.
STORE = "measurements.sqlite"


@dataclass(frozen=True, eq=False, kw_only=True)
class Measured:
    """Tidy rows, and how they came about as far as that is known.

    Parameters
    ----------
    table
        Tidy rows, one per repeat; see `table.COLUMNS`.
    machine, settings
        The machine's fingerprint and how it was measured, as JSON holds them; empty where that is
        not known.
    claims
        Statements of the course text that were tested; None where none were.
    layers
        Layers of one's own, with what was derived of them, by name.
    """

    table: pd.DataFrame
    machine: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    claims: Record | None = None
    layers: Mapping[str, Layer] = field(default_factory=dict)


def read_measured(source: str | Path) -> Measured:
    """Read what `layerlaw run` left in a folder, as far as it went, or a table.

    Parameters
    ----------
    source
        A folder with a store, of which the run that was measured into last counts; or a file or
        folder that `analysis.fit` reads.

    Raises
    ------
    StoreError, TableError, ClaimsError
        If it cannot be read.
    """
    source = Path(source)
    if not (source / STORE).is_file():
        return Measured(table=read(source))
    from ..measure import Store  # loads SQLAlchemy

    with Store(source / STORE, readonly=True) as store:
        run = store.latest_run()
        settings = {**run.settings, "controls": store.controls(run)}
        table = store.table(run)
    return Measured(table=table, machine=run.machine, settings=settings, claims=Record.read(source))
