"""Read files of JSON whose top level is an object."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from .file_error import FileError, cell_text
from .regular_files import FILE_LIMIT, decode_text, read_text

#: Levels of nested arrays and objects. What is nested deeper may exceed Python's stack where it is
#: used, though not where it is read.
_DEEPEST = 100
_TOO_DEEP = f"its JSON is nested in more than {_DEEPEST} levels"

#: Digits of a whole number; a float has at most as many.
_MOST_DIGITS = 308
_LONG_NUMBER = re.compile(rb"\d{%d}" % (_MOST_DIGITS + 1))

#: Half of a character of UTF-16, which cannot be written.
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def load_json(
    path: Path, limit: float = FILE_LIMIT, error: type[FileError] = FileError
) -> dict[str, Any]:
    """Load a JSON file whose top level is an object.

    Parameters
    ----------
    path
        The file, as `read_text` reads it.
    limit
        Largest size in MiB.
    error
        Class of the error that is raised.

    Raises
    ------
    FileError
        As `parse_json` does, and if the file cannot be read.
    """
    return parse_json(read_text(path, limit, error), str(path), error)


def parse_json(data: bytes, name: str, error: type[FileError] = FileError) -> dict[str, Any]:
    """Parse JSON whose top level is an object.

    Python's parser reads it, since asv writes NaN for what was skipped, which msgspec refuses.

    Parameters
    ----------
    data
        The text.
    name
        What messages call it, such as the path of its file.
    error
        Class of the error that is raised.

    Raises
    ------
    FileError
        If it is no JSON, if a key occurs twice, if a number has too many digits, if a text has half
        a character, or if it is nested too deep.
    """
    data = decode_text(data, name, error)
    # Both are rare, and cost time where they are looked for in every value.
    parse_int = _whole if _LONG_NUMBER.search(data) else None
    try:
        content = json.loads(data, object_pairs_hook=_distinct, parse_int=parse_int)
    except ValueError as reason:
        raise error(f"{name}: cannot be read as JSON: {reason}") from None
    except RecursionError:
        raise error(f"{name}: {_TOO_DEEP}") from None
    if not isinstance(content, dict):
        raise error(f"{name}: its JSON is not an object")
    if _is_deeper(content, _DEEPEST):
        raise error(f"{name}: {_TOO_DEEP}")
    if _ESCAPED_SURROGATE.search(data) and (found := _half_character(content)):
        raise error(f"{name}: {cell_text(found)} has half a character of UTF-16")
    return content


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        known: set[str] = set()
        for name, _ in pairs:
            if name in known:
                raise ValueError(f"the key '{cell_text(name)}' occurs twice in an object")
            known.add(name)
    return content


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(
            f"{cell_text(digits)} has {len(digits)} digits; at most {_MOST_DIGITS} are read"
        )
    return int(digits)


def _is_deeper(content: dict[str, Any], levels: int) -> bool:
    """Whether a JSON value has more levels of arrays and objects, found without recursion."""
    level: list[Any] = [content]
    for _ in range(levels):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _half_character(content: Any) -> str:
    """Return a text that has half a character; empty if there is none."""
    for text in re.findall(r'"(?:[^"\\]|\\.)*"', json.dumps(content, ensure_ascii=False)):
        if _SURROGATE.search(text):
            return str(text)
    return ""
