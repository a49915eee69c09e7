"""Read members of a ZIP archive up to a limit of their unpacked size."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from io import BytesIO
from lzma import LZMAError
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from .file_error import FileError
from .regular_files import limit_text, read_bytes

#: What an archive that is damaged, encrypted or of an unknown compression raises.
_DAMAGE = (
    BadZipFile,
    zlib.error,
    LZMAError,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,  # it is encrypted, or its compression is unknown
    MemoryError,  # a compression may ask for gigabytes as its dictionary
)


def read_members(
    path: Path, names: Sequence[str], limit: float, error: type[FileError] = FileError
) -> list[bytes]:
    """Read members of an archive.

    Parameters
    ----------
    path
        The archive, a regular file.
    names
        Names of the members; others are not looked at.
    limit
        Largest size in MiB of the archive, and of its members together, unpacked.
    error
        Class of the error that is raised.

    Raises
    ------
    FileError
        If the archive cannot be read, or has no such member.
    """
    data = read_bytes(path, limit, error)
    most = int(limit * 2**20)
    try:
        with ZipFile(BytesIO(data)) as archive:
            members = [archive.getinfo(name) for name in names]
            # What unpacks to more than it says is read no further than that.
            if (size := sum(member.file_size for member in members)) > most:
                raise error(
                    f"{path}: unpacked it has {size / 2**20:.4g} MiB, the limit is "
                    f"{limit_text(limit)}"
                )
            return [archive.read(member) for member in members]
    except FileError:
        raise
    except KeyError as reason:
        raise error(f"{path}: {reason.args[0]}") from None
    except _DAMAGE as reason:
        raise error(f"{path}: cannot be unpacked: {str(reason) or type(reason).__name__}") from None
