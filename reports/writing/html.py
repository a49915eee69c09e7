"""report.html: one file that opens offline, in light and dark, on phones and in print."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ... import layers
from ...analysis import Fit, FittedLaw, metric_title, outgrown_cache
from ..content import Content, Figure, Section, SummaryRow, Term, overlap_text, term_sums
from ..figures import law_figures, theme

#: Signs of the verdicts, which are clear without colour.
_SIGNS = {"matches": "✓", "differs": "≠", "unresolved": "?"}


@dataclass(frozen=True)
class LawDetails:
    """The page's details of one law.

    Attributes
    ----------
    anchor
        Its id on the page.
    row, fit
        The law's row of the summary, and its fit.
    facts
        (label, value) pairs: the layer's formula, the source of theory, the quality of the fit.
    metric, sums, overlap
        Title of the metric, the sums of terms whose largest is the law, and the overlap exponent
        if it is not 1.
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
    """Write a report as a page that loads no other file.

    Parameters
    ----------
    content
        The content of the report.
    sections
        Its sections, from `build_sections`.
    progress
        Called with the number of laws drawn, the number of all laws, and "laws drawn".
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
        light=Markup(theme.css_variables(dark=False)),
        dark=Markup(theme.css_variables(dark=True)),
    )


def _laws(content: Content, progress: Callable[[int, int, str], object]) -> Iterator[LawDetails]:
    rows, fits = content.summary.rows, content.summary.fits
    for index, (row, fit) in enumerate(zip(rows, fits, strict=True)):
        figures = law_figures(fit)
        for figure in figures:
            _ = figure.panels  # draw now, so that progress is true
        yield LawDetails(
            anchor=f"law-{index}",
            row=row,
            fit=fit,
            facts=list(_facts(fit, content.caches)),
            metric=metric_title(fit.series.metric),
            sums=term_sums(fit.law, fit.series.metric) if fit.law else (),
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
                f"parts of the work run at the same time ({likely:.0%} likely): their times add up "
                f"as a power mean with p = {overlap_text(fit.law)}",
            )
        if fit.law.regimes:
            cache = outgrown_cache(fit.series, fit.law, caches)
            probability = fit.law.breakpoint_probability if isinstance(fit.law, FittedLaw) else 0.0
            found = f"{fit.law.regimes} ({probability:.1%} likely)"
            yield "regimes", f"{found}: {cache}" if cache else found
        for holdout in fit.holdout_errors:
            yield (
                f"holdout error at {holdout.factor:g} times the sizes",
                f"{holdout.error:.1%}, the median over the {holdout.points} largest points, "
                "predicted by the law of the others",
            )
        for gap in fit.slope_gaps:
            yield f"slope in {gap.axis}", str(gap)
        overhead = fit.law.overhead()
        share = f"{overhead.min():.0%} to {overhead.max():.0%}"
        yield "share of lower-order terms", f"{share} of the law, by point"
