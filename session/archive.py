"""Save and load a result as one ZIP archive: its table, and what its laws are fitted with."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import pandas as pd

from ..errors import LayerlawError
from ..studies.claims import Record
from .layer_records import layer_from_record, layer_to_record
from .measurements import Measurements

#: Version of the file's format. 1: ``table.csv`` and ``result.json``, see `write_archive`.
SCHEMA = 1

_TABLE, _RESULT = "table.csv", "result.json"


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
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file, ZipFile(file, "w", ZIP_DEFLATED) as archive:
            archive.writestr(_TABLE, measured.table.to_csv(index=False))
            archive.writestr(_RESULT, json.dumps(document, indent=2, ensure_ascii=False))
        Path(temporary).chmod(0o644)  # mkstemp makes files that only their owner can read
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
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
            table = _read_table(archive.read(_TABLE).decode(), document["columns"])
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
    except (BadZipFile, KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ArchiveError(f"{path}: not a file that Result.save wrote ({error})") from None
    return measured, document


def _read_table(text: str, types: dict[str, Any]) -> pd.DataFrame:
    """Read a table with its columns' original types; numbers are the same to the last digit."""
    cells = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)
    return pd.DataFrame({name: _convert(cells[name], dtype) for name, dtype in types.items()})


def _convert(column: pd.Series[str], dtype: str) -> pd.Series[Any]:
    if dtype.startswith("float"):
        return pd.Series([float(cell or "nan") for cell in column])
    if dtype == "Int64":
        return pd.Series([int(cell) if cell else pd.NA for cell in column], dtype=pd.Int64Dtype())
    if dtype.startswith("int"):
        return pd.Series([int(cell) for cell in column])
    return column == "True" if dtype == "bool" else column
