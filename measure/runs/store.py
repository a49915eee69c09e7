"""The store: an SQLite file to which every measurement is written as soon as it is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection, delete, func, insert, select

from ..cases import SECONDS, Measurement, MeasurementColumns, tidy_table
from ..files import as_record
from ..host import digest
from ..workers import Closeable
from .database import Database, StoreError
from .reading import CaseCount, count_cases, read_columns
from .records import MachineRecord, SettingsRecord
from .schema import APPLICATION, SCHEMA, measurements, processes, repeats, runs, tables

# Built once, for thousands of measurements. The first returns the ids of the new rows.
_MEASUREMENT = insert(measurements).returning(measurements.c.id, sort_by_parameter_order=True)
_REPEATS = insert(repeats)


@dataclass(frozen=True)
class Run:
    """The record of a run in a store: its settings, its machine and when it was created."""

    id: int
    settings: Mapping[str, Any]
    machine_id: str
    machine: Mapping[str, Any]
    created: datetime


class Store(Closeable):
    """A file of measurements.

    Parameters
    ----------
    path
        The SQLite file, created if it does not exist. None stores everything in memory.
    readonly
        Open for reading only, which is possible while another process measures.

    Raises
    ------
    StoreError
        If the file is not a store, is damaged or has another version; if another process measures
        into it; if it cannot be written, or is opened for reading and does not exist. Each method
        raises it where the file cannot be used any more, such as when its disk is full.
    """

    def __init__(self, path: str | Path | None = None, *, readonly: bool = False) -> None:
        self.path = Path(path) if path is not None else None
        self._database = Database(self.path, readonly=readonly)
        try:
            self._prepare(readonly)
        except BaseException:
            self.close()
            raise

    def _prepare(self, readonly: bool) -> None:
        """Verify that the file is a store of this version and whole; create it if it is empty."""
        with self._transaction() as connection:
            pragma = connection.exec_driver_sql
            application = pragma("PRAGMA application_id").scalar_one()
            version = pragma("PRAGMA user_version").scalar_one()
            empty = pragma("SELECT count(*) FROM sqlite_master").scalar_one() == 0
            new = empty and application == version == 0
            if not new and application != APPLICATION:
                raise StoreError(
                    f"{self.path} is not a store of layerlaw, but of another program: "
                    "choose another folder"
                )
            if not new and version != SCHEMA:
                raise StoreError(
                    f"{self.path} is a store of version {version}, and this layerlaw "
                    f"reads version {SCHEMA}: measure into another file"
                )
            if new and readonly:
                raise StoreError(f"{self.path} has no measurement: it is empty")
            if not new and (found := pragma("PRAGMA quick_check(1)").scalar_one()) != "ok":
                raise self._database.damaged(found.splitlines()[-1])
            stored = "SELECT name FROM sqlite_master WHERE type = 'table'"  # a view may have no end
            if not new and (missing := set(tables.tables) - set(pragma(stored).scalars())):
                raise self._database.damaged(f"it has no table {min(missing)}")
            if not readonly:
                # Readers see one state while this process writes, and a commit does not wait for
                # the disk.
                pragma("PRAGMA journal_mode = WAL")
            if new:
                pragma("BEGIN IMMEDIATE")  # all tables, or an empty file
                pragma(f"PRAGMA application_id = {APPLICATION}")
                pragma(f"PRAGMA user_version = {SCHEMA}")
                tables.create_all(connection)

    def _transaction(self) -> AbstractContextManager[Connection]:
        return self._database.transaction()

    def open_run(
        self, settings: Mapping[str, Any], machine_id: str, machine: Mapping[str, Any]
    ) -> Run:
        """Return the run with these settings on this machine, created if it does not exist."""
        key = {"settings_hash": digest(settings), "machine_id": machine_id}
        with self._transaction() as connection:
            known = select(runs.c.id).filter_by(**key)
            if connection.execute(known).first() is None:
                values = {"settings": settings, "machine": machine, "created": _now()}
                connection.execute(insert(runs).values(**key, **values))
            return _run(connection, connection.execute(known).scalar_one())

    def delete_measurements(self, run: Run) -> None:
        """Delete the measurements of a run."""
        own = select(measurements.c.id).where(measurements.c.run == run.id)
        with self._transaction() as connection:
            connection.execute(delete(repeats).where(repeats.c.measurement.in_(own)))
            connection.execute(delete(measurements).where(measurements.c.run == run.id))
            connection.execute(delete(processes).where(processes.c.run == run.id))

    def add_process(self, run: Run, controls: Mapping[str, str]) -> int:
        """Register a process that measures in a run, with its controls; return its number."""
        with self._transaction() as connection:
            count = select(func.count()).where(processes.c.run == run.id)
            number = connection.execute(count).scalar_one()
            values = {"run": run.id, "number": number, "started": _now(), "controls": controls}
            connection.execute(insert(processes).values(**values))
        return int(number)

    def controls(self, run: Run) -> dict[str, str]:
        """Return the controls, in words, of the last process that measured times."""
        timed = select(func.max(measurements.c.process)).filter_by(run=run.id, metric=SECONDS.name)
        query = select(processes.c.controls).filter_by(run=run.id)
        last = processes.c.number == timed.scalar_subquery(), processes.c.number
        with self._transaction() as connection:
            found = connection.scalars(query.order_by(*(one.desc() for one in last)).limit(1))
            return as_record(found.first() or {}, dict[str, str], "controls")

    def add(self, run: Run, *made: Measurement) -> None:
        """Store measurements, all or none; they are on disk once this returns."""
        if not made:
            return
        with self._transaction() as connection:
            numbers = connection.scalars(_MEASUREMENT, [_row(run, one) for one in made]).all()
            values = [
                {"measurement": number, "repeat": repeat, "value": value}
                for number, one in zip(numbers, made, strict=True)
                for repeat, value in enumerate(one.values)
            ]
            if values:
                connection.execute(_REPEATS, values)

    def columns(self, run: Run, *metrics: str) -> MeasurementColumns:
        """Return the measurements of a run, or of some metrics, in the order they were made in."""
        with self._transaction() as connection:
            return read_columns(connection, run.id, metrics)

    def measurements(self, run: Run, *metrics: str) -> Iterator[Measurement]:
        """Yield the measurements of a run, or of some metrics, in the order they were made in."""
        yield from self.columns(run, *metrics)

    def failures(self, run: Run, metric: str) -> list[Measurement]:
        """Return the measurements of a metric whose status is not ``ok``."""
        with self._transaction() as connection:
            return list(read_columns(connection, run.id, [metric], failed=True))

    def counts(self, run: Run) -> list[CaseCount]:
        """Count the measurements of a run by case, metric and status, without reading values."""
        with self._transaction() as connection:
            return count_cases(connection, run.id)

    def table(self, run: Run) -> pd.DataFrame:
        """Return the tidy table of a run, one row per repeat; see `COLUMNS`."""
        return tidy_table(self.columns(run), run.machine_id)

    def runs(self) -> list[Run]:
        """Return the runs of the store, in the order of creation."""
        with self._transaction() as connection:
            found = connection.scalars(select(runs.c.id).order_by(runs.c.id)).all()
            return [_run(connection, id) for id in found]

    def latest_run(self) -> Run:
        """Return the run with the latest measurement.

        Raises
        ------
        StoreError
            If the store has no measurement.
        """
        query = select(measurements.c.run).order_by(measurements.c.id.desc()).limit(1)
        with self._transaction() as connection:
            found = connection.scalar(query)
            if found is None:
                raise StoreError(f"{self.path or 'the store'} has no measurement")
            return _run(connection, found)

    def close(self) -> None:
        """Close the file and release its lock."""
        self._database.close()


def _row(run: Run, measurement: Measurement) -> dict[str, Any]:
    return {
        "run": run.id,
        "case": measurement.case.key,
        "metric": measurement.metric,
        "round": measurement.round,
        "process": measurement.process,
        "fields": measurement.case.as_dict(),
        "status": measurement.status,
        "note": measurement.note,
    }


def _run(connection: Connection, id: int) -> Run:
    try:
        row = connection.execute(select(runs).where(runs.c.id == id)).one_or_none()
    except TypeError as error:  # SQLite may have a value of any type in a column
        raise ValueError(f"run {id}: {error}") from None
    if row is None:
        raise ValueError(f"there is no run {id}")
    as_record(row.settings, SettingsRecord, "settings")
    as_record(row.machine, MachineRecord, "machine")
    return Run(row.id, row.settings, row.machine_id, row.machine, row.created)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)  # SQLite stores no time zone
