"""A run in progress: its plan, and one cached view of its measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from ..cases import Measurement, tidy_table
from ..host import fingerprint, machine_id
from ..planning import Plan
from .store import Run, Store


class ActiveRun:
    """A run in progress; its measurements are read from the store once, and added to.

    Every function that measures takes one: it reads what was measured before, and stores each
    measurement as soon as it is made.

    Parameters
    ----------
    plan
        The plan of the run.
    store
        The store, which the caller closes.
    stored_run
        The run's record in the store.
    """

    def __init__(self, plan: Plan, store: Store, stored_run: Run) -> None:
        self.plan, self.stored_run = plan, stored_run
        self._store = store
        self._measurements = list(store.measurements(stored_run))

    @property
    def measurements(self) -> Sequence[Measurement]:
        """All measurements of the run so far, in the order in which they were made."""
        return self._measurements

    def with_metrics(self, *metrics: str) -> list[Measurement]:
        """Return the measurements of these metrics, in the order in which they were made."""
        return [one for one in self._measurements if one.metric in metrics]

    def add(self, *made: Measurement) -> None:
        """Store measurements, all or none; they are on disk once this returns."""
        self._store.add(self.stored_run, *made)
        self._measurements += map(_as_stored, made)

    def add_process(self, controls: Mapping[str, str]) -> int:
        """Register a process that measures, with its controls; return its number."""
        return self._store.add_process(self.stored_run, controls)

    @property
    def machine(self) -> Mapping[str, Any]:
        """Fingerprint of the machine, as JSON."""
        return self.stored_run.machine

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the plan, with the controls that were in force, as JSON."""
        return {**self.stored_run.settings, "controls": self._store.controls(self.stored_run)}

    def table(self) -> pd.DataFrame:
        """Return the tidy table of the measurements, one row per repeat; see `table.COLUMNS`."""
        return tidy_table(self._measurements, self.stored_run.machine_id)


def open_run(plan: Plan, store: Store, *, fresh: bool = False) -> ActiveRun:
    """Open the run of a plan on this machine, new or resumed; `fresh` deletes its measurements."""
    facts = fingerprint()
    stored_run = store.open_run(plan.settings(), machine_id(facts), facts)
    if fresh:
        store.delete_measurements(stored_run)
    return ActiveRun(plan, store, stored_run)


def _as_stored(one: Measurement) -> Measurement:
    """Return a measurement as it would be read from the store, which has no NaN."""
    return replace(one, values=tuple(float(value) for value in one.values if value == value))
