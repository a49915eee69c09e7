"""Derive the theory of a layer that has none: exact formulas from counts and peaks of memory.

Nothing is timed. A layer's FLOPs say how its time would grow if each took equally long; sizes are
chosen by that, but laws are not judged by it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic

import sympy
from sympy import Expr

from .. import layers
from ..analysis import expected_time, leading_part
from ..layers import (
    SYMBOLS,
    InputSpecification,
    Layer,
    LayerError,
    Theory,
    is_known,
    subs,
    told_inputs,
    without_negative_terms,
)
from ..measure import (
    FLOPS,
    FORWARD_PEAK_BYTES,
    KEPT_BYTES,
    PARAMETERS,
    PATH_LENGTH,
    SEQUENTIAL_OPS,
    TASK_SECONDS,
    TRAINING_PEAK_BYTES,
    Sandbox,
)
from ..messages import error_line, error_message
from .counting import NotExact
from .exact_formulas import SECONDS, ExactFormula, formula
from .formula_order import leading_order
from .peak_formulas import peak_formula

#: Metrics that are derived, in the order shown.
DERIVED_METRICS = tuple(
    metric.name
    for metric in (
        FLOPS,
        PARAMETERS,
        SEQUENTIAL_OPS,
        PATH_LENGTH,
        KEPT_BYTES,
        FORWARD_PEAK_BYTES,
        TRAINING_PEAK_BYTES,
    )
)

#: Metrics from which a sweep chooses its sizes, and which its report shows.
SWEEP_METRICS = tuple(metric for metric in DERIVED_METRICS if metric != TRAINING_PEAK_BYTES.name)

#: Fields of a theory that sizes are chosen by.
LIMIT_FIELDS = ("flops", "parameters", "memory", "temporaries", "sequential_ops")


#: Fewest seconds of a task: one that begins after the limit says so.
_LEAST_SECONDS = 0.1


def _silent(done: int, total: int, what: str) -> None:
    pass


def _ignore(metric: str, formula: ExactFormula | str) -> None:
    pass


#: Bytes per element.
_ELEMENT = 4

Progress = Callable[[int, int, str], object]

#: Called with each formula, or with the metric and the reason why there is none.
Found = Callable[[str, "ExactFormula | str"], object]


@dataclass(frozen=True, repr=False)
class Derivation:
    """What was derived about a layer without its theory and without timing.

    Parameters
    ----------
    layer
        The layer.
    formulas
        By metric, the exact formulas.
    reasons
        By metric, why there is no formula.
    """

    layer: Layer
    formulas: Mapping[str, ExactFormula]
    reasons: Mapping[str, str]

    def __repr__(self) -> str:
        lines = [
            f"{metric}: {one.expression}" + (f" for {one.where}" if one.where else "")
            for metric, one in self.formulas.items()
        ]
        lines += [f"{metric}: no formula: {why}" for metric, why in self.reasons.items()]
        return "\n".join([f"Derivation({self.layer.name})", *lines])

    def expression(self, metric: str) -> Expr:
        """Return the formula of a metric; NaN if there is none."""
        found = self.formulas.get(metric)
        return found.expression if found else sympy.nan

    @property
    def work(self) -> Expr:
        """Leading FLOPs without their common factor: how time would grow; NaN if unknown."""
        return leading_order(self.expression(FLOPS.name), self.layer.axes, ratio=True)

    def order(self, metric: str) -> Expr:
        """Return the order of a metric; infinite for a path that does not exist, NaN if unknown."""
        expression = self.expression(metric)
        return expression if expression.is_infinite else leading_order(expression, self.layer.axes)

    def degree(self, axis: str) -> float:
        """Return the highest degree of the work in an axis, without logarithms."""
        return leading_part(self.work, self.layer.axes).degree(axis)

    @property
    def theory(self) -> Theory:
        """The derived formulas as a theory; its time is the expected order, if one was given."""
        layer, source = self.layer, "derived from counts"
        expected = getattr(layer, "expect", "")
        return Theory(
            time=expected_time(layer) if expected else layer.theory.time,
            flops=self.expression(FLOPS.name),
            parameters=self.expression(PARAMETERS.name),
            memory=self.order(KEPT_BYTES.name),
            sequential_ops=self.order(SEQUENTIAL_OPS.name),
            path_length=self.order(PATH_LENGTH.name),
            temporaries=self._temporaries(),
            depth=self.expression(SEQUENTIAL_OPS.name),
            distance=self.expression(PATH_LENGTH.name),
            sources={
                **({"time": "expected by the layer's author"} if expected else {}),
                **dict.fromkeys(("flops", "parameters", "depth", "distance"), source),
                **dict.fromkeys(("sequential_ops", "path_length", "memory"), source),
                "temporaries": "measured: the peak of a forward pass, less the output",
            },
        )

    @property
    def limits(self) -> Theory:
        """The theory with upper bounds in place of unknown fields, to choose sizes by.

        The bounds assume products of n × n with n × d and of n × d with d × d matrices, at most
        sixteen of each, the memory to hold these, and a step for every position.
        """
        n, d = SYMBOLS["n"], SYMBOLS["d"]
        rest = sympy.Mul(*(SYMBOLS[axis] for axis in self.layer.axes if axis not in ("n", "d")))
        theory, saved = self.theory, self.expression(KEPT_BYTES.name) / _ELEMENT
        held = 8 * rest * (n**2 + n * d)
        most = {
            "flops": 16 * rest * (n**2 * d + n * d**2),
            "parameters": 16 * rest * d**2 + 16 * n * d,
            "memory": 16 * rest * (n**2 + n * d),
            "temporaries": 2 * saved if is_known(saved) else held,  # a pass may free tensors
            "sequential_ops": n,
        }
        unknown = {field: most[field] for field in most if not is_known(getattr(theory, field))}
        return replace(theory, **unknown)

    @property
    def reporting_layer(self) -> Layer:
        """The layer with `theory`, to fit its laws and to report."""
        return self.layer.with_theory(self.theory)

    @property
    def sizing_layer(self) -> Layer:
        """The layer with `limits`, to choose its sizes and to measure at them."""
        return self.layer.with_theory(self.limits)

    def _temporaries(self) -> Expr:
        peak = self.expression(FORWARD_PEAK_BYTES.name)
        if not is_known(peak):
            return peak
        output = sympy.Mul(*self.layer.output)
        # A maximum is replaced by the sum, which is no smaller and simpler.
        held = sympy.expand(peak.replace(sympy.Max, sympy.Add) / _ELEMENT - subs(output, {}))
        return without_negative_terms(held)


def derive(
    layer: str,
    metrics: Sequence[str] = DERIVED_METRICS,
    progress: Progress = _silent,
    *,
    found: Found = _ignore,
    seconds: float = math.inf,
    inputs: Sequence[str] | str = (),
    multiple: Mapping[str, int] | Sequence[str] = (),
) -> Derivation:
    """Derive the formulas that a layer's counts follow exactly, each independently.

    Parameters
    ----------
    layer
        Its name, or the place of its code; see `layers.get`.
    metrics
        Some of `DERIVED_METRICS`.
    progress
        Called after each metric with the number done, the total, and what they are.
    found
        Called with each metric as soon as it is derived, and its formula or the reason why there
        is none.
    seconds
        Most seconds of all formulas together. A formula takes at most half of what is left, the
        last one all; where counts take long they are taken at fewer sizes.
    inputs
        What your own layer takes, such as ``tokens: int[batch, n] < 32000``, one text for each
        tensor.
    multiple
        Sizes of your own layer that are multiples of a number, such as ``{"n": 64}``.

    Raises
    ------
    KeyError, LayerError
        If there is no such layer, loading it ends the process, or it does not take the inputs.

    Examples
    --------
    >>> import layerlaw
    >>> layerlaw.explain("dense", ["flops", "parameters"])
    Derivation(dense)
    flops: 2*d**2*n + d*n
    parameters: d**2 + d
    """
    told = {layer: InputSpecification.parse(inputs, multiple)}
    with told_inputs(told), Sandbox(min(seconds, TASK_SECONDS), modules=[__name__]) as process:
        return _derived(layer, metrics, process, progress, found=found, seconds=seconds)


def _derived(
    layer: str,
    metrics: Sequence[str],
    process: Sandbox,
    progress: Progress,
    *,
    found: Found = _ignore,
    seconds: float = math.inf,
) -> Derivation:
    until = monotonic() + seconds
    loaded = process.load(layer)
    formulas: dict[str, ExactFormula] = {}
    reasons: dict[str, str] = {}
    for done, metric in enumerate(metrics, 1):
        share = max(until - monotonic(), 0) / (1 if done == len(metrics) else 2)
        known = tuple(one.expression for one in formulas.values())
        try:
            answer = process.ask(
                layer,
                partial(_formula, layer, metric, min(share, SECONDS), known),
                min(max(until - monotonic(), _LEAST_SECONDS), TASK_SECONDS),
            )
        except LayerError as error:
            answer = str(error)
        if isinstance(answer, str):
            reasons[metric] = answer
        else:
            formulas[metric] = answer
        found(metric, answer)
        progress(done, len(metrics), "formulas derived")
    return Derivation(loaded, formulas, reasons)


def _formula(
    layer: str, metric: str, seconds: float, known: Sequence[Expr] = ()
) -> ExactFormula | str:
    """Derive one formula, or return why there is none; others of the layer are known."""
    try:
        if metric in (FORWARD_PEAK_BYTES.name, TRAINING_PEAK_BYTES.name):
            return peak_formula(layer, metric, seconds, known)
        return formula(layers.get(layer), metric, seconds, known)
    except Exception as error:  # a module may raise anything; other metrics are still derived
        return _reason(error)


def derive_missing(
    names: Iterable[str],
    progress: Progress = _silent,
    *,
    seconds: float = TASK_SECONDS,
    memory: float | None = None,
) -> dict[str, Derivation]:
    """Derive the theory of the layers that have none, so that sizes can be chosen for them.

    Parameters
    ----------
    names
        Names of layers, with or without theory.
    progress
        As in `derive`.
    seconds
        Most seconds that a user's layer may take for one formula.
    memory
        Most bytes that it may take; None as for `measure.Sandbox`.

    Returns
    -------
    What was derived, by name. The layers are not changed: `Derivation.sizing_layer` and
    `Derivation.reporting_layer` are used in their place, within `layers.override_layers`.
    """
    derivations = {}
    with Sandbox(seconds, memory, [__name__]) as process:
        for name in names:
            theory = process.load(name).theory
            if not is_known(*(getattr(theory, field) for field in LIMIT_FIELDS)):
                derivations[name] = _derived(name, SWEEP_METRICS, process, progress)
    return derivations


def _reason(error: Exception) -> str:
    explained = isinstance(error, NotExact | NotImplementedError)
    return error_message(error) if explained else error_line(error)
