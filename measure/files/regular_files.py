"""Read a file: a regular one, up to a limit of size, unpacked where it is compressed, as UTF-8."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .compression import COMPRESSIONS, DamagedError, unpack
from .file_error import FileError

#: Largest file that is read unless a limit is given, in MiB, and as large once it is unpacked. Its
#: cells take up to ten times as much memory.
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
    b"(\xb5/\xfd": "Zstandard",
    b"PK\x03\x04": "ZIP or Excel",
    b"SQLite format 3\x00": "SQLite",
    b"PAR1": "Parquet",
    b"\x89HDF": "HDF5",
}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BOM = b"\xef\xbb\xbf"


def read_text(path: Path, limit: float = FILE_LIMIT, error: type[FileError] = FileError) -> bytes:
    """Read a file of text as UTF-8 without a byte order mark.

    Parameters
    ----------
    path
        A regular file, in UTF-8, or in UTF-16 with a byte order mark (Excel's "Unicode text"); it
        may be compressed by gzip, bzip2 or xz.
    limit
        Largest size in MiB, as it is and unpacked.
    error
        Class of the error that is raised.

    Raises
    ------
    FileError
        If it is not such a file; pipes and devices, which may have no end, are not read.
    """
    data = read_bytes(path, limit, error)
    for magic, compression in COMPRESSIONS.items():
        if data.startswith(magic):
            data = _unpacked(path, data, compression, limit, error)
            break
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            raise error(f"{path}: it is a file of {kind}, not text; unpack or export it first")
    return decode_text(data, str(path), error)


def _unpacked(
    path: Path, data: bytes, compression: str, limit: float, error: type[FileError]
) -> bytes:
    most = int(limit * 2**20)
    try:
        data = unpack(data, compression, most)
    except DamagedError as reason:
        raise error(f"{path}: cannot be unpacked by {compression}: {reason}") from None
    if len(data) > most:
        raise error(f"{path}: unpacked it is larger than the limit of {limit_text(limit)}")
    return data


def limit_text(limit: float) -> str:
    """Write a limit with the names of what raises it."""
    return f"{limit:g} MiB (--file-limit or file_limit)"


def decode_text(data: bytes, name: str, error: type[FileError] = FileError) -> bytes:
    """Return text as UTF-8 without a byte order mark.

    Raises
    ------
    FileError
        If it is neither UTF-8 nor, with a byte order mark, UTF-16.
    """
    try:
        if data.startswith(_UTF16):
            return data.decode("utf-16").encode()
        data = data.removeprefix(_BOM)
        data.decode()
    except UnicodeError as reason:
        at = getattr(reason, "start", 0)
        raise error(f"{name}: byte {at} is neither UTF-8 nor UTF-16") from None
    return data


def read_bytes(path: Path, limit: float = FILE_LIMIT, error: type[FileError] = FileError) -> bytes:
    """Read a regular file up to a limit of size in MiB.

    Raises
    ------
    FileError
        If it is none, or larger.
    """
    try:
        # Without O_NONBLOCK, opening a pipe waits for one who writes.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            return _read(descriptor, limit)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise error(f"{path}: there is no such file") from None
    except OSError as reason:
        raise error(f"{path}: cannot be read: {reason.strerror or reason}") from None
    except ValueError as reason:
        raise error(f"{path}: {reason}") from None


def _read(descriptor: int, limit: float) -> bytes:
    about = os.fstat(descriptor)
    for is_kind, kind in _KINDS:
        if is_kind(about.st_mode):
            raise ValueError(f"it is {kind}, not a file")
    most = int(limit * 2**20)
    if about.st_size > most:
        size = about.st_size / 2**20
        raise ValueError(f"it has {size:.4g} MiB, the limit is {limit_text(limit)}")
    # One byte more than allowed: a file that grows is longer than it says.
    chunks, left = [], most + 1
    while left > 0 and (chunk := os.read(descriptor, min(left, 2**24))):
        chunks.append(chunk)
        left -= len(chunk)
    if left <= 0:
        raise ValueError(f"it is larger than the limit of {limit_text(limit)}")
    return b"".join(chunks)
