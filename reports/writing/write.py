"""Write a report: the page, its Markdown, the table and the laws, each whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ...analysis import MARGIN, Fit, to_json
from ...studies.claims import FILE as CLAIMS, Record
from ...studies.gradients import RECORD, dependencies, read_record
from ..content import content, in_order
from . import html, markdown


def write_report(
    folder: str | Path,
    table: pd.DataFrame,
    fits: Sequence[Fit],
    machine: Mapping[str, Any],
    settings: Mapping[str, Any],
    command: str,
    *,
    margin: float = MARGIN,
    claims: Record | None = None,
    progress: Callable[[int, int, str], object] = lambda *_: None,
) -> list[Path]:
    """Write ``report.html``, ``report.md``, ``table.csv``, ``laws.json``, and ``claims.json``.

    Parameters
    ----------
    folder
        Where to; it is made if it is not there. What `layerlaw dependencies` left in it becomes a
        section.
    table
        The tidy rows that were fitted, one per repeat.
    fits
        The laws; they are reported in the order of the registry.
    machine
        The machine's fingerprint, as JSON holds it; empty where it is not known.
    settings
        How it was measured, as JSON holds it: the profile, the plan's settings, the controls in
        force. Mappings within it are flattened; of ``cases`` only their number is told.
    command
        What makes the report again.
    margin
        The margin that the fits were judged with.
    claims
        Statements of the course text that were tested, if any were: without them there is no
        ``claims.json``.
    progress
        Called with how many laws are drawn, how many there are, and what they are.

    Returns
    -------
    The paths, the page first.

    Raises
    ------
    RecordError
        If the folder's record of dependencies cannot be read.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    fits = in_order(fits)
    record = folder / RECORD
    carried = dependencies(read_record(record)) if record.is_file() else None
    said = content(table, fits, machine, settings, command, margin, carried, claims)
    files = {
        "report.html": html.render(said, progress),
        "report.md": markdown.render(said),
        "table.csv": table.to_csv(index=False),
        "laws.json": laws_json(fits),
    }
    if claims is not None:
        files[CLAIMS] = claims.to_json()
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
    """Write beside the file and move it into place, so that a reader never sees half of it."""
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
