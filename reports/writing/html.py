"""report.html: one file that opens offline, in light and dark, on a phone and on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ... import layers
from ...analysis import CROSSING_HEAD, Fit, FittedLaw, called, number, outgrown
from ...studies.claims import presentation
from ...studies.gradients import pictures as gradient_pictures
from ..content import (
    COUNTS_EXPLAINED,
    COUNTS_HEAD,
    ROOFLINE_EXPLAINED,
    ROOFLINE_HEAD,
    SLOPES_EXPLAINED,
    SLOPES_HEAD,
    Content,
    SummaryRow,
    Term,
    gap_rows,
    overlap_text,
    reasons_of,
    share_rows,
    sums,
)
from ..figures import Picture, pictures, theme

#: Signs of the verdicts, told apart without colour.
_SIGNS = {"matches": "✓", "differs": "≠", "unresolved": "?"}


@dataclass(frozen=True)
class Section:
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
    pictures
        Its figures.
    """

    anchor: str
    row: SummaryRow
    fit: Fit
    facts: Sequence[tuple[str, str]]
    metric: str
    sums: Sequence[Sequence[Term]]
    overlap: str
    pictures: Sequence[Picture]


def render(content: Content, progress: Callable[[int, int, str], object] = lambda *_: None) -> str:
    """Write a report as a page that fetches nothing; `progress` is told how many laws are drawn."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"svg": Markup, "number": number}
    crossovers = pictures.crossover_pictures(content.crossovers)
    return environment.get_template("report.html.j2").render(
        content=content,
        sections=list(_sections(content, progress)),
        exponents=pictures.exponents_picture(content.fits, content.margin),
        counts_head=COUNTS_HEAD,
        counts_explained=COUNTS_EXPLAINED,
        counts_reasons=list(reasons_of(content.counted)),
        gaps=gap_rows(content.fits),
        gap_head=SLOPES_HEAD,
        gaps_picture=pictures.gaps_picture(content.fits),
        explained=SLOPES_EXPLAINED,
        shares=share_rows(content.fits),
        share_head=ROOFLINE_HEAD,
        roofs=pictures.roofs_picture(content.fits),
        speeds=pictures.speeds_picture(content.fits),
        roof_explained=ROOFLINE_EXPLAINED,
        crossovers=crossovers and crossovers[0],
        thresholds=pictures.thresholds_picture(content.fits),
        crossing_head=CROSSING_HEAD,
        carried=gradient_pictures(content.dependencies) if content.dependencies else [],
        crossings=crossovers[1] if crossovers else [],
        claims_title=presentation.TITLE,
        claims_explained=presentation.EXPLAINED,
        claims_machine=presentation.where(content.claims) if content.claims else "",
        marks=presentation.MARKS,
        signs=_SIGNS,
        light=Markup(theme.css(dark=False)),
        dark=Markup(theme.css(dark=True)),
    )


def _sections(content: Content, progress: Callable[[int, int, str], object]) -> Iterator[Section]:
    for index, (row, fit) in enumerate(zip(content.rows, content.fits, strict=True)):
        yield Section(
            anchor=f"law-{index}",
            row=row,
            fit=fit,
            facts=list(_facts(fit, content.caches)),
            metric=called(fit.series.metric),
            sums=sums(fit.law, fit.series.metric) if fit.law else (),
            overlap=overlap_text(fit.law) if fit.law else "",
            pictures=pictures.law_pictures(fit),
        )
        progress(index + 1, len(content.fits), "laws drawn")


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
            cache = outgrown(fit.series, fit.law, caches)
            probability = fit.law.breakpoint_probability if isinstance(fit.law, FittedLaw) else 0.0
            found = f"{fit.law.regimes} ({probability:.1%} likely)"
            yield "regimes", f"{found}: {cache}" if cache else found
        for held in fit.holdout_errors:
            yield (
                f"predicted {held.factor:g} times beyond",
                f"{held.error:.1%} off at the median of {held.points} points, the largest, that "
                "were left out",
            )
        for gap in fit.slope_gaps:
            yield f"slope in {gap.axis}", str(gap)
        overhead = fit.law.overhead()
        share = f"{overhead.min():.0%} to {overhead.max():.0%}"
        yield "share of lower-order terms", f"{share} of the law, by point"
