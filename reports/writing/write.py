"""Writing a report's files, each atomically."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...analysis import Fit, to_json
from ..content import Content
from . import html, markdown
from .sections import build_sections


def write_report(
    folder: str | Path,
    content: Content,
    progress: Callable[[int, int, str], object] = lambda *_: None,
) -> list[Path]:
    """Write ``report.html``, ``report.md``, ``table.csv``, ``laws.json``, and files of sections.

    Parameters
    ----------
    folder
        The report's folder; it is created if it does not exist.
    content
        The content of the report, from `build_content`.
    progress
        Called with the number of laws drawn, the number of all laws, and "laws drawn".

    Returns
    -------
    The paths of the files, ``report.html`` first.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sections = build_sections(content)
    files = {
        "report.html": html.render(content, sections, progress),
        "report.md": markdown.render(content, sections),
        "table.csv": content.table.to_csv(index=False),
        "laws.json": laws_json(content.all_fits),
    }
    for section in sections:
        files |= section.files
    return [write_atomically(folder / name, text) for name, text in files.items()]


def laws_json(fits: Sequence[Fit]) -> str:
    """Write the laws as strict JSON, in which infinite numbers and NaN are null."""
    return json.dumps(_finite(to_json(fits)), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, float) and not float("-inf") < value < float("inf"):
        return None
    return value


def write_atomically(path: Path, text: str) -> Path:
    """Write a file atomically: a reader sees the old text or the new one, never a part of it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(0o644)  # mkstemp lets only the owner read
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path
