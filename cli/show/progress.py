"""What the terminal shows while something is under way, on standard error.

It draws between measurements alone: a thread that redraws would disturb them. In a log file a line
now and then stands for a bar.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ...session import Observer
from .console import clock, say

if TYPE_CHECKING:
    from ...experiments import AdaptivePlanner, IntervalWidths
    from ...measure import Case, Measurement, Plan, Progress as Step

#: A screen is drawn at most this often, and a log gets a line at most that often, in seconds.
_SCREEN, _LOG = 0.25, 10.0

_NUMBER = re.compile(r"[\d.]+(e[+-]?\d+)?")


class Terminal(Observer):
    """Shows the stages of a run in the terminal."""

    @contextmanager
    def activity(self, what: str) -> Iterator[None]:
        """Show that something is under way."""
        with Console(stderr=True).status(what):
            yield

    @contextmanager
    def steps(self) -> Iterator[Callable[[int, int, object], None]]:
        """Draw a bar with the time left."""
        console = Console(stderr=True)
        began = drawn = monotonic()
        with _bars(console) as bars:
            bar = bars.add_task("", total=None, left="")

            def update(done: int, total: int, what: object) -> None:
                nonlocal began, drawn
                if done == 1:
                    began = monotonic()
                now = monotonic()
                if now - drawn < (_SCREEN if console.is_terminal else _LOG) and done < total:
                    return
                drawn, left = now, clock((now - began) / done * (total - done))
                if console.is_terminal:
                    text = f"{left} left"
                    bars.update(bar, description=str(what), completed=done, total=total, left=text)
                    bars.refresh()
                elif done < total:
                    say(f"{what}: {done} of {total}, {left} left")

            yield update

    @contextmanager
    def fitting(self, what: str) -> Iterator[Callable[[int, int, object], None]]:
        """Draw a bar with the time left, and the law at hand."""
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

    @contextmanager
    def measuring(self, plan: Plan) -> Iterator[Callable[[Step], None]]:
        """Draw a line for each layer, and the time left; in a log print a line now and then."""
        console = Console(stderr=True)
        drawn = monotonic()
        with _bars(console) as bars:
            rows = {layer: bars.add_task(layer, total=None, left="") for layer in plan.layers}
            whole = bars.add_task("[bold]all", total=plan.total, left="")

            def update(step: Step) -> None:
                nonlocal drawn
                left = f"{clock(step.seconds_left)} left"
                bars.update(rows[step.layer], total=step.layer_total, completed=step.layer_done)
                bars.update(whole, completed=step.done, left=left)
                if monotonic() - drawn > (_SCREEN if console.is_terminal else _LOG):
                    if console.is_terminal:
                        bars.refresh()
                    else:
                        say(f"measured {step.done} of {step.total}, {left}")
                    drawn = monotonic()

            yield update
            bars.update(whole, completed=plan.total, left="")
            bars.refresh()

    @contextmanager
    def choosing_points(self, planner: AdaptivePlanner) -> Iterator[Callable[[Measurement], None]]:
        """Show how wide the widest interval still is, and in the end how far each law came."""
        console = Console(stderr=True)
        begun = drawn = monotonic()
        every, count = _SCREEN if console.is_terminal else _LOG, 0
        coarse = "measuring a coarse grid"
        with console.status(coarse) if console.is_terminal else nullcontext() as bar:

            def update(made: Measurement) -> None:
                nonlocal drawn, count
                count += 1
                if (now := monotonic()) - drawn <= every:
                    return
                drawn = now
                text = f"{count} measurements, {clock(now - begun)}: " + "; ".join(
                    f"{each.layer} {_halves(each)}"
                    for each in planner.widths
                    if not each.stop_reason and each.layer == made.case.layer
                )
                if bar is not None:
                    bar.update(text)
                else:
                    say(text)

            yield update
        for each in planner.widths:
            why = each.stop_reason or "stopped"
            say(f"{each.layer} ({each.device}, {each.mode}): {_halves(each)}; {why}")

    def failures(self, measured: Iterable[Measurement]) -> None:
        """Say on standard error why points have no times, and how many of each layer.

        Reasons that differ in numbers alone are told once, by the first of them.
        """
        from ...measure import SECONDS

        notes: dict[tuple[str, str, str], dict[Case, str]] = {}
        for one in measured:
            if one.metric == SECONDS.name and one.status != "ok":
                kind = one.case.layer, one.status, _NUMBER.sub("", one.note)
                notes.setdefault(kind, {}).setdefault(one.case, one.note)
        for (layer, status, _), failed in notes.items():
            count = "1 point has" if len(failed) == 1 else f"{len(failed)} points have"
            first, *others = dict.fromkeys(failed.values())
            at_first = " (at the first of them)" if others else ""
            say(f"{layer}: {count} no times: {status}: {first}{at_first}")


def _halves(width: IntervalWidths) -> str:
    known = (f"{axis} ±{half:.3f}" for axis, half in width.half_widths.items() if half < inf)
    return ", ".join(known) or "no interval yet"


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
