"""A run from layers to a result, step by step.

It derives theory, plans, measures times, counts, peaks, the machine and parts, fits, checks
crossings and tests claims.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from math import inf
from pathlib import Path
from typing import Any

from sympy import Expr

from ..analysis import (
    Crossovers,
    ExpressionError,
    Fit,
    crossovers_info,
    crossovers_with_checks,
    fit,
    leading_part,
    parse,
    with_checks,
)
from ..errors import LayerlawError
from ..experiments import AdaptivePlanner, check_points, derive_missing
from ..layers import (
    Layer,
    get,
    is_external,
    override_layers,
    select_layers,
    told_inputs,
    without_rounding,
)
from ..measure import (
    SECONDS,
    TASK_SECONDS,
    ActiveRun,
    Measurement,
    Store,
    execute,
    execute_adaptively,
    measure_checks,
    open_run,
)
from ..messages import quoted
from ..reports import sort_by_registry
from ..studies.claims import Record, judge_statements
from .auxiliary import measure_auxiliary
from .measurements import STORE, Measurements
from .observer import Observer
from .options import OptionError, RunOptions
from .result import Result


class NothingMeasured(LayerlawError):
    """A run measured nothing; the message says why the first pass failed.

    Parameters
    ----------
    failed
        The measurements of passes that failed.
    """

    def __init__(self, failed: Sequence[Measurement]) -> None:
        why = "it has no points"
        if failed:
            first = failed[0]
            why = f"{first.case.layer}, {first.status}: {first.note}"
        super().__init__(f"nothing was measured: {why}")


class Session:
    """One run: the constructor derives missing theory and plans; `run` does the rest.

    Parameters
    ----------
    options
        The options of the run.
    out
        Folder whose `STORE` stores each measurement as it is made, so that the same session
        continues a stopped one. None stores nothing.
    command
        The command that repeats the run, for its report; by default the call of `layerlaw.run`.
    observer
        Called at each stage; by default it shows nothing.

    Raises
    ------
    KeyError, ValueError, DeviceUnavailable
        As `measure.plan` does, such as for an unknown name.
    LayerError
        If one of the user's own layers cannot be used.
    ExpressionError
        If an expected order is not a sum of monomials in the sizes.
    OptionError
        If a layer with an expected order is not measured.

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
        self._command = command or options.python_call()
        self.observer = observer or Observer()
        with told_inputs(options.told):
            self._plan()

    def _plan(self) -> None:
        """Derive the theory that is missing, plan, and refuse wrong orders before measuring."""
        options = self.options
        orders = {layer: parse(text) for layer, text in options.expectations.items()}
        with self.observer.steps() as update:
            derived = derive_missing(
                select_layers(options.layers),
                update,
                seconds=options.timeout or TASK_SECONDS,
                memory=options.memory_bytes,
            )
        self._layers_to_measure = {name: one.sizing_layer for name, one in derived.items()}
        self._layers_with_theory = {name: one.reporting_layer for name, one in derived.items()}
        with override_layers(self._layers_to_measure):
            self.plan = options.plan()
            for layer, order in orders.items():
                self._require_order(layer, order)

    def _require_order(self, layer: str, order: Expr) -> None:
        """Raise unless a stated order is one of a layer of this run."""
        if layer not in self.plan.layers:
            raise OptionError(f"expected {quoted(layer)}: the run does not measure this layer")
        try:
            leading_part(without_rounding(order), get(layer).axes)
        except ExpressionError as error:
            raise ExpressionError(f"expected {layer}: {error}") from None

    def run(self) -> Result:
        """Measure what the store does not have yet, fit the laws, and judge them.

        The steps are: times of passes, counts, peaks, machine, parts, fits, checks of crossings
        and claims; options leave steps out. Ctrl-C may stop it at any moment: the store has every
        finished measurement.

        Raises
        ------
        StoreError
            If the store cannot be used.
        NothingMeasured
            If every pass failed, and nothing was counted.
        """
        with (
            told_inputs(self.options.told),
            Store(None if self.out is None else self.out / STORE) as store,
        ):
            with override_layers(self._layers_to_measure):
                run = open_run(self.plan, store, fresh=self.options.fresh)
                self._measure(run)
            with override_layers(self._layers_with_theory):
                fits, crossovers = self._fit(run), None
                if self.options.checks_crossings:
                    fits, crossovers = self._check_crossings(run, fits)
                claims = self._test_claims(fits)
                measured = Measurements(
                    table=run.table(),
                    machine=run.machine,
                    settings=run.settings,
                    claims=claims,
                    layers=self._external_layers(),
                )
        return Result.from_measurements(
            measured,
            fits,
            crossovers=crossovers,
            expect=self.options.expectations,
            margin=self.options.margin,
            command=self._command,
        )

    def _measure(self, run: ActiveRun) -> None:
        """Measure the times of passes, then the auxiliary measurements."""
        options, observer = self.options, self.observer
        if options.precision is None:
            with closing(execute(run)) as steps, observer.measuring(run.plan) as update:
                for step in steps:
                    update(step)
        else:
            self._measure_adaptively(run, options.precision)
        failed, told = run.failures(SECONDS.name), run.has_values
        if told:
            observer.failures(failed)
        measure_auxiliary(
            run,
            observer,
            counts=options.counts,
            peaks=options.measures_peaks,
            parts=options.times_parts,
        )
        if not run.has_values:  # the error says why, in place of the observer
            raise NothingMeasured(failed)
        if not told:
            observer.failures(failed)

    def _measure_adaptively(self, run: ActiveRun, precision: float) -> None:
        """Measure the points that narrow the intervals most, until `precision` or `budget`."""
        budget = inf if self.options.budget is None else self.options.budget
        planner = AdaptivePlanner(run.plan.cases, precision, budget)
        with (
            closing(execute_adaptively(planner, run)) as steps,
            self.observer.choosing_points(planner) as update,
        ):
            for measurement in steps:
                update(measurement)

    def _fit(self, run: ActiveRun) -> list[Fit]:
        with self.observer.fitting("laws") as update:
            fits = fit(
                run.table(), self.options.expectations, margin=self.options.margin, progress=update
            )
        return sort_by_registry(fits)

    def _check_crossings(
        self, run: ActiveRun, fits: Sequence[Fit]
    ) -> tuple[list[Fit], list[Crossovers]]:
        """Measure both layers on either side of each crossing, and add the checks to the fits."""
        crossovers = crossovers_info([one for one in fits if one.series.timed])
        points = check_points(crossovers)
        if not points:
            return list(fits), crossovers
        with self.observer.steps() as update:
            measure_checks(run, points, update)
        checked = with_checks(fits, run.table())
        times = [one for one in checked if one.series.timed]
        return checked, crossovers_with_checks(crossovers, times)

    def _test_claims(self, fits: Sequence[Fit]) -> Record | None:
        """Test the statements of the course text with these laws, or read an earlier test."""
        if not self.options.tests_claims:
            return None if self.out is None else Record.read(self.out)
        with self.observer.steps() as update:
            found = judge_statements(seed=self.options.seed, fits=fits, progress=update)
        return Record.now(found, self.options.seed)

    def _external_layers(self) -> Mapping[str, Layer]:
        """Return the user's own layers, which another process may not find, with their theory."""
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
        Names of layers, or locations of your own: ``module:Name`` or ``file.py:Name``. Without
        any, the layers of the textbook and torch's own.
    out
        Folder for the measurements and the report; the same call continues a stopped run. None
        writes nothing; `Result.report` writes a report later.
    observer
        Called at each stage; by default it shows nothing.
    options
        The options of the command, by name; see `RunOptions`.

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
        with session.observer.steps() as update:
            result.report(session.out, update)
    return result
