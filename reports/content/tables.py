"""A table for a reader, the same in the terminal, in Markdown and in HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

#: How the cells of a column look on the page: as text, as a name in code, as a number that is
#: aligned to the right, or as a formula that may be folded.
ColumnStyle = Literal["text", "code", "number", "formula"]


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Attributes
    ----------
    title
        What it shows, in a few words.
    head
        The titles of the columns.
    rows
        Cells, as many in each row as there are titles.
    explained
        How it is read, in a few sentences; empty where the section says so.
    styles
        How the columns look on the page; the last one is that of all further columns.
    row_heads
        Whether the first cell of a row names what the row is about.
    narrow
        Whether it is no wider on the page than its cells.
    """

    kind: ClassVar = "table"

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    explained: str = ""
    styles: Sequence[ColumnStyle] = ("text",)
    row_heads: bool = True
    narrow: bool = False

    def style(self, column: int) -> ColumnStyle:
        """Say how a column looks on the page.

        >>> Table("", ("layer", "time", "error"), (), styles=("code", "number")).style(2)
        'number'
        """
        return self.styles[min(column, len(self.styles) - 1)]
