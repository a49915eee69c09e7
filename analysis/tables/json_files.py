"""Read JSON files of other tools as the records that each tool's format has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from .files import FILE_LIMIT, read_bytes
from .table_error import TableError

T = TypeVar("T")


def load_json(path: Path, limit: float = FILE_LIMIT) -> dict[str, Any]:
    """Load a JSON file whose top level is an object.

    Python's parser reads it, since asv writes NaN for what was skipped, which msgspec refuses.

    Raises
    ------
    TableError
        If it cannot be read, or a key occurs twice.
    """
    try:
        content = json.loads(read_bytes(path, limit), object_pairs_hook=_distinct)
    except TableError:
        raise
    except (ValueError, RecursionError) as error:  # ValueError: not JSON, or too long a number
        raise TableError(f"{path}: cannot be read as JSON: {error}") from None
    if not isinstance(content, dict):
        raise TableError(f"{path}: its JSON is not an object")
    return content


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} occurs twice in an object")
    return content


def as_record(content: Any, record: type[T], path: Path, where: str = "") -> T:
    """Convert what a JSON file has to a record, and check its types.

    Raises
    ------
    TableError
        If something is missing or of another type; the message says where.
    """
    try:
        return msgspec.convert(content, record)
    except msgspec.ValidationError as error:
        raise TableError(f"{path}: {where}not in its tool's format: {error}") from None
