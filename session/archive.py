"""Save and load a result as one ZIP archive: its table, and what its laws are fitted with."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import pandas as pd

from ..errors import LayerlawError
from ..messages import error_message
from ..reports import open_atomically
from ..studies.claims import Record
from .layer_records import layer_from_record, layer_to_record
from .measurements import Measurements

#: Version of the file's format. 1: ``table.csv`` and ``result.json``, see `write_archive`.
SCHEMA = 1

_TABLE, _RESULT = "table.csv", "result.json"

#: Types of entries of ``result.json``.
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "machine": dict,
    "settings": dict,
    "expect": dict,
    "axes": list,
    "margin": (int, float),
    "command": str,
}

#: What a file that is damaged, or was not written by `write_archive`, raises when it is read.
_DAMAGE = (
    BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    ValueError,
    AttributeError,
    RuntimeError,  # it is encrypted, or nested too deeply
)


class ArchiveError(LayerlawError, ValueError):
    """A file is not a saved result, or is of another version; the message names it."""


def write_archive(path: Path, measured: Measurements, result: Mapping[str, Any]) -> Path:
    """Write measurements and a result into a file, completely or not at all.

    Parameters
    ----------
    path
        The file.
    measured
        The measurements; their table and layers are written.
    result
        The result as JSON values; see `Result.to_dict`.

    Returns
    -------
    The path.
    """
    document = {
        "schema": SCHEMA,
        **result,
        "columns": {str(name): str(dtype) for name, dtype in measured.table.dtypes.items()},
        "layers": {name: layer_to_record(layer) for name, layer in measured.layers.items()},
    }
    with open_atomically(path) as file, ZipFile(file, "w", ZIP_DEFLATED) as archive:
        with archive.open(_TABLE, "w", force_zip64=True) as member:
            measured.table.to_csv(member, index=False, lineterminator="\n")
        archive.writestr(_RESULT, json.dumps(document, indent=2, ensure_ascii=False))
    return path


def read_archive(path: Path) -> tuple[Measurements, Mapping[str, Any]]:
    """Read the measurements, and the JSON values that `write_archive` wrote with them.

    Raises
    ------
    ArchiveError
        If the file is not a saved result, or is of another version.
    """
    try:
        with ZipFile(path) as archive:
            document = json.loads(archive.read(_RESULT))
            if document["schema"] != SCHEMA:
                raise ArchiveError(
                    f"{path}: its format is version {document['schema']!r}, and this layerlaw "
                    f"reads version {SCHEMA}"
                )
            with archive.open(_TABLE) as member:
                table = _read_table(member, document["columns"])
        for key, kind in _KINDS.items():
            if not isinstance(document[key], kind):
                raise ArchiveError(f"{path}: not a file that Result.save wrote ({key} is damaged)")
        claims = document["claims"]
        layers = document["layers"].items()
        measured = Measurements(
            table=table,
            machine=document["machine"],
            settings=document["settings"],
            claims=None if claims is None else Record.from_dict(claims),
            layers={name: layer_from_record(record) for name, record in layers},
        )
    except FileNotFoundError:
        raise ArchiveError(f"{path}: there is no such file") from None
    except ArchiveError:
        raise
    except OSError as error:
        raise ArchiveError(f"{path}: cannot be read: {error.strerror or error}") from None
    except _DAMAGE as error:
        reason = error_message(error) or type(error).__name__
        raise ArchiveError(f"{path}: not a file that Result.save wrote ({reason})") from None
    return measured, document


def _read_table(file: IO[bytes], types: dict[str, str]) -> pd.DataFrame:
    """Read a table with its columns' original types; numbers are the same to the last digit."""
    floats = {name for name, dtype in types.items() if dtype.startswith("float")}
    integers = {name: dtype for name, dtype in types.items() if "int" in dtype.lower()}
    table = pd.read_csv(
        file,
        # Python reads a number to its last digit; a quick parser of pandas may not.
        converters={name: lambda cell: float(cell or "nan") for name in floats},
        dtype={name: integers.get(name, "str") for name in types if name not in floats},
        usecols=list(types),
        keep_default_na=False,
        na_values={name: [""] for name in integers},
    )
    for name, dtype in types.items():
        if dtype == "bool":
            table[name] = table[name] == "True"
    return table[list(types)]
