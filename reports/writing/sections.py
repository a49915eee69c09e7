"""The sections of every report: tables and figures of its laws.

To add a figure, add a module to `reports/figures` and a line here.
"""

from __future__ import annotations

from collections.abc import Callable

from ..content import (
    Block,
    Collapsible,
    Content,
    Pairs,
    Paragraph,
    Section,
    crossings_table,
    roofline_table,
    slopes_table,
)
from ..figures import (
    crossovers_figure,
    exponents_figure,
    machine_speeds_figure,
    roofline_figure,
    slope_gaps_figure,
    thresholds_figure,
)


def build_sections(content: Content) -> list[Section]:
    """Build the sections of a report that are not empty; sections of studies come last."""
    built = [section for build in _SECTIONS if (section := build(content)).blocks]
    return [*built, *content.sections]


def _exponents(content: Content) -> Section:
    figure = exponents_figure(content.summary.fits, content.margin)
    title = "Exponents and theory"
    return Section("exponents", title, "Exponents", [figure] if figure else [])


def _counts(content: Content) -> Section:
    table, reasons = content.summary.counts, content.summary.count_reasons
    blocks: list[Block] = [Paragraph(table.explanation), table] if table.rows else []
    if reasons:
        blocks.append(Collapsible("Why some differ from theory", Pairs(reasons)))
    return Section("counts", table.title, "Counts", blocks)


def _slopes(content: Content) -> Section:
    fits = content.summary.fits
    table, figure = slopes_table(fits), slope_gaps_figure(fits)
    blocks: list[Block] = []
    if figure:
        blocks += [Paragraph(table.explanation), figure, Collapsible(table.title, table)]
    return Section("gaps", "Why slopes differ from theory", "Why slopes differ", blocks)


def _roofline(content: Content) -> Section:
    fits = content.summary.fits
    table, title = roofline_table(fits), "What this machine can do"
    roofline, speeds = roofline_figure(fits), machine_speeds_figure(fits)
    blocks: list[Block] = []
    if roofline and speeds:
        blocks += [Paragraph(table.explanation), roofline, table, speeds]
    return Section("roofline", title, title, blocks)


def _crossovers(content: Content) -> Section:
    figures = crossovers_figure(content.crossovers), thresholds_figure(content.thresholds)
    table = crossings_table(content.crossovers)
    blocks: list[Block] = [figure for figure in figures if figure]
    if table.rows:
        blocks.append(Collapsible("All crossings at these widths", table))
    return Section("crossovers", "Where layers cross over", "Crossovers", blocks)


_SECTIONS: tuple[Callable[[Content], Section], ...] = (
    _exponents,
    _counts,
    _slopes,
    _roofline,
    _crossovers,
)
