"""docs/published.md: the laws of measurements that others published, written from their fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..analysis import MARGIN, Fit, Verdict
from ..analysis.fits import fit_series
from ..analysis.line import slopes
from ..analysis.misprints import LEVEL, Deleted, misprints
from ..analysis.table import KEYS, SIZES, check, cut, read_csv
from ..analysis.terms import parse
from .formulas import overlap_text, terms, theory_text
from .markdown import escape, table
from .published_figures import figure
from .sources import DRAWN, NAMES, SOURCES, Digit, Reading, Source
from .statements import WIDEST, Checked
from .statements import check as check_statement
from .units import NONE, called, listed, number, sizes
from .write import write_whole

PAGE = "published.md"
#: What makes the page again, wherever the tables lie.
COMMAND = "layerlaw published FOLDER --out docs"
_TOLD_APART = 2.0  # standard deviations between two readings, below which a law is silent
_NEXT = 3  # points that are shown although the rule does not tell of them
_DELETED = (
    "layer",
    "of",
    "point",
    "printed",
    "law of the others",
    "cost / law",
    "studentised",
    "level",
    "looks like a misprint",
)
_MODES = {
    "training": "forward and backward",
    "backward_inputs": "gradient of inputs",
    "backward_weights": "gradient of weights",
}


@dataclass(frozen=True)
class Fitted:
    """A source with its laws."""

    source: Source
    fits: Sequence[Fit]


def fit_sources(
    folder: Path, progress: Callable[[int, int, object], None] | None = None
) -> list[Fitted]:
    """Read a folder of published tables and fit every law, told theory's order where there is one.

    Raises
    ------
    TableError
        If a file is not there, or cannot be used.
    """
    found = []
    for done, source in enumerate(SOURCES):
        if progress is not None:
            progress(done, len(SOURCES), source.title)
        found.append(Fitted(source, list(_fits(folder / source.file, source))))
    return found


def _fits(path: Path, source: Source) -> Iterator[Fit]:
    whole = read_csv(path)
    for layer, mode, metric in dict.fromkeys(
        whole[["layer", "mode", "metric"]].itertuples(index=False, name=None)
    ):
        own = (whole["layer"] == layer) & (whole["mode"] == mode) & (whole["metric"] == metric)
        rows = whole[own]
        if layer in source.only:
            column, value = source.only[layer]
            rows = rows[rows[column] == value]
        axes = tuple(source.axes.get(layer, ()))
        columns = [c for c in (*KEYS, *SIZES, *axes, "value") if c in rows.columns]
        frame = check(rows[columns], str(path), axes)
        order = source.orders.get((layer, metric))
        theory = parse(order.expression, axes) if order else None
        for series in cut(frame, str(path), axes):
            yield fit_series(series, theory)


def write_page(
    folder: Path,
    out: Path,
    progress: Callable[[int, int, object], None] | None = None,
) -> list[Path]:
    """Write the page and its figures; the same tables give the same bytes.

    Parameters
    ----------
    folder
        Of the published tables.
    out
        Where the page goes; figures go to the folder ``images`` in it.
    progress
        Called before each source with the number done, the number of all, and its name.

    Returns
    -------
    The paths, the page first.
    """
    fitted = fit_sources(folder, progress)
    (out / "images").mkdir(parents=True, exist_ok=True)
    figures = {out / _image(one.source): figure(one.source, one.fits) for one in fitted}
    written = {out / PAGE: render(fitted), **figures}
    return [write_whole(path, text) for path, text in written.items()]


def render(fitted: Sequence[Fitted]) -> str:
    """Write the page as Markdown."""
    held = _held(fitted)
    checked = [
        check_statement(statement, one.fits)
        for one in fitted
        for statement in one.source.statements
    ]
    return "\n\n".join(
        [
            *_opening(fitted, checked, held),
            *(text for one in fitted for text in _section(one)),
            *_crossings(checked),
            *_misprints(fitted, held),
            "",
        ]
    )


def _held(fitted: Sequence[Fitted]) -> list[Deleted]:
    """Hold every point of the page against the law of the others; one correction for all."""
    fits = [fit for one in fitted for fit in one.fits]
    halves = [
        one.source.digits[fit.series.metric].half(fit.series.values)
        for one in fitted
        for fit in one.fits
    ]
    groups = [at for at, one in enumerate(fitted) for _ in one.fits]
    return misprints(fits, halves, groups)


def _opening(
    fitted: Sequence[Fitted], checked: Sequence[Checked], held: Sequence[Deleted]
) -> Iterator[str]:
    fits = [fit for one in fitted for fit in one.fits]
    judged = [fit for fit in fits if fit.judgement is not None]
    by = {v: [f for f in judged if f.judgement and f.judgement.verdict is v] for v in Verdict}
    alone = [fit for fit in by[Verdict.MATCHES] if not _line_agrees(fit)]
    agree = sum(one.verdict == "agrees" for one in checked)
    suspects = _by_table([one for one in held if one.suspect])
    points = sum(len(fit.series.values) for fit in fits)
    yield "# What others measured"
    yield (
        f"{points} costs of layers and whole models on GPUs and TPUs, published by people who had "
        f"no part in this project, and the {len(fits)} laws that layerlaw fits to them. The "
        "measurements cannot have been made to suit the method: they are the evidence for hardware "
        "other than a CPU."
    )
    yield "What it shows:"
    yield "\n".join(
        [
            f"- Theory gives an order for {len(judged)} of the {len(fits)} laws: "
            f"{len(by[Verdict.MATCHES])} match it, {len(by[Verdict.DIFFERS])} differ, and "
            f"{len(by[Verdict.UNRESOLVED])} are left unresolved by these points.",
            f"- A straight line through logarithms is more than {MARGIN:g} from theory for "
            f"{len(alone)} of the {len(by[Verdict.MATCHES])} that match: it takes overhead for a "
            "smaller exponent.",
            f"- Of {len(checked)} crossings that were stated, {agree} "
            f"{'agrees' if agree == 1 else 'agree'} with the fitted ones.",
            f"- {len(suspects)} of the {len(fits)} laws have a point that looks like a misprint"
            + (f": {listed([_told(group) for group in suspects])}." if suspects else "."),
        ]
    )
    yield (
        "Laws, intervals and verdicts are those of [the method](method.md); every number below "
        "comes from the fit, except what a source states. This page is the output of"
    )
    yield f"    {COMMAND}"
    yield "## How to read it"
    yield (
        "*Expected* is theory's order in the sizes that vary. *Exponents* are the fitted ones with "
        "95 % intervals. *Line* is what a straight line through the logarithms gives. *Scatter* "
        "is the standard deviation of the points around the law. A law without an expected order "
        "is searched for and has no verdict. In the figures points are measured, solid lines are "
        "the laws with the 95 % bands in which they lie, and dotted lines are the leading terms "
        "alone: what a law has above its dotted line is overhead."
    )


def _line_agrees(fit: Fit) -> bool:
    """Whether a log-log line is within the margin of theory in every axis."""
    line = slopes(fit.series.sizes, fit.series.values)
    return all(
        fit.theory is None or abs(slope - fit.theory.degree(axis)) <= MARGIN
        for axis, slope in zip(fit.series.axes, line, strict=True)
    )


def _section(one: Fitted) -> Iterator[str]:
    source = one.source
    yield f"## {source.title}"
    yield f"{source.citation}."
    yield "\n".join(
        [
            f"- Hardware: {source.hardware}. Precision: {source.precision}.",
            "- Last printed digit: "
            + ", ".join(f"{called(m)} {digit}" for m, digit in source.digits.items())
            + ".",
            *(f"- {note}" for note in source.notes),
        ]
    )
    yield f"![Points and fitted laws of {source.title}]({_image(source)})"
    yield table(
        ["layer", "of", "points", "expected", "exponents [95 %]", "line", "scatter", "verdict"],
        (_row(fit) for fit in one.fits),
    )
    yield "\n".join(
        f"- **{escape(_name(fit))}**, {_of(fit)}: {_law_text(fit)}. {escape(_because(fit))}."
        for fit in one.fits
    )
    if source.orders:
        whose = dict.fromkeys(
            f"{NAMES.get(layer, layer)}, {called(metric)}: {order.expression.replace('**', '^')} "
            f"({order.whose})"
            for (layer, metric), order in source.orders.items()
        )
        yield f"Orders from: {escape('; '.join(whose))}."


def _row(fit: Fit) -> tuple[str, ...]:
    law, series = fit.law, fit.series
    line = slopes(series.sizes, series.values) if series.axes else ()
    return (
        _name(fit),
        _of(fit),
        str(len(series.values)),
        theory_text(fit),
        "; ".join(map(str, law.exponents)) if law else NONE,
        "; ".join(f"{a} {slope:.2f}" for a, slope in zip(series.axes, line, strict=True)),
        f"{law.left_over.scatter:.1%}" if law else NONE,
        fit.judgement.verdict.value if fit.judgement else NONE,
    )


def _name(fit: Fit) -> str:
    return NAMES.get(fit.series.layer, fit.series.layer)


def _of(fit: Fit) -> str:
    mode = fit.series.mode
    return f"{called(fit.series.metric)}, {_MODES.get(mode, mode)}"


def _law_text(fit: Fit) -> str:
    if fit.law is None:
        return "no law"
    metric, p = fit.series.metric, overlap_text(fit.law)
    written = [f"({term})^{p}" if p else str(term) for term in terms(fit.law, metric)]
    cost = called(metric)
    return escape(f"{f'{cost}^{p}' if p else cost} = {' + '.join(written)}")


def _because(fit: Fit) -> str:
    if fit.judgement is not None:
        return f"{fit.judgement.verdict.value.capitalize()}: {fit.reason}"
    if fit.law is not None and fit.law.polynomial:
        return (
            f"A polynomial of {len(fit.law.polynomial)} terms gives all {len(fit.law.values)} "
            "printed values"
        )
    found = "; ".join(f"{form.text}: {form.weight:.2f}" for form in fit.forms if form.weight > 0.05)
    spread = f", with weights {found}" if found else ""
    return f"Searched for{spread}"


def _crossings(checked: Sequence[Checked]) -> Iterator[str]:
    yield "## Crossings that were stated"
    yield (
        "From which n on the first is cheaper than the second: as stated, where the fitted laws "
        "cross, with a 95 % interval, and where straight lines between the measured points cross, "
        "in logarithms. A statement *agrees* if the interval meets its range, *does not agree* if "
        "they lie apart, and is *unresolved* where the interval has no end or spans more than a "
        f"factor of {WIDEST:g}, which would agree with nearly anything."
    )
    yield table(
        ["first", "second", "of", "stated", "fitted [95 %]", "straight lines", "verdict"],
        (_crossing_row(one) for one in checked),
    )
    said = dict.fromkeys(f"{one.statement.whose}: {one.statement.said}" for one in checked)
    yield "Stated by: " + "; ".join(said) + "."
    yield "Papers that only draw their times, so that nothing can be held against them here:"
    yield "\n".join(f"- {paper}: {said}." for paper, said in DRAWN)


def _crossing_row(one: Checked) -> tuple[str, ...]:
    said, found = one.statement, one.crossing
    return (
        NAMES[said.cheaper],
        NAMES[said.dearer],
        _MODES.get(said.mode, said.mode),
        f"{number(said.low)} to {number(said.high)}",
        f"{number(found.n)} {found.interval}".strip() if found else "they do not cross",
        number(one.straight) if one.straight is not None else "they do not cross",
        one.verdict,
    )


def _misprints(fitted: Sequence[Fitted], held: Sequence[Deleted]) -> Iterator[str]:
    yield "## Points that look like misprints"
    yield (
        "The rule: each point is left out in turn and the law fitted to the rest of its table. "
        "The fall of the squared error, in units of the variance left, is the square of the "
        "studentised residual; what half of the last printed digit may hide is taken off it. Its "
        "two-sided level by Student's distribution is multiplied by the number of points looked "
        f"at, {len(held)} (Bonferroni). Below {LEVEL:.0%} a point looks like a misprint: a page "
        "without any shows one as often as that, or less. Where too few points are left for a "
        "spread of their own, that of the other laws of the same source, mode and metric stands "
        "for it. A kernel that switches at one size would look the same. Of two points that spoil "
        "a law of four the rule cannot always tell which: then both are listed, the likelier first."
    )
    suspects = _by_table([one for one in held if one.suspect])
    told = {id(one) for group in suspects for one in group}
    nearest = [one for one in held if id(one) not in told][:_NEXT]
    digit_of = {id(f): one.source.digits[f.series.metric] for one in fitted for f in one.fits}
    rows = [
        _deleted_row(one, digit_of[id(one.fit)], "or this one" if place else "yes")
        for group in suspects
        for place, one in enumerate(group)
    ]
    yield table(
        _DELETED, [*rows, *(_deleted_row(one, digit_of[id(one.fit)], "no") for one in nearest)]
    )
    yield f"The last {len(nearest)} come next, and are shown for comparison."
    for one in fitted:
        yield from _readings(one, held)


def _by_table(suspects: Sequence[Deleted]) -> list[list[Deleted]]:
    """Suspects of one table together, the least likely first."""
    groups: dict[int, list[Deleted]] = {}
    for one in suspects:
        groups.setdefault(id(one.fit), []).append(one)
    return list(groups.values())


def _told(group: Sequence[Deleted]) -> str:
    where = " or ".join(sizes(one.sizes) for one in group)
    return f"{_name(group[0].fit)} ({_of(group[0].fit)}) at {where}"


def _deleted_row(one: Deleted, digit: Digit, said: str) -> tuple[str, ...]:
    return (
        _name(one.fit),
        _of(one.fit),
        sizes(one.sizes),
        digit.printed(one.value),
        digit.printed(one.predicted),
        f"{one.value / one.predicted:.2f}",
        f"{one.studentised:.1f}",
        _chance(one.level),
        said,
    )


def _chance(level: float) -> str:
    return "1" if level >= 1 else f"{level:.1%}" if level >= 0.001 else "< 0.1%"


def _readings(one: Fitted, held: Sequence[Deleted]) -> Iterator[str]:
    """Hold values that were transcribed in two ways against the other points."""
    for reading in one.source.readings:
        for each in held:
            own = each.fit.series
            if each.fit in one.fits and each.sizes == {"n": reading.n}:
                told = (own.layer, own.mode, own.metric)
                if told == (reading.layer, reading.mode, "seconds"):
                    yield _reading(reading, each, one.source.digits["seconds"])


def _reading(reading: Reading, each: Deleted, digit: Digit) -> str:
    values = (each.value, reading.value)
    off = [float(np.log(value / each.predicted)) for value in values]
    apart = abs(off[0] - off[1]) / each.spread
    text = (
        f"Two transcriptions of {_name(each.fit)}'s {_of(each.fit)}, at {sizes(each.sizes)} are in "
        f"circulation: {digit.printed(values[0])}, which is used here, and "
        f"{digit.printed(values[1])}. The law of the other points says "
        f"{digit.printed(each.predicted)}: they lie {off[0]:+.1%} and {off[1]:+.1%} from it, and "
        f"{apart:.1f} standard deviations apart, so that the law "
    )
    text += (
        "cannot tell them apart."
        if apart < _TOLD_APART
        else f"favours {digit.printed(_nearer(values, off))}."
    )
    between = _between(each)
    if between is None:
        return text
    off = [float(np.log(value / between)) for value in values]
    return text + (
        f" A straight line in logarithms between the two neighbours alone gives "
        f"{digit.printed(between)}, from which they lie {off[0]:+.1%} and {off[1]:+.1%}: that "
        f"speaks for {digit.printed(_nearer(values, off))}."
    )


def _nearer(values: Sequence[float], off: Sequence[float]) -> float:
    return min(zip(values, off, strict=True), key=lambda pair: abs(pair[1]))[0]


def _between(each: Deleted) -> float | None:
    """Where a straight line between its neighbours in n puts a point; None at an end."""
    n, values = each.fit.series.sizes[:, 0], each.fit.series.values
    rest = np.arange(len(n)) != each.at
    if not n[rest].min() < n[each.at] < n[rest].max():
        return None
    order = np.argsort(n[rest])
    logs = np.log(n[rest][order]), np.log(values[rest][order])
    return float(np.exp(np.interp(np.log(n[each.at]), *logs)))


def _image(source: Source) -> str:
    return f"images/published-{source.slug}.svg"
