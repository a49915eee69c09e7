"""A run under way: its plan, and one view of what was measured of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from ..cases import Measurement, tidy
from ..host import fingerprint, machine_id
from ..planning import Plan
from .store import Run, Store


class ActiveRun:
    """A run into which is measured: what the store has of it is read once, and added to.

    All that measures takes one: it sees what was measured before, and keeps each measurement in
    the store as soon as it is made.

    Parameters
    ----------
    plan
        What is to be measured.
    store
        What keeps it; it is the caller's to close.
    stored_run
        The run as it stands in the store.
    """

    def __init__(self, plan: Plan, store: Store, stored_run: Run) -> None:
        self.plan, self.stored_run = plan, stored_run
        self._store = store
        self._measurements = list(store.measurements(stored_run))

    @property
    def measurements(self) -> Sequence[Measurement]:
        """All that was measured of the run so far, in the order in which it was made."""
        return self._measurements

    def with_metrics(self, *metrics: str) -> list[Measurement]:
        """Give the measurements of some metrics, in the order in which they were made."""
        return [one for one in self._measurements if one.metric in metrics]

    def add(self, *made: Measurement) -> None:
        """Keep measurements, all of them or none: they are safe once this returns."""
        self._store.add(self.stored_run, *made)
        self._measurements += map(_as_stored, made)

    def add_process(self, controls: Mapping[str, str]) -> int:
        """File a process that measures, with the controls in force; return its number."""
        return self._store.add_process(self.stored_run, controls)

    @property
    def machine(self) -> Mapping[str, Any]:
        """Fingerprint of the machine, as JSON holds it."""
        return self.stored_run.machine

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the plan, and what the controls did, as JSON holds them."""
        return {**self.stored_run.settings, "controls": self._store.controls(self.stored_run)}

    def table(self) -> pd.DataFrame:
        """Give the tidy table of what was measured, one row per repeat; see `table.COLUMNS`."""
        return tidy(self._measurements, self.stored_run.machine_id)


def open_run(plan: Plan, store: Store, *, fresh: bool = False) -> ActiveRun:
    """Find or file the run of a plan on this machine; `fresh` deletes what it has measured."""
    facts = fingerprint()
    stored_run = store.open_run(plan.settings(), machine_id(facts), facts)
    if fresh:
        store.clear(stored_run)
    return ActiveRun(plan, store, stored_run)


def _as_stored(one: Measurement) -> Measurement:
    """Give a measurement as it would be read from the store, which holds no NaN."""
    return replace(one, values=tuple(float(value) for value in one.values if value == value))
