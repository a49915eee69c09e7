"""The SQLite file of a store: how it is opened and locked, and what its errors mean."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from ...errors import LayerlawError
from ..files import JsonObject, cell_text, parse_json
from ..workers import Closeable

#: Seconds for which a lock of another program is waited for.
LOCK_SECONDS = 5.0

_ELSEWHERE = "restore a copy of it, or measure into another folder"
_WRITABLE = "make it writable, or choose another folder"
_CONTINUE = "then the same command continues with what is stored"

#: What the result codes of SQLite mean, and what to do; see https://sqlite.org/rescode.html.
_CAUSES: Mapping[int, str] = {
    sqlite3.SQLITE_FULL: f"cannot be written: its disk is full; free some space, {_CONTINUE}",
    sqlite3.SQLITE_IOERR: "cannot be read or written ({}): its disk is full or fails, or the size "
    f"of files is limited; mend that, {_CONTINUE}",
    sqlite3.SQLITE_BUSY: "is locked by another program: close that program, then try again",
    sqlite3.SQLITE_LOCKED: "is locked by another program: close that program, then try again",
    sqlite3.SQLITE_READONLY: f"cannot be written ({{}}): {_WRITABLE}",
    sqlite3.SQLITE_PERM: f"cannot be opened ({{}}): {_WRITABLE}",
    sqlite3.SQLITE_CANTOPEN: f"cannot be opened ({{}}): {_WRITABLE}",
    sqlite3.SQLITE_CONSTRAINT: f"already has this measurement, or is damaged ({{}}): {_ELSEWHERE}",
}
_DAMAGED = f"cannot be read as a store: it is damaged ({{}}); {_ELSEWHERE}"


class StoreError(LayerlawError):
    """The store cannot be used; the message is one line with the file, the reason and a remedy."""


class Database(Closeable):
    """The SQLite file of a store, or its tables in memory.

    Every error of the database leaves `transaction` as a `StoreError`, and no other place
    translates them.

    Parameters
    ----------
    path
        The file, created if it does not exist. None keeps the tables in memory.
    readonly
        Open for reading only, which is possible while another process writes, and where the file
        or its folder cannot be written.

    Raises
    ------
    StoreError
        If another process writes into the file; if the file cannot be created; if it is opened for
        reading and does not exist.
    """

    def __init__(self, path: Path | None, *, readonly: bool = False) -> None:
        self.path = path
        self._readonly = readonly
        self._lock: FileLock | None = None
        self._identity: tuple[int, int] | None = None
        self._engine: Engine | None = None
        if path is None:
            self._engine = _engine("sqlite://", poolclass=StaticPool)
            event.listen(self._engine, "connect", _set_up)
            return
        if path.exists() and not path.is_file():
            raise StoreError(f"{path} is not a regular file: choose another folder")
        if not readonly:
            self._lock = _lock(path)
            self._engine = _connect(path, mode="rwc")
        elif not path.exists():
            raise StoreError(f"there is no store at {path}")

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine."""
        if self._engine is None:
            assert self.path is not None
            self._engine = self._open_to_read(self.path)
        return self._engine

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Begin a transaction, which is committed at the end of the block, or not at all.

        Raises
        ------
        StoreError
            For every error of the database, and if the file was deleted or moved meanwhile.
        """
        self._require_unmoved()
        try:
            with self.engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise self._explain(error.orig) from error
        except (ValueError, sqlite3.Error) as error:  # such as a date that is cut off
            raise self._explain(error) from error
        if self._identity is None and self.path is not None:
            self._identity = _identity(self.path)

    def damaged(self, reason: object) -> StoreError:
        """Return the error of a store whose content cannot be right."""
        return StoreError(f"{self.path or 'the store'} {_DAMAGED.format(reason)}")

    def close(self) -> None:
        """Close the file and release its lock."""
        if self._engine is not None:
            self._engine.dispose()
        if self._lock is not None:
            with suppress(OSError):  # its folder was deleted
                self._lock.release()

    def _explain(self, error: BaseException | None) -> StoreError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary one of an extended code
        if code not in _CAUSES:
            return self.damaged(error)
        return StoreError(f"{self.path or 'the store'} {_CAUSES[code].format(error)}")

    def _require_unmoved(self) -> None:
        """Raise unless the path still leads to the file: SQLite writes on into a deleted one."""
        if self._readonly or self._identity is None or self.path is None:
            return
        if _identity(self.path) != self._identity:
            raise StoreError(
                f"{self.path} was deleted or moved while this run measured into it: put it back "
                "before the next call to continue, or start anew"
            )

    def _open_to_read(self, path: Path) -> Engine:
        """Open a file for reading, also where neither the file nor its folder can be written.

        The file is opened for writing where that is possible, since the last reader then removes
        the write-ahead log; `_set_up` keeps it unchanged otherwise.
        """
        engine = _connect(path, mode="rw", readonly=True)
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
            return engine
        except DBAPIError as error:
            engine.dispose()
            code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
            if code not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
                raise
        # SQLite reads a write-ahead log through a file that it creates in the same folder.
        log = path.with_name(f"{path.name}-wal")
        if not log.exists() or log.stat().st_size == 0:
            return _connect(path, mode="ro", immutable="1", readonly=True)
        return _copy_in_memory(path, log)


def _engine(url: str | URL, **options: Any) -> Engine:
    return create_engine(url, json_deserializer=_parse_object, **options)


def _parse_object(text: Any) -> JsonObject:
    """Parse a column of JSON; SQLite may have a value of any type there."""
    if not isinstance(text, str):
        raise ValueError(f"{cell_text(text)} is not JSON")
    return parse_json(text.encode("utf-8", "surrogatepass"), "a column")


def _copy_in_memory(path: Path, log: Path) -> Engine:
    """Copy a file and its log, which has measurements too, into memory.

    The copies in a folder that SQLite needs are gone before anything is read: a reader that is
    killed leaves none.
    """
    memory = sqlite3.connect(":memory:", check_same_thread=False)
    with TemporaryDirectory(prefix="layerlaw-") as folder:
        for each in (path, log):
            shutil.copyfile(each, Path(folder, each.name))
        with closing(sqlite3.connect(Path(folder, path.name))) as source:
            source.backup(memory)
    engine = _engine("sqlite://", creator=lambda: memory, poolclass=StaticPool)
    event.listen(engine, "connect", _set_up_reader)
    return engine


def _connect(path: Path, *, readonly: bool = False, **query: str) -> Engine:
    query |= {"uri": "true", "timeout": str(LOCK_SECONDS)}
    engine = _engine(URL.create("sqlite", database=path.absolute().as_uri(), query=query))
    event.listen(engine, "connect", _set_up_reader if readonly else _set_up)
    return engine


def _set_up(connection: Any, _: object) -> None:
    # With a write-ahead log, committed data survives a crash of the process without waiting for the
    # disk at each commit; a power failure may lose the last seconds, not the file.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _set_up_reader(connection: Any, _: object) -> None:
    connection.execute("PRAGMA query_only = ON")


def _identity(path: Path) -> tuple[int, int] | None:
    """Return the device and the number of a file; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _lock(path: Path) -> FileLock:
    """Lock the store for this process; the system releases it however the process ends."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or error
        raise StoreError(f"{path.parent}: no folder ({reason}): choose another one") from error
    lock = FileLock(f"{path}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StoreError(f"another process measures into {path}: wait for it or stop it") from None
    except OSError as error:
        reason = error.strerror or error
        raise StoreError(f"{path} cannot be written ({reason}): {_WRITABLE}") from error
    return lock
