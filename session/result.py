"""The result of a run: its table, laws and verdicts, with its report, repr and saved file."""

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
from .archive import ARCHIVE_LIMIT, read_archive, write_archive
from .measurements import Measurements
from .observer import Observer


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Result(Measurements):
    """A table of measurements with its laws and their verdicts.

    Attributes
    ----------
    table, machine, settings, claims, layers
        What was measured; see `Measurements`.
    fits
        The laws with their verdicts, in the order of the registry.
    expect, axes, margin
        The arguments of the fit; see `analysis.fit`.
    command
        The command or the call of `layerlaw.run` that repeats the run.
    crossovers
        The crossings of the laws of times; None if they were not computed yet.

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
    def from_measurements(
        cls,
        measured: Measurements,
        fits: Sequence[Fit] | None = None,
        *,
        expect: Mapping[str, str] | None = None,
        axes: Sequence[str] = (),
        margin: float = MARGIN,
        command: str = "",
        crossovers: Sequence[Crossovers] | None = None,
        observer: Observer | None = None,
    ) -> Result:
        """Fit the laws of measurements, and judge them.

        Parameters
        ----------
        measured
            The measurements.
        fits
            The laws, if they are fitted already.
        expect, axes, margin
            As in `analysis.fit`.
        command
            The command or the call that repeats the run.
        crossovers
            The crossings of the laws of times, if they are computed already.
        observer
            Called before each law is fitted.

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
        """The content of the report, computed once for the terminal, Markdown and HTML."""
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
            The folder; it is made if it does not exist.
        progress
            Called with the number of laws drawn, the number of all, and their name.

        Returns
        -------
        The paths, the page first.
        """
        content, gradients = self.content, read_section(Path(folder))
        if gradients is not None:
            content = replace(content, sections=[gradients, *content.sections])
        with override_layers(self.layers):
            return write_report(folder, content, progress)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON values; ``laws`` is the content of ``laws.json``."""
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
        """Write the result into one file, which `load` reads.

        The file is a ZIP archive of ``table.csv``, which `layerlaw.fit` reads, and
        ``result.json``: `to_dict`, the types of the columns and the user's own layers.

        Returns
        -------
        The path.
        """
        return write_archive(Path(path), self, self.to_dict())

    @classmethod
    def load(cls, path: str | Path, file_limit: float = ARCHIVE_LIMIT) -> Result:
        """Read a file that `save` wrote, and fit the same laws to its table again.

        The user's own layers need not exist here: their derived theory is in the file.

        Parameters
        ----------
        path
            The file.
        file_limit
            Largest size in MiB of the file, and of what it unpacks to.

        Raises
        ------
        ArchiveError
            If the file is not a saved result, or is of another version.
        """
        measured, record = read_archive(Path(path), file_limit)
        return cls.from_measurements(
            measured,
            expect=record.expect,
            axes=record.axes,
            margin=record.margin,
            command=record.command,
        )

    def __repr__(self) -> str:
        return "\n".join(": ".join(line) for line in self._lines()) or "no law was fitted"

    def _repr_html_(self) -> str:
        """Return an HTML table for a notebook: each law with its exponents and its verdict."""
        rows = (
            "".join(f"<td>{escape(cell)}</td>" for cell in (name, exponents, verdict))
            for name, exponents, verdict in self._lines()
        )
        head = "<tr><th>layer</th><th>exponents [95 %]</th><th>verdict</th></tr>"
        return f"<table>{head}{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"

    def _lines(self) -> Iterator[tuple[str, str, str]]:
        """Yield layer, exponents and verdict of the laws of times, or of all laws without any."""
        fits = [one for one in self.fits if one.series.timed] or self.fits
        with override_layers(self.layers):
            rows = summary_rows(fits)
        for row, one in zip(rows, fits, strict=True):
            exponents = ", ".join(row.exponents) or one.reason
            yield row.label, exponents, row.verdict if one.judgement else "no theory"
