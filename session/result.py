"""What comes out of a run: the table, its laws and their verdicts, ready to be told or kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from ..analysis import MARGIN, Crossovers, Fit, fit
from ..layers import override_layers
from ..reports import (
    Content,
    build_content,
    laws_json,
    sort_by_registry,
    summary_rows,
    write_report,
)
from ..studies.claims import claims_section
from ..studies.gradients import read_section
from .archive import read_archive, write_archive
from .measured import Measured
from .observer import Observer


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Result(Measured):
    """A table of measurements with its laws and their verdicts.

    Attributes
    ----------
    table, machine, settings, claims, layers
        What was measured; see `Measured`.
    fits
        The laws, in the order of the registry.
    expect, axes, margin
        What they were fitted and judged with; see `analysis.fit`.
    command
        What makes it again: a call of the command or of `layerlaw.run`.
    crossovers
        Where the laws of times cross over; None where that was not asked for yet.

    Examples
    --------
    >>> import layerlaw
    >>> layerlaw.run("attention", profile="quick")  # doctest: +SKIP
    attention: n 1.99 [1.97, 2.01], d 1.00 [0.98, 1.02]: matches
    """

    fits: Sequence[Fit]
    expect: Mapping[str, str] = field(default_factory=dict)
    axes: Sequence[str] = ()
    margin: float = MARGIN
    command: str = ""
    crossovers: Sequence[Crossovers] | None = None

    @classmethod
    def of(
        cls,
        measured: Measured,
        fits: Sequence[Fit] | None = None,
        *,
        expect: Mapping[str, str] | None = None,
        axes: Sequence[str] = (),
        margin: float = MARGIN,
        command: str = "",
        crossovers: Sequence[Crossovers] | None = None,
        observer: Observer | None = None,
    ) -> Result:
        """Fit the laws of what was measured, and judge them.

        Parameters
        ----------
        measured
            The table, and what is known of it.
        fits
            The laws, where they are fitted already.
        expect, axes, margin
            As in `analysis.fit`.
        command
            What makes it again.
        crossovers
            Where the laws of times cross over, where that is known already.
        observer
            Hears of the laws.

        Raises
        ------
        TableError, ExpressionError, ValueError
            As `analysis.fit` does.
        """
        if fits is None:
            with (
                override_layers(measured.layers),
                (observer or Observer()).fitting("laws") as update,
            ):
                fits = fit(measured.table, expect, axes=axes, margin=margin, progress=update)
        return cls(
            table=measured.table,
            machine=measured.machine,
            settings=measured.settings,
            claims=measured.claims,
            layers=measured.layers,
            fits=tuple(sort_by_registry(fits)),
            expect=dict(expect or {}),
            axes=tuple(axes),
            margin=margin,
            command=command,
            crossovers=crossovers,
        )

    @cached_property
    def content(self) -> Content:
        """What a report of it says, computed once for the terminal, Markdown and HTML."""
        with override_layers(self.layers):
            return build_content(
                self.table,
                self.fits,
                self.machine,
                self.settings,
                self.command,
                margin=self.margin,
                sections=[] if self.claims is None else [claims_section(self.claims)],
                crossovers=self.crossovers,
            )

    def report(
        self,
        folder: str | Path,
        progress: Callable[[int, int, str], object] = lambda *_: None,
    ) -> list[Path]:
        """Write the report into a folder: the page, its Markdown, the table and the laws.

        Parameters
        ----------
        folder
            Where to; it is made if it is not there.
        progress
            Called with how many laws are drawn, how many there are, and what they are.

        Returns
        -------
        The paths, the page first.
        """
        content, found = self.content, read_section(Path(folder))
        if found is not None:
            content = replace(content, sections=[found, *content.sections])
        with override_layers(self.layers):
            return write_report(folder, content, progress)

    def to_dict(self) -> dict[str, Any]:
        """Give what came out as JSON holds it: ``laws`` is what ``laws.json`` has."""
        return {
            "command": self.command,
            "machine": dict(self.machine),
            "settings": dict(self.settings),
            "expect": dict(self.expect),
            "axes": list(self.axes),
            "margin": self.margin,
            "laws": json.loads(laws_json(self.fits)),
            "claims": None if self.claims is None else json.loads(self.claims.to_json()),
        }

    def save(self, path: str | Path) -> Path:
        """Write it into one file, from which `load` gives it back.

        The file is a ZIP archive of ``table.csv``, as `layerlaw.fit` reads it, and
        ``result.json``: `to_dict`, the columns' types and the layers of one's own.

        Returns
        -------
        The path.
        """
        return write_archive(Path(path), self, self.to_dict())

    @classmethod
    def load(cls, path: str | Path) -> Result:
        """Read what `save` wrote; the laws are fitted anew to the same table, and are the same.

        A layer of one's own need not be there: what was derived of it is in the file.

        Raises
        ------
        ArchiveError
            If the file is no result, or one of another version.
        """
        measured, given = read_archive(Path(path))
        return cls.of(
            measured,
            expect=given["expect"],
            axes=given["axes"],
            margin=given["margin"],
            command=given["command"],
        )

    def __repr__(self) -> str:
        return "\n".join(": ".join(line) for line in self._lines()) or "no law was fitted"

    def _repr_html_(self) -> str:
        """Show it in a notebook: a row for each law, with its exponents and its verdict."""
        rows = (
            "".join(f"<td>{escape(cell)}</td>" for cell in (name, exponents, verdict))
            for name, exponents, verdict in self._lines()
        )
        head = "<tr><th>layer</th><th>exponents [95 %]</th><th>verdict</th></tr>"
        return f"<table>{head}{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"

    def _lines(self) -> Iterator[tuple[str, str, str]]:
        """Give the layer, exponents and verdict of each law of times, or of each law if none is."""
        fits = [one for one in self.fits if one.series.timed] or self.fits
        with override_layers(self.layers):
            rows = summary_rows(fits)
        for row, one in zip(rows, fits, strict=True):
            exponents = ", ".join(row.exponents) or one.reason
            yield row.label, exponents, row.verdict if one.judgement else "no theory"
