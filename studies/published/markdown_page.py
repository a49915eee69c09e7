"""docs/published.md and its figures: the laws of published measurements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ...analysis import (
    MARGIN,
    NONE,
    Array,
    ExactLaw,
    Fit,
    Verdict,
    join_words,
    metric_title,
    number,
)
from ...measure import SECONDS
from ...reports import (
    crossing_interval,
    escape_markdown,
    law_text,
    markdown_table,
    theory_text,
    write_atomically,
)
from ..validation import BaselineData, LogLogLine
from .figures import figure
from .fitting import FittedSource, fit_sources
from .outliers import SourcedPoint, outlier_rows, outlier_text, outliers_section, sourced_points
from .source import Source
from .sources import PAPERS, PLOTTED_ONLY
from .stated_crossings import MAX_INTERVAL_RATIO, ComparedCrossing, compare_crossing

PAGE = "published.md"
#: The command that makes the page again, whatever the folder of the tables is.
COMMAND = "layerlaw published FOLDER --out docs"


def write_page(
    folder: Path,
    out: Path,
    progress: Callable[[int, int, object], None] | None = None,
) -> list[Path]:
    """Write the page and its figures; the same tables give the same bytes.

    Parameters
    ----------
    folder
        Folder of the published tables.
    out
        Folder of the page; figures go to its subfolder ``images``.
    progress
        Called before each source with the number done, the number of all, and its title.

    Returns
    -------
    The paths of the files, the page first.
    """
    fitted = fit_sources(folder, progress)
    (out / "images").mkdir(parents=True, exist_ok=True)
    figures = {out / one.source.image: figure(one.source, one.fits) for one in fitted}
    written = {out / PAGE: render(fitted), **figures}
    return [write_atomically(path, text) for path, text in written.items()]


def render(fitted: Sequence[FittedSource]) -> str:
    """Write the page as Markdown."""
    sourced = sourced_points(fitted)
    compared = [
        (one.source, compare_crossing(statement, one.fits))
        for one in fitted
        for statement in one.source.statements
    ]
    return "\n\n".join(
        [
            *_opening(fitted, compared, sourced),
            *(text for one in fitted for text in _section(one)),
            *_crossings(compared),
            *outliers_section(sourced),
            "## Papers",
            "\n".join(f"- {paper}" for paper in PAPERS),
            "",
        ]
    )


def _opening(
    fitted: Sequence[FittedSource],
    compared: Sequence[tuple[Source, ComparedCrossing]],
    sourced: Sequence[SourcedPoint],
) -> Iterator[str]:
    fits = [fit for one in fitted for fit in one.fits]
    judged = [fit for fit in fits if fit.judgement is not None]
    by = {v: [f for f in judged if f.judgement and f.judgement.verdict is v] for v in Verdict}
    alone = [fit for fit in by[Verdict.MATCHES] if not _line_agrees(fit)]
    agree = sum(one.verdict == "agrees" for _, one in compared)
    found = outlier_rows(sourced)
    points = sum(len(fit.series.values) for fit in fits)
    yield "# What others measured"
    yield (
        f"{points} costs of layers and whole models on GPUs and TPUs, published by people outside "
        f"this project, and the {len(fits)} laws that layerlaw fits to them. No measurement was "
        "made for this method, though some were test data while it was developed. They are the "
        "evidence for hardware other than a CPU."
    )
    yield "Results:"
    yield "\n".join(
        [
            f"- Theory gives an order for {len(judged)} of the {len(fits)} laws: "
            f"{len(by[Verdict.MATCHES])} match it, {len(by[Verdict.DIFFERS])} differ, and "
            f"{len(by[Verdict.UNRESOLVED])} are unresolved with these points.",
            f"- For {len(alone)} of the {len(by[Verdict.MATCHES])} that match, a straight line "
            f"through logarithms has an exponent more than {MARGIN:g} from theory: overhead makes "
            "its slope smaller.",
            f"- Of {len(compared)} crossings that the sources state, {agree} "
            f"{'agrees' if agree == 1 else 'agree'} with the fitted ones.",
            f"- {len(found)} of the {len(fits)} laws have points that look like a misprint"
            + (f": {join_words([outlier_text(group) for group in found])}." if found else "."),
        ]
    )
    yield markdown_table(
        ["source", "hardware", "laws", *(v.value for v in Verdict), "no order expected"],
        (_count(one) for one in fitted),
    )
    yield (
        "[The method](method.md) explains laws, intervals and verdicts. Every number below comes "
        "from the fit, except what a source states. This page is the output of"
    )
    yield f"    {COMMAND}"
    yield "## How to read it"
    yield (
        "*Expected* is theory's order in the sizes that vary. *Exponents* are the fitted ones with "
        "95 % intervals. *Line* is the exponent of a straight line through the logarithms. "
        "*Scatter* is the standard deviation of the points around the law. Where no order is "
        "expected, the law is searched for and has no verdict. In the figures points are measured, "
        "solid lines are the laws with their 95 % bands, and dotted lines are the leading terms "
        "alone: the distance from the dotted line to the law is overhead."
    )


def _count(one: FittedSource) -> tuple[str, ...]:
    """Count a source's laws by their verdicts."""
    verdicts = [fit.judgement.verdict if fit.judgement else None for fit in one.fits]
    counts = (str(verdicts.count(verdict)) for verdict in (*Verdict, None))
    return one.source.title, one.source.hardware, str(len(verdicts)), *counts


def _line_agrees(fit: Fit) -> bool:
    """Return whether a log-log line is within the margin of theory in every axis."""
    return all(
        fit.theory is None or abs(slope - fit.theory.degree(axis)) <= MARGIN
        for axis, slope in zip(fit.series.axes, _line(fit), strict=True)
    )


def _section(one: FittedSource) -> Iterator[str]:
    source = one.source
    yield f"## {source.title}"
    yield f"{source.citation}."
    yield "\n".join(
        [
            f"- Hardware: {source.hardware}. Precision: {source.precision}.",
            "- Last printed digit: "
            + ", ".join(f"{metric_title(m)} {digit}" for m, digit in source.digits.items())
            + ".",
            *(f"- {note}" for note in source.notes),
        ]
    )
    yield f"![Points and fitted laws of {source.title}]({source.image})"
    yield markdown_table(
        ["layer", "of", "points", "expected", "exponents [95 %]", "line", "scatter", "verdict"],
        (_row(one, fit) for fit in one.fits),
    )
    yield "\n".join(
        f"- **{escape_markdown(one.name(fit))}**, {one.cost_title(fit)}: {_law_text(fit)}. "
        f"{escape_markdown(_reason(fit))}."
        for fit in one.fits
    )
    if source.orders:
        whose = dict.fromkeys(
            f"{source.name(layer)}, {metric_title(metric)}: {order.expression.replace('**', '^')} "
            f"({order.reference})"
            for (layer, metric), order in source.orders.items()
        )
        yield f"Sources of the orders: {escape_markdown('; '.join(whose))}."


def _line(fit: Fit) -> Array:
    """Fit a log-log line and return its exponents, (axes,)."""
    series = fit.series
    return LogLogLine().fit(BaselineData(series.axes, series.sizes, series.values)).exponents


def _row(one: FittedSource, fit: Fit) -> tuple[str, ...]:
    law, series = fit.law, fit.series
    line = _line(fit) if series.axes else ()
    return (
        one.name(fit),
        one.cost_title(fit),
        str(len(series.values)),
        theory_text(fit),
        "; ".join(map(str, law.exponents)) if law else NONE,
        "; ".join(f"{a} {slope:.2f}" for a, slope in zip(series.axes, line, strict=True)),
        f"{law.diagnostics.residual_sd:.1%}" if law else NONE,
        fit.judgement.verdict.value if fit.judgement else NONE,
    )


def _law_text(fit: Fit) -> str:
    if fit.law is None:
        return "no law"
    return escape_markdown(law_text(fit.law, fit.series.metric))


def _reason(fit: Fit) -> str:
    if fit.judgement is not None:
        return f"{fit.judgement.verdict.value.capitalize()}: {fit.reason}"
    if isinstance(fit.law, ExactLaw):
        return (
            f"A polynomial with {len(fit.law.polynomials[0])} terms gives all "
            f"{len(fit.law.values)} printed values exactly"
        )
    found = "; ".join(
        f"{candidate.text}: {candidate.weight:.2f}"
        for candidate in fit.candidates
        if candidate.weight > 0.05
    )
    spread = f"; candidates with their weights: {found}" if found else ""
    return f"Searched for without theory{spread}"


def _crossings(compared: Sequence[tuple[Source, ComparedCrossing]]) -> Iterator[str]:
    yield "## Crossings that sources state"
    yield (
        "The n from which on the first layer is cheaper than the second: as stated; where the "
        "fitted laws cross, with a 95 % interval; and where straight lines between the logarithms "
        "of the measured points cross. A statement *agrees* if the interval overlaps its range, "
        "*does not agree* if it does not overlap, and is *unresolved* if the interval is open or "
        f"spans more than a factor of {MAX_INTERVAL_RATIO:g}, as it would then agree with nearly "
        "any statement."
    )
    yield markdown_table(
        ["first", "second", "of", "stated", "fitted [95 %]", "straight lines", "verdict"],
        (_crossing_row(source, one) for source, one in compared),
    )
    texts = dict.fromkeys(f"{one.statement.reference}: {one.statement.text}" for _, one in compared)
    yield "Stated by: " + "; ".join(texts) + "."
    yield "Papers that state a crossing and only plot their times, which cannot be compared here:"
    yield "\n".join(f"- {paper}: {reason}." for paper, reason in PLOTTED_ONLY)


def _crossing_row(source: Source, one: ComparedCrossing) -> tuple[str, ...]:
    stated, found = one.statement, one.crossing
    return (
        source.name(stated.cheaper),
        source.name(stated.dearer),
        source.cost_title(stated.mode, SECONDS.name),
        f"{number(stated.low)} to {number(stated.high)}",
        f"{number(found.n)} {crossing_interval(found)}".strip() if found else "they do not cross",
        number(one.line_crossing) if one.line_crossing is not None else "they do not cross",
        one.verdict,
    )
