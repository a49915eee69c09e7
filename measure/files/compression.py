"""Unpack compressed files up to a limit of size."""

from __future__ import annotations

import zlib
from bz2 import BZ2File
from collections.abc import Callable, Mapping
from gzip import GzipFile
from io import BytesIO
from lzma import LZMAError, LZMAFile
from pathlib import Path

_OPEN: Mapping[str, Callable[[BytesIO], GzipFile | BZ2File | LZMAFile]] = {
    "gzip": lambda file: GzipFile(fileobj=file),
    "bzip2": BZ2File,
    "xz": LZMAFile,
}

#: How files of each compression begin.
COMPRESSIONS: Mapping[bytes, str] = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}

#: Ends of the names of such files.
_SUFFIXES = (".gz", ".bz2", ".xz")


class DamagedError(ValueError):
    """Compressed data that cannot be unpacked."""


def unpacked_name(path: Path) -> Path:
    """Return a path without the end that a compression gives it.

    >>> from pathlib import Path
    >>> unpacked_name(Path("table.csv.gz")).name, unpacked_name(Path("table.csv")).name
    ('table.csv', 'table.csv')
    """
    return path.with_suffix("") if path.suffix.lower() in _SUFFIXES else path


def unpack(data: bytes, compression: str, most: int) -> bytes:
    """Unpack data up to `most` bytes, and one more if there are more.

    Raises
    ------
    DamagedError
        If it is damaged or cut off.
    """
    chunks, left = [], most + 1
    try:
        with _OPEN[compression](BytesIO(data)) as file:
            # Not at once: what unpacks to gigabytes needs no gigabyte to be refused.
            while left > 0 and (chunk := file.read(min(left, 2**22))):
                chunks.append(chunk)
                left -= len(chunk)
    # MemoryError: xz may ask for gigabytes as its dictionary.
    except (zlib.error, LZMAError, OSError, EOFError, MemoryError) as error:
        raise DamagedError(str(error) or type(error).__name__) from None
    return b"".join(chunks)
