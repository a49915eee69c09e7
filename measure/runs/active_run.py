"""A run in progress: its plan, what of it is measured, and its table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..cases import Case, Measurement, tidy_table
from ..host import fingerprint, machine_id
from ..planning import Plan
from .reading import CaseCount
from .store import Run, Store


class ActiveRun:
    """A run in progress: what was measured is counted once, and its table is built once.

    Every function that measures takes one: it asks for what was measured before, and stores each
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
        self._counts: dict[tuple[Case, str, str], CaseCount] = {}
        for one in store.counts(stored_run):
            self._count(one)
        self._table: pd.DataFrame | None = None
        self._not_in_table: list[Measurement] = []

    @property
    def measurements(self) -> list[Measurement]:
        """All measurements of the run so far, in the order in which they were made."""
        return list(self._store.measurements(self.stored_run))

    def with_metrics(self, *metrics: str) -> list[Measurement]:
        """Return the measurements of these metrics, in the order in which they were made."""
        if not any(one.metric in metrics for one in self._counts.values()):
            return []
        return list(self._store.measurements(self.stored_run, *metrics))

    def counts(self, *metrics: str) -> list[CaseCount]:
        """Return how many measurements of these metrics each case has, by status."""
        return [one for one in self._counts.values() if one.metric in metrics]

    def cases(self, *metrics: str) -> set[Case]:
        """Return the cases that have measurements of these metrics, failed or not."""
        return {one.case for one in self.counts(*metrics)}

    @property
    def has_values(self) -> bool:
        """Whether anything was measured: a measurement has the status ``ok``."""
        return any(one.status == "ok" for one in self._counts.values())

    def failures(self, metric: str) -> list[Measurement]:
        """Return the measurements of a metric whose status is not ``ok``."""
        if all(one.status == "ok" for one in self.counts(metric)):
            return []
        return self._store.failures(self.stored_run, metric)

    def add(self, *made: Measurement) -> None:
        """Store measurements, all or none; they are on disk once this returns."""
        self._store.add(self.stored_run, *made)
        for one in made:
            self._count(CaseCount(one.case, one.metric, one.status, 1, one.round))
        if self._table is not None:
            self._not_in_table += made

    def _count(self, more: CaseCount) -> None:
        """Add to the counts."""
        key = more.case, more.metric, more.status
        known = self._counts.get(key)
        self._counts[key] = more if known is None else known + more

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
        """Return the tidy table of the measurements, one row per repeat; see `table.COLUMNS`.

        The table is built once; measurements that are made later are added to it.
        """
        if self._table is None:
            self._table = self._store.table(self.stored_run)
        if self._not_in_table:
            more = tidy_table(self._not_in_table, self.stored_run.machine_id)
            if list(more.columns) == list(self._table.columns):
                self._table = pd.concat([self._table, more], ignore_index=True)
            else:  # they have sizes of their own
                self._table = self._store.table(self.stored_run)
            self._not_in_table = []
        return self._table


def open_run(plan: Plan, store: Store, *, fresh: bool = False) -> ActiveRun:
    """Open the run of a plan on this machine, new or resumed; `fresh` deletes its measurements."""
    facts = fingerprint()
    stored_run = store.open_run(plan.settings(), machine_id(facts), facts)
    if fresh:
        store.delete_measurements(stored_run)
    return ActiveRun(plan, store, stored_run)
