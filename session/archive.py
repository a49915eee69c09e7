"""A result as one file: a ZIP archive of its table and of all that the laws are fitted with."""

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
from .layer_records import layer_of, layer_record
from .measured import Measured

#: Version of the file's format. 1: ``table.csv`` and ``result.json`` as `write_archive` has them.
SCHEMA = 1

_TABLE, _RESULT = "table.csv", "result.json"


class ArchiveError(LayerlawError, ValueError):
    """A file holds no result; the message names it."""


def write_archive(path: Path, measured: Measured, result: Mapping[str, Any]) -> Path:
    """Write what was measured and what came out into a file, whole or not at all.

    Parameters
    ----------
    path
        The file.
    measured
        Its table and its layers are written.
    result
        The rest, as JSON holds it.

    Returns
    -------
    The path.
    """
    document = {
        "schema": SCHEMA,
        **result,
        "columns": {str(name): str(dtype) for name, dtype in measured.table.dtypes.items()},
        "layers": {name: layer_record(layer) for name, layer in measured.layers.items()},
    }
    descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file, ZipFile(file, "w", ZIP_DEFLATED) as archive:
            archive.writestr(_TABLE, measured.table.to_csv(index=False))
            archive.writestr(_RESULT, json.dumps(document, indent=2, ensure_ascii=False))
        Path(beside).chmod(0o644)  # mkstemp's files are their owner's alone
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    return path


def read_archive(path: Path) -> tuple[Measured, Mapping[str, Any]]:
    """Read what was measured, and the rest as `write_archive` was given it.

    Raises
    ------
    ArchiveError
        If the file is no result, or one of another version.
    """
    try:
        with ZipFile(path) as archive:
            given = json.loads(archive.read(_RESULT))
            if given["schema"] != SCHEMA:
                raise ArchiveError(
                    f"{path}: its format is {given['schema']!r}, and this layerlaw reads {SCHEMA}"
                )
            table = _table(archive.read(_TABLE).decode(), given["columns"])
        claims = given["claims"]
        measured = Measured(
            table=table,
            machine=given["machine"],
            settings=given["settings"],
            claims=None if claims is None else Record.from_dict(claims),
            layers={name: layer_of(record) for name, record in given["layers"].items()},
        )
    except FileNotFoundError:
        raise ArchiveError(f"{path}: there is no such file") from None
    except (BadZipFile, KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ArchiveError(f"{path}: it is no result that was saved ({error})") from None
    return measured, given


def _table(text: str, types: dict[str, Any]) -> pd.DataFrame:
    """Read a table with the types that its columns had; numbers are the same to the last digit."""
    cells = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)
    return pd.DataFrame({name: _typed(cells[name], dtype) for name, dtype in types.items()})


def _typed(column: pd.Series[str], dtype: str) -> pd.Series[Any]:
    if dtype.startswith("float"):
        return pd.Series([float(cell or "nan") for cell in column])
    if dtype == "Int64":
        return pd.Series([int(cell) if cell else pd.NA for cell in column], dtype=pd.Int64Dtype())
    if dtype.startswith("int"):
        return pd.Series([int(cell) for cell in column])
    return column == "True" if dtype == "bool" else column
