"""Read a file of measurements: a regular one, up to a limit of size, as UTF-8."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .table_error import TableError

#: Largest file that is read unless a limit is given, in MiB. Its cells take up to ten times as much
#: memory.
FILE_LIMIT = 64.0

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
#: How files of other formats begin.
_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"(\xb5/\xfd": "Zstandard",
    b"PK\x03\x04": "ZIP or Excel",
    b"SQLite format 3\x00": "SQLite",
    b"PAR1": "Parquet",
    b"\x89HDF": "HDF5",
}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BOM = b"\xef\xbb\xbf"


def read_bytes(path: Path, limit: float = FILE_LIMIT) -> bytes:
    """Read a text file as UTF-8 without a byte order mark.

    Parameters
    ----------
    path
        A regular file, in UTF-8, or in UTF-16 with a byte order mark (Excel's "Unicode text").
    limit
        Largest size in MiB.

    Raises
    ------
    TableError
        If it is not such a file; pipes and devices, which may have no end, are not read.
    """
    data = _read(path, int(limit * 2**20), f"{limit:g} MiB (--file-limit)")
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            raise TableError(f"{path}: it is a file of {kind}, not text; unpack or export it first")
    try:
        if data.startswith(_UTF16):
            return data.decode("utf-16").encode()
        data = data.removeprefix(_BOM)
        data.decode()
    except UnicodeError as error:
        at = getattr(error, "start", 0)
        raise TableError(f"{path}: byte {at} is neither UTF-8 nor UTF-16") from None
    return data


def _read(path: Path, most: int, limit: str) -> bytes:
    try:
        # Without O_NONBLOCK, opening a pipe waits for one who writes.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb", buffering=0) as file:
            about = os.fstat(descriptor)
            for is_kind, kind in _KINDS:
                if is_kind(about.st_mode):
                    raise TableError(f"{path}: it is {kind}, not a file")
            if about.st_size > most:
                size = about.st_size / 2**20
                raise TableError(f"{path}: it has {size:.4g} MiB, the limit is {limit}")
            # One byte more than allowed: a file that grows is longer than it says.
            chunks, left = [], most + 1
            while left > 0 and (chunk := file.read(min(left, 2**24))):
                chunks.append(chunk)
                left -= len(chunk)
    except FileNotFoundError:
        raise TableError(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        if isinstance(error, TableError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise TableError(f"{path}: cannot be read: {reason}") from None
    if left <= 0:
        raise TableError(f"{path}: it is larger than the limit of {limit}")
    return b"".join(chunks)
