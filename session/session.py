"""A run from layers to a result: derive, plan, measure, count, fit, check, test claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from math import inf
from pathlib import Path
from typing import Any

from ..analysis import (
    Crossovers,
    Fit,
    crossovers_info,
    crossovers_with_checks,
    fit,
    parse,
    with_checks,
)
from ..experiments import AdaptivePlanner, check_points, derive_missing
from ..layers import Layer, get, is_external, override_layers, select_layers
from ..measure import (
    ActiveRun,
    Store,
    execute,
    execute_adaptively,
    measure_checks,
    open_run,
)
from ..reports import sort_by_registry
from ..studies.claims import Record, judge_statements
from .auxiliary import measure_auxiliary
from .measured import STORE, Measured
from .observer import Observer
from .options import RunOptions
from .result import Result


class Session:
    """One run: making it derives the theory of layers that bring none, and plans; `run` does it.

    Parameters
    ----------
    options
        What is to be done.
    out
        Folder whose `STORE` keeps each measurement as it is made: the same session again goes on
        where one was stopped. None keeps nothing.
    command
        What makes the result again, as a reader would type it; by default the call of
        `layerlaw.run`.
    observer
        Hears of each stage; by default nobody does.

    Raises
    ------
    KeyError, ValueError, DeviceUnavailable
        As `measure.plan` does: a name that is not known, say.
    LayerError
        If a layer of one's own cannot be used.
    ExpressionError
        If what is expected is no expression in the sizes.

    Examples
    --------
    >>> session = Session(RunOptions(layers="attention", profile="quick"))
    >>> len(session.plan.cases) > 30
    True
    >>> session.run()  # doctest: +SKIP
    """

    def __init__(
        self,
        options: RunOptions,
        out: str | Path | None = None,
        *,
        command: str = "",
        observer: Observer | None = None,
    ) -> None:
        self.options, self.out = options, None if out is None else Path(out)
        self._command = command or options.call()
        self.observer = observer or Observer()
        for text in options.expected.values():
            parse(text)  # before the work, not after it
        with self.observer.timing() as update:
            derived = derive_missing(select_layers(options.layers), update)
        self._layers_to_measure = {name: one.sizing_layer for name, one in derived.items()}
        self._layers_with_theory = {name: one.reporting_layer for name, one in derived.items()}
        with override_layers(self._layers_to_measure):
            self.plan = options.plan()

    def run(self) -> Result:
        """Measure what is not there yet, fit the laws, and judge them.

        It may be stopped by Ctrl-C at any moment: what was measured is kept.

        Raises
        ------
        StoreError
            If the store cannot be used.
        """
        with Store(None if self.out is None else self.out / STORE) as store:
            with override_layers(self._layers_to_measure):
                run = open_run(self.plan, store, fresh=self.options.fresh)
                self._measure(run)
            with override_layers(self._layers_with_theory):
                fits, crossovers = self._fit(run), None
                if self.options.checks:
                    fits, crossovers = self._check_crossings(run, fits)
                claims = self._claims(fits)
                measured = Measured(
                    table=run.table(),
                    machine=run.machine,
                    settings=run.settings,
                    claims=claims,
                    layers=self._external(),
                )
        return Result.of(
            measured,
            fits,
            crossovers=crossovers,
            expect=self.options.expected,
            margin=self.options.margin,
            command=self._command,
        )

    def _measure(self, run: ActiveRun) -> None:
        """Measure the times of passes, and what goes beside them."""
        options, observer = self.options, self.observer
        if options.precision is None:
            with closing(execute(run)) as steps, observer.measuring(run.plan) as tell:
                for step in steps:
                    tell(step)
        else:
            self._measure_adaptively(run, options.precision)
        observer.failures(run.measurements)
        measure_auxiliary(
            run,
            observer,
            counts=options.counts,
            peaks=options.measures_peaks,
            parts=options.explains,
        )

    def _measure_adaptively(self, run: ActiveRun, precision: float) -> None:
        """Measure the points that narrow the intervals most, until they are narrow enough."""
        budget = inf if self.options.budget is None else self.options.budget
        planner = AdaptivePlanner(run.plan.cases, precision, budget)
        with (
            closing(execute_adaptively(planner, run)) as steps,
            self.observer.narrowing(planner) as tell,
        ):
            for made in steps:
                tell(made)

    def _fit(self, run: ActiveRun) -> list[Fit]:
        with self.observer.fitting("laws") as update:
            fits = fit(
                run.table(), self.options.expected, margin=self.options.margin, progress=update
            )
        return sort_by_registry(fits)

    def _check_crossings(
        self, run: ActiveRun, fits: Sequence[Fit]
    ) -> tuple[list[Fit], list[Crossovers]]:
        """Measure on both sides of where layers cross over."""
        crossovers = crossovers_info([one for one in fits if one.series.timed])
        points = check_points(crossovers)
        if not points:
            return list(fits), crossovers
        with self.observer.timing() as update:
            measure_checks(run, points, update)
        checked = with_checks(fits, run.table())
        times = [one for one in checked if one.series.timed]
        return checked, crossovers_with_checks(crossovers, times)

    def _claims(self, fits: Sequence[Fit]) -> Record | None:
        """Test the statements of the course text with these times, or read an earlier test."""
        if not self.options.tests_claims:
            return None if self.out is None else Record.read(self.out)
        with self.observer.timing() as update:
            found = judge_statements(seed=self.options.seed, fits=fits, progress=update)
        return Record.now(found, self.options.seed)

    def _external(self) -> Mapping[str, Layer]:
        """Layers from elsewhere, which another process may not find, with what is known of them."""
        return {
            name: get(name)
            for name in self.plan.layers
            if name in self._layers_with_theory or is_external(name)
        }


def run(
    *layers: str,
    out: str | Path | None = None,
    observer: Observer | None = None,
    **options: Any,
) -> Result:
    """Measure layers, fit their laws and judge them, as `layerlaw run` does.

    Parameters
    ----------
    layers
        Names, or where layers of one's own are: ``module:Name`` or ``file.py:Name``. None for the
        layers of the textbook and torch's own.
    out
        Folder that keeps the measurements, so that the same call goes on where it was stopped, and
        that gets the report. None keeps nothing; `Result.report` writes a report too.
    observer
        Hears of each stage; by default nobody does.
    options
        Those of the command, by name; see `RunOptions`.

    Raises
    ------
    KeyError, ValueError, LayerlawError
        As `Session` does.

    Examples
    --------
    >>> import layerlaw
    >>> result = layerlaw.run("attention", "sdpa", profile="quick")  # doctest: +SKIP
    >>> result.report("attention-report")  # doctest: +SKIP
    """
    session = Session(RunOptions(layers=layers or None, **options), out, observer=observer)
    result = session.run()
    if session.out is not None:
        with session.observer.timing() as update:
            result.report(session.out, update)
    return result
