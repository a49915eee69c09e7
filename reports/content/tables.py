"""A table of texts, the same in terminal, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

#: How the page shows a column: as text, as a name in code, as a number aligned to the right, or as
#: a formula that may wrap.
ColumnStyle = Literal["text", "code", "number", "formula"]


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Attributes
    ----------
    title
        What it shows, in a few words.
    head
        Titles of the columns.
    rows
        Cells, one for each title in each row.
    explanation
        How to read it, in a few sentences; empty if the section explains it.
    styles
        Styles of the columns; the last one holds for all further columns.
    row_heads
        Whether the first cell of a row is its heading.
    narrow
        Whether the page makes it only as wide as its cells.
    """

    kind: ClassVar = "table"

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    explanation: str = ""
    styles: Sequence[ColumnStyle] = ("text",)
    row_heads: bool = True
    narrow: bool = False

    def style(self, column: int) -> ColumnStyle:
        """Return the style of a column.

        >>> Table("", ("layer", "time", "error"), (), styles=("code", "number")).style(2)
        'number'
        """
        return self.styles[min(column, len(self.styles) - 1)]
