"""Files that are written completely or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

import pandas as pd

from .csv_rows import csv_rows

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None

#: What the names of files begin with that are being written.
_PREFIX = ".layerlaw-writing-"


@contextmanager
def open_atomically(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file for writing that takes the place of `path` when the block ends without an error.

    A reader sees the old content or the new one, never a part of it, whether the disk is full or
    the process is killed. What a killed process left in the folder is removed. A device or a pipe,
    such as ``/dev/stdout``, is written directly.

    Raises
    ------
    OSError
        If it cannot be written, with `path` as its file name; the old file is then unchanged.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp(), "laws.json")
    >>> with open_atomically(path) as file:
    ...     _ = file.write(b"{}")
    >>> path.read_text()
    '{}'
    """
    try:
        if Path(path).exists() and not Path(path).is_file():
            with Path(path).open("wb") as file:
                yield file
            return
        target = Path(os.path.realpath(path))  # of a link, the file that it leads to
        _remove_left(target.parent)
        descriptor, temporary = _locked_file(target.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(descriptor)  # some file systems report a full disk only here
            Path(temporary).chmod(0o644)  # mkstemp lets only the owner read
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


def _locked_file(folder: Path) -> tuple[int, str]:
    """Create a file beside its target, locked for as long as this process writes it."""
    while True:
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=_PREFIX)
        _lock(descriptor)
        # Before it was locked, another process may have taken it for one that was left.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), Path(name).stat()):
                return descriptor, name
        os.close(descriptor)


def _remove_left(folder: Path) -> None:
    """Remove what killed processes left in a folder: files that no process locks."""
    for path in folder.glob(f"{_PREFIX}*"):
        with suppress(OSError), path.open("rb") as file:
            if _lock(file.fileno()):
                path.unlink()


def _lock(descriptor: int) -> bool:
    """Lock an open file; return False if another process has, or the system has no locks."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def write_atomically(path: Path, text: str) -> Path:
    """Write a text into a file, completely or not at all, and return its path."""
    with open_atomically(path) as file:
        file.write(text.encode())
    return path


def write_table(path: Path, table: pd.DataFrame) -> Path:
    """Write a table as CSV into a file, completely or not at all, and return its path."""
    with open_atomically(path) as file:
        file.writelines(text.encode() for text in csv_rows(table))
    return path
