"""What a person sees in the terminal: progress on standard error, results on standard output."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, TextIO

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ..analysis import NONE

if TYPE_CHECKING:
    import pandas as pd

    from ..analysis import Exponent, Fit
    from ..experiments import Adaptive, Width
    from ..measure import Case, EnvironmentCheck, Measurement, Plan, Progress as Step
    from ..reports import Answer, DerivedRow, TheoryRow
    from ..studies.claims import JudgedStatement, Record
    from ..studies.gradients import Dependencies
    from ..studies.validation import Criterion

#: A screen is drawn at most this often, and a log gets a line at most that often, in seconds.
_SCREEN, _LOG = 0.25, 10.0

_STYLES = {"matches": "green", "differs": "red", "unresolved": "yellow"}
_CLAIMED = {"confirmed": "green", "confirmed with a condition": "yellow", "refuted": "red"}
_BEARINGS = {"for": "green", "limits": "yellow", "against": "red", "aside": "dim"}
_SEVERITIES = {"ok": "green", "warn": "yellow", "bad": "red", "unknown": "dim"}
_NUMBER = re.compile(r"[\d.]+(e[+-]?\d+)?")
_PIPE_WIDTH = 160  # of a table that goes to a file: wide enough not to be folded


def _out() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPE_WIDTH)


def say(text: str) -> None:
    """Print a line for a person, apart from what a program would read."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)


def measuring(plan: Plan, steps: Iterable[Step]) -> None:
    """Draw a line per layer and the time left while measuring.

    It draws between measurements alone: a thread that redraws would disturb them.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        return _measuring_log(steps)
    bars = _bars(console)
    rows = {layer: bars.add_task(layer, total=None, left="") for layer in plan.layers}
    whole = bars.add_task("[bold]all", total=plan.total, left="")
    drawn = 0.0
    with bars:
        for step in steps:
            bars.update(rows[step.layer], total=step.layer_total, completed=step.layer_done)
            bars.update(whole, completed=step.done, left=f"{clock(step.seconds_left)} left")
            if monotonic() - drawn > _SCREEN:
                bars.refresh()
                drawn = monotonic()
        bars.update(whole, completed=plan.total, left="")
        bars.refresh()


def narrowing(planner: Adaptive, steps: Iterable[Measurement]) -> None:
    """Show how wide the widest interval still is while measuring, and then how far each law came.

    As in `measuring` it draws between measurements alone.
    """
    console = Console(stderr=True)
    begun = drawn = monotonic()
    every = _SCREEN if console.is_terminal else _LOG
    with console.status("measuring a coarse grid") if console.is_terminal else nullcontext() as bar:
        for count, step in enumerate(steps, 1):
            if (now := monotonic()) - drawn > every:
                drawn = now
                text = f"{count} measurements, {clock(now - begun)}: " + "; ".join(
                    f"{each.layer} {_halves(each)}"
                    for each in planner.widths
                    if not each.why and each.layer == step.case.layer
                )
                if bar is not None:
                    bar.update(text)
                else:
                    say(text)
    for each in planner.widths:
        say(f"{each.layer} ({each.device}, {each.mode}): {_halves(each)}; {each.why or 'stopped'}")


def _halves(width: Width) -> str:
    known = (f"{axis} ±{half:.3f}" for axis, half in width.half.items() if half < inf)
    return ", ".join(known) or "no interval yet"


def ablated(rows: Sequence[tuple[str, Mapping[str, Exponent]]]) -> None:
    """Print exponents with each control left alone, side by side."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    shown.add_column("left alone")
    axes = list(dict.fromkeys(axis for _, exponents in rows for axis in exponents))
    for axis in axes:
        shown.add_column(f"{axis} [95 %]")
        shown.add_column("moved", justify="right")
    first = rows[0][1]
    for name, exponents in rows:
        cells: list[str] = []
        for axis in axes:
            found, usual = exponents.get(axis), first.get(axis)
            cells.append(str(found).removeprefix(f"{axis} ") if found else "–")
            if found and usual and found is not usual:
                cells.append(f"{found.estimate - usual.estimate:+.2f}")
            else:
                cells.append("")
        shown.add_row(name, *cells)
    _out().print(shown)


def _bars(console: Console) -> Progress:
    """Bars with what is left of each, drawn only when they are told to; none in a log."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"),
        console=console,
        auto_refresh=False,
        disable=not console.is_terminal,
    )


def _measuring_log(steps: Iterable[Step]) -> None:
    """Print a line now and then, for a log file."""
    said = monotonic()
    for step in steps:
        if monotonic() - said > _LOG:
            say(f"measured {step.done} of {step.total}, {clock(step.seconds_left)} left")
            said = monotonic()


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show that something is under way."""
    with Console(stderr=True).status(what):
        yield


@contextmanager
def timing() -> Iterator[Callable[[int, int, str], None]]:
    """Draw a bar with the time left, as `measuring` does: between measurements alone."""
    console = Console(stderr=True)
    began = drawn = monotonic()
    with _bars(console) as bars:
        bar = bars.add_task("", total=None, left="")

        def update(done: int, total: int, what: str) -> None:
            nonlocal began, drawn
            if done == 1:
                began = monotonic()
            now = monotonic()
            if now - drawn < (_SCREEN if console.is_terminal else _LOG) and done < total:
                return
            drawn, left = now, clock((now - began) / done * (total - done))
            if console.is_terminal:
                bars.update(bar, description=what, completed=done, total=total, left=f"{left} left")
                bars.refresh()
            elif done < total:
                say(f"{what}: {done} of {total}, {left} left")

        yield update


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int, object], None]]:
    """Draw a bar with the time left; yields what is called with done, total and the one at hand."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("fitting {task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bars:
        bar = bars.add_task(what, total=None)

        def update(done: int, total: int, at_hand: object) -> None:
            bars.update(bar, completed=done, total=total, description=f"{what}: {at_hand}")

        yield update


def laws(fits: Sequence[Fit]) -> None:
    """Print the summary of laws, and the reasons of all that do not match."""
    from ..analysis import common_size, sizes
    from ..reports import cost_name, summary
    from ..reports.content import counts

    fits, beside = counts.split(fits)
    rows = summary(fits)
    size = common_size(fits)
    grown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    grown.add_column("layer", no_wrap=True)
    variant = any(row.variant for row in rows)
    if variant:
        grown.add_column("of")
    grown.add_column("theory")
    grown.add_column("measured exponents [95 %]")
    grown.add_column("verdict")
    grown.add_column("sequential\noperations")
    grown.add_column("path\nlength")
    cost = f"{cost_name(fits)} at\n{sizes(size)}" if size else cost_name(fits)
    grown.add_column(cost, justify="right")
    for row in rows:
        grown.add_row(
            Text(row.layer),
            *([Text(row.variant)] if variant else []),
            row.theory,
            Text("\n".join(row.exponents)),
            Text(row.verdict, style=_STYLES.get(row.verdict, "")),
            row.sequential_ops,
            row.path_length,
            row.cost,
        )
    console = _out()
    console.print(grown)
    for row, fit in zip(rows, fits, strict=True):
        if row.verdict in ("differs", "unresolved"):
            reason = Text.assemble((row.label, "bold"), " ", (row.verdict, _STYLES[row.verdict]))
            console.print(reason.append(f": {fit.reason}"))
        elif fit.judgement is None and fit.law is not None:
            said = Text.assemble((row.label, "bold"), f": {fit.law.expression}; {fit.reason}")
            console.print(said.append(f"; {fit.law.regimes}" if fit.law.regimes else ""))
    if beside:
        listed = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for title in counts.COUNTS_HEAD:
            listed.add_column(title, overflow="fold")
        found = counts.counts_info(beside)
        for each in found:
            listed.add_row(*map(Text, each.row))
        console.print(listed)
        for name, why in counts.reasons_of(found):
            console.print(Text.assemble((name, "bold"), f": {why}"))


def failures(made: Iterable[Measurement]) -> None:
    """Say on standard error why points have no times, and how many of each layer.

    Reasons that differ in numbers alone are told once, by the first of them.
    """
    from ..measure import SECONDS

    notes: dict[tuple[str, str, str], dict[Case, str]] = {}
    for one in made:
        if one.metric == SECONDS.name and one.status != "ok":
            kind = one.case.layer, one.status, _NUMBER.sub("", one.note)
            notes.setdefault(kind, {}).setdefault(one.case, one.note)
    for (layer, status, _), failed in notes.items():
        count = "1 point has" if len(failed) == 1 else f"{len(failed)} points have"
        first, *others = dict.fromkeys(failed.values())
        at_first = " (at the first of them)" if others else ""
        say(f"{layer}: {count} no times: {status}: {first}{at_first}")


_show_warning = warnings.showwarning


def warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a warning; what speaks to the user goes in one line."""
    if category.__name__ == "BrokenLayer":
        say(f"layerlaw: warning: {message}")
    else:
        _show_warning(message, category, filename, lineno, file, line)


def derived(head: Sequence[str], rows: Sequence[DerivedRow]) -> None:
    """Print what was derived of a layer, and why the rest was not."""
    console = _out()
    for line in head:
        console.print(Text(line))
    listed = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    compared = any(row.theory != NONE for row in rows)
    for column in ("", "formula", "order", *(["theory", ""] if compared else []), "sizes"):
        listed.add_column(column, overflow="fold")
    for row in rows:
        sign = {True: "✓", False: "≠", None: ""}[row.agrees]
        largest = max((each.get("n", 0) for each in row.verified), default=0)
        sizes = f"{row.solved} + {len(row.verified)}, n to {largest}" if row.solved else ""
        listed.add_row(
            row.title,
            Text(row.formula),
            Text(row.order),
            *([Text(row.theory), Text(sign)] if compared else []),
            sizes,
        )
    console.print(listed)
    console.print("sizes: those that a formula was solved from + others at which it holds")
    for row in rows:
        if row.reason:
            console.print(Text.assemble((row.title, "bold"), f": no formula: {row.reason}"))


def theory(rows: Sequence[TheoryRow]) -> None:
    """Print the layers with their theory."""
    listed = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in (
        "layer",
        "formula",
        "time",
        "FLOPs, forward",
        "sequential\noperations",
        "path\nlength",
    ):
        listed.add_column(column)
    for row in rows:
        listed.add_row(
            row.name, Text(row.formula), row.time, row.flops, row.sequential_ops, row.path_length
        )
    _out().print(listed)


def answers(found: Sequence[Answer]) -> None:
    """Print predictions, each with what is to be minded of it."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    variant = any(each.variant for each in found)
    for column in ("layer", *(["of"] if variant else []), "asked", "predicted [95 %]", "to mind"):
        shown.add_column(column)
    for each in found:
        shown.add_row(
            Text(each.layer),
            *([Text(each.variant)] if variant else []),
            Text(each.question),
            Text(each.answer),
            Text(each.warning or "–"),
        )
    _out().print(shown)


def dependencies(found: Dependencies) -> None:
    """Print how far signals carry: as drawn, an LSTM's gates, convolutions, and trained."""
    for title, _, head, rows in found.tables:
        shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
        for column in head:
            shown.add_column(column)
        for row in rows:
            shown.add_row(*map(Text, row))
        _out().print(shown)


def figures(table: pd.DataFrame) -> None:
    """Print the figures of the validation, a row for each kind of case."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    shown.add_column("laws")
    columns = ("median error", "p95 error", "coverage", "two regimes", *_STYLES)
    for column in columns:
        shown.add_column(column, justify="right")
    for kind, row in table.iterrows():
        texts = (f"{row[c]:.4f}" if "error" in c else f"{row[c]:.1%}" for c in columns)
        shown.add_row(str(kind), *texts)
    _out().print(shown)


def criteria(some: Sequence[Criterion]) -> None:
    """Print which bars of the validation are missed."""
    missed = [bar for bar in some if not bar.reached]
    say(f"{len(some) - len(missed)} of {len(some)} bars are reached.")
    for bar in missed:
        say(f"missed: {bar.figure}: {bar.value:.4g}")


def findings(found: Sequence[EnvironmentCheck]) -> None:
    """Print what was found on the machine, how to mend it below each, and what to do of it all."""
    from ..measure import Severity

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("", "looked at", "found"):
        shown.add_column(column)
    for each in found:
        state = Text(each.state)
        if each.mend:
            state.append(f"\n→ {each.mend}", style="bold")
        verdict = Text(each.severity.value, style=_SEVERITIES[each.severity.value])
        shown.add_row(verdict, Text(each.subject), state)
    console = _out()
    console.print(shown)
    for severity in Severity:
        if count := sum(each.severity is severity for each in found):
            style = _SEVERITIES[severity.value]
            console.print(
                Text.assemble((f"{count} {severity.value}", style), f": {severity.advice}")
            )


def claims(record: Record, *, details: bool) -> None:
    """Print statements with their verdicts, a line each, and why; with details their evidence."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    rows = [(one.statement.exercise, one.statement.id, one.verdict.value) for one in record.checked]
    titles = ("exercise", "statement", "verdict")
    for title, *cells in zip(titles, *rows, strict=True):  # never cut for the sake of the last
        shown.add_column(title, no_wrap=True, min_width=max(map(len, [title, *cells])))
    shown.add_column("the course text says", no_wrap=True, overflow="ellipsis")
    for each, (exercise, name, verdict) in zip(record.checked, rows, strict=True):
        marked = Text(verdict, style=_CLAIMED[verdict])
        shown.add_row(exercise, name, marked, Text(each.statement.text))
    console = _out()
    console.print(shown)
    for each, (_, name, verdict) in zip(record.checked, rows, strict=True):
        if each.reason or details:
            why = Text.assemble((name, "bold"), " ", (verdict, _CLAIMED[verdict]))
            console.print(why.append(f": {each.reason}" if each.reason else ""))
        if details:
            _evidence(console, each)
    console.print(Text(record.headline))


def _evidence(console: Console, checked: JudgedStatement) -> None:
    """Print what a statement says, how it is tested and what was computed."""
    said = checked.statement
    for text in (said.text, said.original, f"Tested: {said.how}"):
        if text:
            console.print(Text(f"  {text}"))
    lines = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("computed", "result", "it speaks"):
        lines.add_column(column)
    for line in checked.evidence:
        bearing = Text(line.bearing.words, style=_BEARINGS[line.bearing.value])
        lines.add_row(Text(line.what), Text(line.value), bearing)
    console.print(lines)


def clock(seconds: float) -> str:
    """Write seconds as minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


#: Errors that were printed.
errors: list[str] = []


def error(message: str) -> None:
    """Print an error as one line on standard error."""
    errors.append(message)
    print("layerlaw: " + " ".join(message.split()), file=sys.stderr)
