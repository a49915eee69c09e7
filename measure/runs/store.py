"""The store: an SQLite file to which every measurement is written as soon as it is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout
from sqlalchemy import (
    JSON,
    Column,
    Connection,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
)
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import StaticPool

from ...errors import LayerlawError
from ..cases import SECONDS, Case, Measurement, tidy_table
from ..host import digest
from ..workers import Closeable

#: Application id of layerlaw's stores in SQLite's header: "LLAW".
APPLICATION = 0x4C4C4157

#: Version of the tables below. 1: runs, processes, measurements, repeats.
SCHEMA = 1

_tables = MetaData()

runs = Table(
    "runs",
    _tables,
    Column("id", Integer, primary_key=True),
    Column("settings_hash", String, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("machine_id", String, nullable=False),
    Column("machine", JSON, nullable=False),
    Column("created", DateTime, nullable=False),
    UniqueConstraint("settings_hash", "machine_id"),
)

processes = Table(
    "processes",
    _tables,
    Column("run", ForeignKey(runs.c.id), primary_key=True),
    Column("number", Integer, primary_key=True),  # from 0 within the run
    Column("started", DateTime, nullable=False),
    Column("controls", JSON, nullable=False),  # the controls in force, in words
)

measurements = Table(
    "measurements",
    _tables,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey(runs.c.id), nullable=False),
    Column("case", String, nullable=False),
    Column("metric", String, nullable=False),
    Column("round", Integer, nullable=False),
    Column("process", Integer, nullable=False),
    Column("fields", JSON, nullable=False),  # the case's, by name
    Column("status", String, nullable=False),
    Column("note", String, nullable=False),
    UniqueConstraint("run", "case", "metric", "round"),  # nothing is measured twice
)

repeats = Table(
    "repeats",
    _tables,
    Column("measurement", ForeignKey(measurements.c.id), primary_key=True),
    Column("repeat", Integer, primary_key=True),
    Column("value", Float, nullable=False),
)

# Built once, for thousands of measurements. The first returns the ids of the new rows.
_MEASUREMENT = insert(measurements).returning(measurements.c.id, sort_by_parameter_order=True)
_REPEATS = insert(repeats)


class StoreError(LayerlawError):
    """The store cannot be used; the message is one line with the reason."""


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
        If the file is not a store or has another version; if another process measures into it; if
        it is opened for reading and does not exist.
    """

    def __init__(self, path: str | Path | None = None, *, readonly: bool = False) -> None:
        self.path = Path(path) if path is not None else None
        self._lock = None if readonly or self.path is None else _lock(self.path)
        if readonly and self.path is not None and not self.path.is_file():
            raise StoreError(f"there is no store at {self.path}")
        self._engine = (
            create_engine(f"sqlite:///{self.path}")
            if self.path is not None
            else create_engine("sqlite://", poolclass=StaticPool)
        )
        event.listen(self._engine, "connect", _set_up)
        try:
            self._prepare(readonly)
        except BaseException:
            self.close()
            raise

    def _prepare(self, readonly: bool) -> None:
        try:
            with self._engine.begin() as connection:
                pragma = connection.exec_driver_sql
                application = pragma("PRAGMA application_id").scalar_one()
                version = pragma("PRAGMA user_version").scalar_one()
                empty = pragma("SELECT count(*) FROM sqlite_master").scalar_one() == 0
                if empty and not readonly:
                    _tables.create_all(connection)
                    pragma(f"PRAGMA application_id = {APPLICATION}")
                    pragma(f"PRAGMA user_version = {SCHEMA}")
                    return
        except DatabaseError as error:
            raise StoreError(f"{self.path} cannot be read as a store: {error.orig}") from error
        if application != APPLICATION:
            raise StoreError(f"{self.path} is not a store of layerlaw")
        if version != SCHEMA:
            raise StoreError(
                f"{self.path} is a store of version {version}, and this layerlaw "
                f"reads version {SCHEMA}: measure into another file"
            )

    def open_run(
        self, settings: Mapping[str, Any], machine_id: str, machine: Mapping[str, Any]
    ) -> Run:
        """Return the run with these settings on this machine, created if it does not exist."""
        key = {"settings_hash": digest(settings), "machine_id": machine_id}
        with self._engine.begin() as connection:
            known = select(runs.c.id).filter_by(**key)
            if connection.execute(known).first() is None:
                values = {"settings": settings, "machine": machine, "created": _now()}
                connection.execute(insert(runs).values(**key, **values))
            return _run(connection, connection.execute(known).scalar_one())

    def delete_measurements(self, run: Run) -> None:
        """Delete the measurements of a run."""
        own = select(measurements.c.id).where(measurements.c.run == run.id)
        with self._engine.begin() as connection:
            connection.execute(delete(repeats).where(repeats.c.measurement.in_(own)))
            connection.execute(delete(measurements).where(measurements.c.run == run.id))
            connection.execute(delete(processes).where(processes.c.run == run.id))

    def add_process(self, run: Run, controls: Mapping[str, str]) -> int:
        """Register a process that measures in a run, with its controls; return its number."""
        with self._engine.begin() as connection:
            count = select(func.count()).where(processes.c.run == run.id)
            number = connection.execute(count).scalar_one()
            values = {"run": run.id, "number": number, "started": _now(), "controls": controls}
            connection.execute(insert(processes).values(**values))
        return int(number)

    def controls(self, run: Run) -> dict[str, str]:
        """Return the controls, in words, of the last process that measured times."""
        timed = select(measurements.c.process).filter_by(run=run.id, metric=SECONDS.name)
        query = select(processes.c.controls).filter_by(run=run.id)
        last = processes.c.number.in_(timed).desc(), processes.c.number.desc()
        with self._engine.connect() as connection:
            found = connection.scalars(query.order_by(*last).limit(1)).first()
        return dict(found or {})

    def add(self, run: Run, *made: Measurement) -> None:
        """Store measurements, all or none; they are on disk once this returns."""
        if not made:
            return
        with self._engine.begin() as connection:
            numbers = connection.scalars(_MEASUREMENT, [_row(run, one) for one in made]).all()
            values = [
                {"measurement": number, "repeat": repeat, "value": value}
                for number, one in zip(numbers, made, strict=True)
                for repeat, value in enumerate(one.values)
            ]
            if values:
                connection.execute(_REPEATS, values)

    def measurements(self, run: Run) -> Iterator[Measurement]:
        """Yield the measurements of a run, in the order in which they were made."""
        joined = measurements.outerjoin(repeats)
        columns = (*measurements.c, repeats.c.value)
        query = (
            select(*columns)
            .select_from(joined)
            .where(measurements.c.run == run.id)
            .order_by(measurements.c.id, repeats.c.repeat)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        for _, group in groupby(rows, key=lambda row: row.id):
            found = list(group)
            first = found[0]
            yield Measurement(
                Case(**first.fields),
                first.process,
                first.round,
                tuple(row.value for row in found if row.value is not None),
                first.status,
                first.note,
                first.metric,
            )

    def table(self, run: Run) -> pd.DataFrame:
        """Return the tidy table of a run, one row per repeat; see `COLUMNS`."""
        return tidy_table(self.measurements(run), run.machine_id)

    def runs(self) -> list[Run]:
        """Return the runs of the store, in the order of creation."""
        with self._engine.connect() as connection:
            return [_run(connection, id) for id in connection.scalars(select(runs.c.id))]

    def latest_run(self) -> Run:
        """Return the run with the latest measurement.

        Raises
        ------
        StoreError
            If the store has no measurement.
        """
        query = select(measurements.c.run).order_by(measurements.c.id.desc()).limit(1)
        with self._engine.connect() as connection:
            found = connection.scalar(query)
            if found is None:
                raise StoreError(f"{self.path or 'the store'} has no measurement")
            return _run(connection, found)

    def close(self) -> None:
        """Close the file and release its lock."""
        self._engine.dispose()
        if self._lock is not None:
            self._lock.release()


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


def _lock(path: Path) -> FileLock:
    """Lock the store for this process; the system releases it however the process ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f"{path}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StoreError(f"another process measures into {path}: wait for it or stop it") from None
    return lock


def _set_up(connection: Any, _: object) -> None:
    # With a write-ahead log, committed data survives a crash of the process without waiting for the
    # disk at each commit; a power failure may lose the last seconds, not the file.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _run(connection: Connection, id: int) -> Run:
    row = connection.execute(select(runs).where(runs.c.id == id)).one()
    return Run(row.id, row.settings, row.machine_id, row.machine, row.created)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)  # SQLite stores no time zone
