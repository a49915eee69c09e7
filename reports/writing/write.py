"""Writing a report's files, each atomically."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...analysis import Fit, to_json
from ..content import Content
from . import html, markdown
from .files import write_atomically, write_table
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
    texts = {
        "report.html": html.render(content, sections, progress),
        "report.md": markdown.render(content, sections),
        "laws.json": laws_json(content.all_fits),
    }
    for section in sections:
        texts |= section.files
    page, summary, *others = (write_atomically(folder / name, texts[name]) for name in texts)
    return [page, summary, write_table(folder / "table.csv", content.table), *others]


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
