"""Save and load a result as one ZIP archive: its table, and what its laws are fitted with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any
from zipfile import ZIP_DEFLATED, ZipFile

import msgspec
import pandas as pd

from ..measure import (
    FileError,
    JsonObject,
    MachineRecord,
    SettingsRecord,
    as_record,
    cell_text,
    parse_json,
    read_members,
)
from ..reports import open_atomically
from ..studies.claims import Record
from .layer_records import LayerRecord, layer_from_record, layer_to_record
from .measurements import Measurements

#: Version of the file's format. 1: ``table.csv`` and ``result.json``, see `write_archive`.
SCHEMA = 1

#: Largest size in MiB of a saved result, and of what it unpacks to: a table of two million repeats.
ARCHIVE_LIMIT = 256.0

_TABLE, _RESULT = "table.csv", "result.json"


class ArchiveError(FileError):
    """A file is not a saved result, or is of another version; the message names it."""


class ResultRecord(msgspec.Struct):
    """The format of ``result.json``; its laws are fitted again to the table.

    Attributes
    ----------
    columns
        Types of the table's columns by name.
    claims
        As in ``claims.json``.
    command, machine, settings, expect, axes, margin, layers
        See `Result`.
    """

    schema: int
    command: str
    machine: JsonObject
    settings: JsonObject
    expect: dict[str, str]
    axes: list[str]
    margin: Annotated[float, msgspec.Meta(ge=0, le=1e6)]
    claims: JsonObject | None
    columns: dict[str, str]
    layers: dict[str, LayerRecord]


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


def read_archive(path: Path, limit: float) -> tuple[Measurements, ResultRecord]:
    """Read the measurements, and the record that `write_archive` wrote with them.

    Parameters
    ----------
    path
        The file.
    limit
        Largest size in MiB of the file, and of what it unpacks to.

    Raises
    ------
    ArchiveError
        If the file is not a saved result, is of another version, or too large.
    """
    text, written = read_members(path, (_TABLE, _RESULT), limit, ArchiveError)
    name = f"{path}: {_RESULT}"
    content = parse_json(written, name, ArchiveError)
    if content.get("schema") != SCHEMA:
        raise ArchiveError(
            f"{path}: its format is version {cell_text(content.get('schema'))}, and this layerlaw "
            f"reads version {SCHEMA}"
        )
    record = as_record(content, ResultRecord, name, ArchiveError)
    as_record(record.machine, MachineRecord, f"{name}: machine", ArchiveError)
    as_record(record.settings, SettingsRecord, f"{name}: settings", ArchiveError)
    claims = record.claims
    measured = Measurements(
        table=_read_table(text, record.columns, f"{path}: {_TABLE}"),
        machine=record.machine,
        settings=record.settings,
        claims=None if claims is None else Record.from_dict(claims, f"{name}: claims"),
        layers={
            each: layer_from_record(layer, f"{name}: layers.{cell_text(each)}")
            for each, layer in record.layers.items()
        },
    )
    return measured, record


def _read_table(text: bytes, types: Mapping[str, str], name: str) -> pd.DataFrame:
    """Read a table with its columns' original types; numbers are the same to the last digit."""
    floats = {name for name, dtype in types.items() if dtype.startswith("float")}
    integers = {name: dtype for name, dtype in types.items() if "int" in dtype.lower()}
    try:
        table = pd.read_csv(
            BytesIO(text),
            # Python reads a number to its last digit; a quick parser of pandas may not.
            converters={name: lambda cell: float(cell or "nan") for name in floats},
            dtype={name: integers.get(name, "str") for name in types if name not in floats},
            usecols=list(types),
            keep_default_na=False,
            na_values={name: [""] for name in integers},
        )
    except (ValueError, TypeError, OverflowError) as error:  # a cell, a column or a type is wrong
        raise ArchiveError(f"{name}: {error}") from None
    for column, dtype in types.items():
        if dtype == "bool":
            table[column] = table[column] == "True"
    return table[list(types)]
