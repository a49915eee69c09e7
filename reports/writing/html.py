"""report.html: one file that opens offline, in light and dark, on a phone and on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ... import layers
from ...analysis import Fit, FittedLaw, metric_title, outgrown_cache
from ..content import Content, Figure, Section, SummaryRow, Term, overlap_text, sums
from ..figures import law_figures, theme

#: Signs of the verdicts, which need no colour.
_SIGNS = {"matches": "✓", "differs": "≠", "unresolved": "?"}


@dataclass(frozen=True)
class LawDetails:
    """What the page says of one law.

    Attributes
    ----------
    anchor
        Its id on the page.
    row, fit
        The law's row of the summary, and the law.
    facts
        (label, value) pairs: the formula, the source of theory, how well the law describes.
    metric, sums, overlap
        Name of the cost, the terms of the sums whose largest is the law, and the overlap exponent
        where it is not 1.
    figures
        Its figures.
    """

    anchor: str
    row: SummaryRow
    fit: Fit
    facts: Sequence[tuple[str, str]]
    metric: str
    sums: Sequence[Sequence[Term]]
    overlap: str
    figures: Sequence[Figure]


def render(
    content: Content,
    sections: Sequence[Section],
    progress: Callable[[int, int, str], object] = lambda *_: None,
) -> str:
    """Write a report as a page that fetches nothing.

    Parameters
    ----------
    content
        What it says.
    sections
        Those of `sections_of`.
    progress
        Called with how many laws are drawn, how many there are, and what they are.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["svg"] = Markup
    return environment.get_template("report.html.j2").render(
        content=content,
        summary=content.summary,
        sections=[section for section in sections if not section.after_laws],
        last_sections=[section for section in sections if section.after_laws],
        files=["laws.json", *(name for section in sections for name in section.files)],
        laws=list(_laws(content, progress)),
        signs=_SIGNS,
        light=Markup(theme.css(dark=False)),
        dark=Markup(theme.css(dark=True)),
    )


def _laws(content: Content, progress: Callable[[int, int, str], object]) -> Iterator[LawDetails]:
    rows, fits = content.summary.rows, content.summary.fits
    for index, (row, fit) in enumerate(zip(rows, fits, strict=True)):
        figures = law_figures(fit)
        for figure in figures:
            _ = figure.panels  # drawn now, so that progress is what is done
        yield LawDetails(
            anchor=f"law-{index}",
            row=row,
            fit=fit,
            facts=list(_facts(fit, content.caches)),
            metric=metric_title(fit.series.metric),
            sums=sums(fit.law, fit.series.metric) if fit.law else (),
            overlap=overlap_text(fit.law) if fit.law else "",
            figures=figures,
        )
        progress(index + 1, len(fits), "laws drawn")


def _facts(fit: Fit, caches: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    name = fit.series.layer
    if (layer := layers.find(name)) is not None:
        if layer.formula:
            yield "formula", layer.formula
        if "time" in layer.theory.sources:
            yield "source of theory", layer.theory.sources["time"]
    yield "points", str(len(fit.series.values))
    if fit.law is not None:
        yield "scatter around the law", str(fit.law.diagnostics)
        if isinstance(fit.law, FittedLaw) and fit.law.overlap != 1:
            likely = 1 - fit.law.overlaps.get(1, 0.0)
            yield (
                "overlap",
                f"parts of the work run at the same time ({likely:.0%} likely): powers of p = "
                f"{overlap_text(fit.law)} add up instead of the times themselves",
            )
        if fit.law.regimes:
            cache = outgrown_cache(fit.series, fit.law, caches)
            probability = fit.law.breakpoint_probability if isinstance(fit.law, FittedLaw) else 0.0
            found = f"{fit.law.regimes} ({probability:.1%} likely)"
            yield "regimes", f"{found}: {cache}" if cache else found
        for holdout in fit.holdout_errors:
            yield (
                f"predicted {holdout.factor:g} times beyond",
                f"{holdout.error:.1%} off at the median of {holdout.points} points, the largest, "
                "that were left out",
            )
        for gap in fit.slope_gaps:
            yield f"slope in {gap.axis}", str(gap)
        overhead = fit.law.overhead()
        share = f"{overhead.min():.0%} to {overhead.max():.0%}"
        yield "share of lower-order terms", f"{share} of the law, by point"
