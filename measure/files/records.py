"""Hold the content of a JSON file against a record: what it must have, of which types."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from .file_error import FileError, cell_text
from .json_files import load_json
from .regular_files import FILE_LIMIT

T = TypeVar("T")

#: An object of JSON whatever it has.
JsonObject = dict[str, Any]

#: A step of the place that msgspec gives, ``$.cases[3].name``; ``[...]`` is any key of an object.
_STEP = re.compile(r"\.([^.\[\]`]+)|\[(\d+|\.\.\.)\]")


def load_record(
    path: Path,
    record: type[T],
    *,
    version: int,
    remedy: str,
    error: type[FileError] = FileError,
    limit: float = FILE_LIMIT,
) -> tuple[T, JsonObject]:
    """Read one of our own files of JSON, whose key ``schema`` has the version of its format.

    Parameters
    ----------
    path
        The file.
    record
        The class of the record, such as a `msgspec.Struct`.
    version
        The version that is read.
    remedy
        What to do about a file that cannot be used.
    error
        Class of the error that is raised.
    limit
        Largest size in MiB.

    Returns
    -------
    The record, and the content from which it is made.

    Raises
    ------
    FileError
        If the file cannot be read, has another version, or is no such record.
    """
    try:
        content = load_json(path, limit, error)
        if (found := content.get("schema")) != version:
            raise error(
                f"{path}: its format has version {cell_text(found)}, this layerlaw reads {version}"
            )
        return as_record(content, record, str(path)), content
    except FileError as reason:
        raise error(f"{reason}; {remedy}") from None


def as_record(content: Any, record: type[T], name: str, error: type[FileError] = FileError) -> T:
    """Convert the content of a JSON file to a record, and check its types.

    Parameters
    ----------
    content
        Parsed JSON; after an error it is of no further use.
    record
        The class of the record.
    name
        What messages call the content, such as the path of its file.
    error
        Class of the error that is raised.

    Raises
    ------
    FileError
        If something is missing, of another type or out of range; the message says where and what.

    Examples
    --------
    >>> as_record({"sizes": {"n": 8}}, JsonObject, "a.json")
    {'sizes': {'n': 8}}
    >>> as_record({"sizes": {"n": "x"}}, dict[str, dict[str, int]], "a.json")
    Traceback (most recent call last):
        ...
    layerlaw.measure.files.file_error.FileError: a.json: sizes.n is 'x': expected int, got str
    """
    try:
        return msgspec.convert(content, record)
    except msgspec.ValidationError as reason:
        what, _, at = str(reason).partition(" - at ")
        place, value = _locate(content, record, at)
        problem = what.replace("`", "")
        if problem.startswith("Object missing"):
            raise error(f"{name}: {place or 'it'} has no {problem.split()[-1]}") from None
        problem = problem[0].lower() + problem[1:]
        raise error(f"{name}: {place or 'it'} is {_shown(value)}: {problem}") from None


def _locate(content: Any, record: Any, at: str) -> tuple[str, Any]:
    """Return the place at which a content is no record, as one reads it, and the value there.

    msgspec does not name keys of an object whose keys are free. Of those the one is looked for that
    gives the same error alone; the others are removed from the content, which is of no further use.
    """
    place, value = "", content
    for key, index in _STEP.findall(at):
        if isinstance(value, list):
            place, value = f"{place}[{index}]", value[int(index)]
            continue
        if index:
            key = _failing_key(content, record, value, at)
        place, value = f"{place}.{cell_text(key)}".removeprefix("."), value.get(key)
    return place, value


def _failing_key(content: Any, record: Any, parent: JsonObject, at: str) -> str:
    whole = dict(parent)
    for key, value in whole.items():
        parent.clear()
        parent[key] = value
        try:
            msgspec.convert(content, record)
        except msgspec.ValidationError as reason:
            if str(reason).endswith(f" - at {at}"):
                return key
    return ""


def _shown(value: Any) -> str:
    if isinstance(value, Mapping | list):
        return "an object" if isinstance(value, Mapping) else "an array"
    return f"'{cell_text(value)}'" if isinstance(value, str) else cell_text(json.dumps(value))
