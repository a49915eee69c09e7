"""Write a report: the page, its Markdown, the table and the laws, each whole or not at all."""

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
from .sections import sections_of


def write_report(
    folder: str | Path,
    content: Content,
    progress: Callable[[int, int, str], object] = lambda *_: None,
) -> list[Path]:
    """Write ``report.html``, ``report.md``, ``table.csv``, ``laws.json``, and files of sections.

    Parameters
    ----------
    folder
        Where to; it is made if it is not there.
    content
        What the report says, as `build_content` gives it.
    progress
        Called with how many laws are drawn, how many there are, and what they are.

    Returns
    -------
    The paths, the page first.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sections = sections_of(content)
    files = {
        "report.html": html.render(content, sections, progress),
        "report.md": markdown.render(content, sections),
        "table.csv": content.table.to_csv(index=False),
        "laws.json": laws_json(content.all_fits),
    }
    for section in sections:
        files |= section.files
    return [write_whole(folder / name, text) for name, text in files.items()]


def laws_json(fits: Sequence[Fit]) -> str:
    """Write the laws as strict JSON, in which what is not finite is null."""
    return json.dumps(_finite(to_json(fits)), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, float) and not float("-inf") < value < float("inf"):
        return None
    return value


def write_whole(path: Path, text: str) -> Path:
    """Write a temporary file and rename it, so that a reader never sees half of it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(0o644)  # mkstemp's files are their owner's alone
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path
