"""Show the progress of a run on standard error.

It draws only between measurements, since a thread that redraws would disturb them. In a log file a
line every ten seconds takes the place of a bar.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ...session import Observer
from .console import console_err, format_duration, note

if TYPE_CHECKING:
    from ...experiments import AdaptivePlanner, IntervalWidths
    from ...measure import Case, Measurement, Plan, Progress as Step

#: Seconds between two drawings of a terminal, and between two lines of a log.
_SCREEN_SECONDS, _LOG_SECONDS = 0.25, 10.0

_NUMBER = re.compile(r"[\d.]+(e[+-]?\d+)?")


class Terminal(Observer):
    """Show the stages of a run in the terminal."""

    @contextmanager
    def activity(self, what: str) -> Iterator[None]:
        """Show a spinner with a text."""
        with console_err().status(what):
            yield

    @contextmanager
    def steps(self) -> Iterator[Callable[[int, int, object], None]]:
        """Draw a bar with the time left."""
        console = console_err()
        every = _SCREEN_SECONDS if console.is_terminal else _LOG_SECONDS
        began = drawn = monotonic()
        with _progress_bars(console) as bars:
            bar = bars.add_task("", total=None, left="")

            def update(done: int, total: int, what: object) -> None:
                nonlocal began, drawn
                if done == 1:
                    began = monotonic()
                now = monotonic()
                if now - drawn < every and done < total:
                    return
                drawn, text = now, ""
                if done > 1:  # the first step is done as the clock starts
                    left = (now - began) / (done - 1) * (total - done)
                    text = f"{format_duration(left)} left"
                if console.is_terminal:
                    bars.update(
                        bar, description=_plain(what), completed=done, total=total, left=text
                    )
                    bars.refresh()
                elif done < total:
                    note(", ".join(filter(None, [f"{what}: {done} of {total}", text])))

            yield update

    @contextmanager
    def fitting(self, what: str) -> Iterator[Callable[[int, int, object], None]]:
        """Draw a bar with the time left and the current law."""
        console = console_err()
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

            def update(done: int, total: int, current: object) -> None:
                bars.update(
                    bar, completed=done, total=total, description=_plain(f"{what}: {current}")
                )

            yield update

    @contextmanager
    def measuring(self, plan: Plan) -> Iterator[Callable[[Step], None]]:
        """Draw a bar for each layer, and one for all with the time left."""
        console = console_err()
        every = _SCREEN_SECONDS if console.is_terminal else _LOG_SECONDS
        drawn = monotonic()
        with _progress_bars(console) as bars:
            rows = {
                layer: bars.add_task(_plain(layer), total=None, left="") for layer in plan.layers
            }
            whole = bars.add_task("[bold]all", total=plan.total, left="")

            def update(step: Step) -> None:
                nonlocal drawn
                left = f"{format_duration(step.seconds_left)} left"
                bars.update(rows[step.layer], total=step.layer_total, completed=step.layer_done)
                bars.update(whole, completed=step.done, left=left)
                if monotonic() - drawn > every:
                    if console.is_terminal:
                        bars.refresh()
                    else:
                        note(f"measured {step.done} of {step.total}, {left}")
                    drawn = monotonic()

            yield update
            bars.update(whole, completed=plan.total, left="")
            bars.refresh()

    @contextmanager
    def choosing_points(self, planner: AdaptivePlanner) -> Iterator[Callable[[Measurement], None]]:
        """Show the half-widths of the current layer's intervals, and at the end those of all."""
        console = console_err()
        begun = drawn = monotonic()
        every, count = _SCREEN_SECONDS if console.is_terminal else _LOG_SECONDS, 0
        coarse = "measuring a coarse grid"
        with console.status(coarse) if console.is_terminal else nullcontext() as bar:

            def update(measurement: Measurement) -> None:
                nonlocal drawn, count
                count += 1
                if (now := monotonic()) - drawn <= every:
                    return
                drawn = now
                text = f"{count} measurements, {format_duration(now - begun)}: " + "; ".join(
                    f"{each.layer} {_half_widths(each)}"
                    for each in planner.widths
                    if not each.stop_reason and each.layer == measurement.case.layer
                )
                if bar is not None:
                    bar.update(_plain(text))
                else:
                    note(text)

            yield update
        for each in planner.widths:
            why = each.stop_reason or "stopped"
            note(f"{each.layer} ({each.device}, {each.mode}): {_half_widths(each)}; {why}")

    def failures(self, measured: Iterable[Measurement]) -> None:
        """Print how many points of each layer were not timed, and why.

        Of reasons that differ only in their numbers, the first is printed.
        """
        from ...measure import SECONDS

        notes: dict[tuple[str, str, str], dict[Case, str]] = {}
        for one in measured:
            if one.metric == SECONDS.name and one.status != "ok":
                kind = one.case.layer, one.status, _NUMBER.sub("", one.note)
                notes.setdefault(kind, {}).setdefault(one.case, one.note)
        for (layer, status, _), failed in notes.items():
            count = "1 point was" if len(failed) == 1 else f"{len(failed)} points were"
            first, *others = dict.fromkeys(failed.values())
            of_first = " (the first of them)" if others else ""
            note(f"{layer}: {count} not timed; {status}: {first}{of_first}")


def _half_widths(width: IntervalWidths) -> str:
    known = (f"{axis} ±{half:.3f}" for axis, half in width.half_widths.items() if half < inf)
    return ", ".join(known) or "no interval yet"


def _plain(what: object) -> str:
    """Write a text that rich takes for markup, such as that of a bar, as it is."""
    return escape(str(what))


def _progress_bars(console: Console) -> Progress:
    """Return bars that are drawn only by `refresh`, and not at all in a log."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"),
        console=console,
        auto_refresh=False,
        disable=not console.is_terminal,
    )
