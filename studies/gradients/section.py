"""The results as a section of a report."""

from __future__ import annotations

import os
from pathlib import Path

from ...reports import Block, Heading, Pairs, Paragraph, Section
from .figures import dependencies_figures
from .record import RECORD_FILE, fit_record, read_record
from .results import Dependencies
from .tables import dependencies_tables


def dependencies_section(found: Dependencies) -> Section:
    """Write the results as a section with figures and tables."""
    parts: list[Block] = [*dependencies_figures(found)]
    for table in dependencies_tables(found):
        parts += [Heading(table.title), Paragraph(table.explanation, quiet=True), table]
    return Section(
        "dependencies",
        "How far a signal carries",
        "How far",
        [*parts, Pairs(found.settings)],
    )


def read_section(folder: Path) -> Section | None:
    """Read the record in a folder and write its section; None if there is no record.

    Raises
    ------
    RecordError
        If the record cannot be read.
    """
    path = folder / RECORD_FILE
    if not os.path.lexists(path):
        return None
    return dependencies_section(fit_record(read_record(path), str(path)))
