"""Sections of a report as data, from which HTML and Markdown are rendered.

A study adds a `Section` to a report; the report knows nothing else of the study.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from .tables import Table


@dataclass(frozen=True)
class Paragraph:
    """Plain text; if `quiet`, the page prints it in a muted colour."""

    kind: ClassVar = "paragraph"

    text: str
    quiet: bool = False


@dataclass(frozen=True)
class Heading:
    """A title within a section."""

    kind: ClassVar = "heading"

    text: str


@dataclass(frozen=True)
class Pairs:
    """A list of (label, value) pairs."""

    kind: ClassVar = "pairs"

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Figure:
    """Panels in a row that wraps on a narrow screen, so that text stays readable.

    Attributes
    ----------
    panel_functions
        A function for each panel that draws it as inline SVG. Functions, because matplotlib is
        slow and neither Markdown nor the terminal shows a figure.
    caption
        What the figure shows, in words.
    """

    kind: ClassVar = "figure"

    panel_functions: Sequence[Callable[[], str]]
    caption: str

    @cached_property
    def panels(self) -> list[str]:
        """The panels as inline SVG, drawn on first access."""
        return [draw() for draw in self.panel_functions]


@dataclass(frozen=True)
class Collapsible:
    """A table or pairs that the page shows after a click on the title."""

    kind: ClassVar = "fold"

    title: str
    inside: Table | Pairs


@dataclass(frozen=True)
class VerdictStyle:
    """How a verdict looks: a sign that is clear without colour, and a colour of the theme."""

    sign: str
    colour: str


@dataclass(frozen=True)
class Finding:
    """A statement that was tested, with its verdict and its evidence.

    Attributes
    ----------
    group, name
        The group that it belongs to, such as an exercise, and its name.
    verdict, style
        The verdict in words, and its sign and colour.
    text, original
        The statement in English, and in Chinese; the second may be empty.
    reason
        Why the statement is refuted or conditional; empty if it is confirmed.
    method
        How it was tested.
    evidence
        The computed numbers.
    """

    group: str
    name: str
    verdict: str
    style: VerdictStyle
    text: str
    original: str
    reason: str
    method: str
    evidence: Table


@dataclass(frozen=True)
class Findings:
    """Tested statements; in Markdown a table with a row for each comes first.

    Attributes
    ----------
    head
        Column titles of that table: group, name, verdict and reason.
    findings
        The statements.
    """

    kind: ClassVar = "findings"

    head: tuple[str, str, str, str]
    findings: Sequence[Finding]


Block = Paragraph | Heading | Pairs | Figure | Table | Collapsible | Findings


@dataclass(frozen=True)
class Section:
    """A section of a report.

    Attributes
    ----------
    anchor
        Its id on the page.
    title, short
        Its heading, and its name in the page's navigation.
    blocks
        Its content in order. Markdown shows no figures, and leaves out a section of figures alone.
    after_laws
        Whether the page shows it after the details of the laws instead of before them.
    files
        Further texts to write into the report's folder, by file name.
    """

    anchor: str
    title: str
    short: str
    blocks: Sequence[Block]
    after_laws: bool = False
    files: Mapping[str, str] = field(default_factory=dict)
