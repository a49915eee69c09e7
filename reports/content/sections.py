"""Sections of a report as data: what HTML and Markdown are both rendered from.

A study that a report shows gives a `Section`; the report knows nothing else of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from .tables import Table


@dataclass(frozen=True)
class Paragraph:
    """Plain text; a `quiet` one is printed in a muted colour on the page."""

    kind: ClassVar = "paragraph"

    text: str
    quiet: bool = False


@dataclass(frozen=True)
class Heading:
    """The title of a part of a section."""

    kind: ClassVar = "heading"

    text: str


@dataclass(frozen=True)
class Pairs:
    """A list of (label, value) pairs."""

    kind: ClassVar = "pairs"

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Figure:
    """A row of panels that wraps on a narrow screen, so that its text stays readable.

    Attributes
    ----------
    draw
        A function for each panel that draws it as inline SVG with its description: matplotlib is
        slow, and neither Markdown nor the terminal shows a figure.
    caption
        What is to be seen, in words.
    """

    kind: ClassVar = "figure"

    draw: Sequence[Callable[[], str]]
    caption: str

    @cached_property
    def panels(self) -> list[str]:
        """The panels, drawn when they are first asked for."""
        return [draw() for draw in self.draw]


@dataclass(frozen=True)
class Fold:
    """A table or pairs that the page shows when its title is clicked."""

    kind: ClassVar = "fold"

    title: str
    inside: Table | Pairs


@dataclass(frozen=True)
class VerdictStyle:
    """How a verdict looks: a sign that needs no colour, and the colour of a law's verdict."""

    sign: str
    colour: str


@dataclass(frozen=True)
class Finding:
    """A statement that was tested, with its verdict and its evidence.

    Attributes
    ----------
    group, name
        What it belongs to, and what it is called.
    verdict, style
        The verdict in words, and how it looks.
    text, original
        The statement, and the same in Chinese; the second may be empty.
    reason
        Why the verdict is not a plain yes; empty where it is.
    method
        How it was tested.
    evidence
        What was computed.
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
    """Statements that were tested: in Markdown a table with a row each comes first.

    Attributes
    ----------
    head
        Titles of that table: for group, name, verdict and reason.
    findings
        The statements.
    """

    kind: ClassVar = "findings"

    head: tuple[str, str, str, str]
    findings: Sequence[Finding]


Block = Paragraph | Heading | Pairs | Figure | Table | Fold | Findings


@dataclass(frozen=True)
class Section:
    """A section of a report.

    Attributes
    ----------
    anchor
        Its id on the page.
    title, short
        Its heading, and what the page's navigation calls it.
    blocks
        What it shows, in this order. Markdown shows no figures, and leaves out a section that has
        nothing else.
    after_laws
        Whether it comes after the details of the laws on the page, instead of before them.
    files
        Texts that are written into the report's folder with it, by file name.
    """

    anchor: str
    title: str
    short: str
    blocks: Sequence[Block]
    after_laws: bool = False
    files: Mapping[str, str] = field(default_factory=dict)
