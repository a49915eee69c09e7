"""Derive the theory of a layer that has none: exact formulas from counts and peaks of memory.

Nothing is timed. A layer's FLOPs say how its time would grow if each took equally long; sizes are
chosen by that, but laws are not judged by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import sympy
from sympy import Expr

from .. import layers
from ..analysis import (
    Array,
    ExactLaw,
    exact_law,
    expected_time,
    leading_part,
    peak_law,
)
from ..layers import (
    SYMBOLS,
    Layer,
    LayerError,
    Theory,
    is_known,
    subs,
    without_negative_terms,
)
from ..measure import (
    FLOPS,
    FORWARD_PEAK_BYTES,
    KEPT_BYTES,
    PARAMETERS,
    PATH_LENGTH,
    SEQUENTIAL_OPS,
    TRAINING_PEAK_BYTES,
    Sandbox,
)
from .exact_formulas import ExactFormula, NotExact, formula, polynomial_expression, verify
from .formula_order import leading_order

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

#: Sizes at which peaks of memory are measured.
PEAK_SIZES: Mapping[str, tuple[int, ...]] = {
    **{"n": (16, 24, 32, 40, 48, 64, 80, 96, 128), "d": (16, 32, 48, 64, 96)},
    **{"k": (3, 5, 7), "r": (3, 5, 7), "c": (4, 8), "V": (16, 32, 48), "N": (2, 4, 6)},
}

#: Further sizes at which the laws of peaks are verified.
PEAK_CHECK_SIZES: Mapping[str, tuple[int, ...]] = {
    **{"n": (160, 256), "d": (112, 128), "k": (9,), "r": (9,), "c": (16,), "V": (80,), "N": (8,)},
}


def _silent(done: int, total: int, what: str) -> None:
    pass


#: Bytes per element.
_ELEMENT = 4

Progress = Callable[[int, int, str], object]


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
        lines = [f"{metric}: {one.expression}" for metric, one in self.formulas.items()]
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
    layer: str, metrics: Sequence[str] = DERIVED_METRICS, progress: Progress = _silent
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

    Raises
    ------
    KeyError, LayerError
        If there is no such layer, or loading it ends the process.

    Examples
    --------
    >>> import layerlaw
    >>> layerlaw.explain("dense", ["flops", "parameters"])
    Derivation(dense)
    flops: 2*d**2*n + d*n
    parameters: d**2 + d
    """
    with Sandbox() as process:
        return _derived(layer, metrics, process, progress)


def _derived(
    layer: str, metrics: Sequence[str], process: Sandbox, progress: Progress
) -> Derivation:
    loaded = process.load(layer)
    formulas: dict[str, ExactFormula] = {}
    reasons: dict[str, str] = {}
    for done, metric in enumerate(metrics, 1):
        try:
            answer = process.ask(layer, partial(_formula, layer, metric))
        except LayerError as error:
            answer = str(error)
        if isinstance(answer, str):
            reasons[metric] = answer
        else:
            formulas[metric] = answer
        progress(done, len(metrics), "formulas derived")
    return Derivation(loaded, formulas, reasons)


def _formula(layer: str, metric: str) -> ExactFormula | str:
    """Derive one formula, or return why there is none."""
    try:
        if metric in (FORWARD_PEAK_BYTES.name, TRAINING_PEAK_BYTES.name):
            return _peak(layer, metric)
        return formula(layers.get(layer), metric)
    except Exception as error:  # a module may raise anything; other metrics are still derived
        return _reason(error)


def derive_missing(names: Iterable[str], progress: Progress = _silent) -> dict[str, Derivation]:
    """Derive the theory of the layers that have none, so that sizes can be chosen for them.

    Parameters
    ----------
    names
        Names of layers, with or without theory.
    progress
        As in `derive`.

    Returns
    -------
    What was derived, by name. The layers are not changed: `Derivation.sizing_layer` and
    `Derivation.reporting_layer` are used in their place, within `layers.override_layers`.
    """
    derivations = {}
    with Sandbox() as process:
        for name in names:
            theory = process.load(name).theory
            if not is_known(*(getattr(theory, field) for field in LIMIT_FIELDS)):
                derivations[name] = _derived(name, SWEEP_METRICS, process, progress)
    return derivations


def _reason(error: Exception) -> str:
    message = " ".join(str(error).split())
    if isinstance(error, NotExact | NotImplementedError):
        return message
    return f"{type(error).__name__}: {message}"


def _peak(name: str, metric: str) -> ExactFormula:
    """Measure peaks of memory at small sizes, and find the exact law that they follow."""
    from ..measure import Case, counting_grid, peak_bytes  # these load torch

    layer, mode = layers.get(name), metric.partition("_")[0]

    def peak(sizes: Mapping[str, int]) -> int:
        measured = peak_bytes(Case(name, sizes, mode=mode))
        if measured.status != "ok":
            raise NotExact(f"a {mode} pass at {sizes} has no peak: {measured.note}")
        return int(measured.values[0])

    points, others = counting_grid(layer, PEAK_SIZES), counting_grid(layer, PEAK_CHECK_SIZES)
    values = [peak(sizes) for sizes in points]
    sizes = np.array([[point[axis] for axis in layer.axes] for point in points], dtype=float)
    law = _law_of_peaks(layer.axes, sizes, np.array(values))
    if law is None:
        raise NotExact(
            f"the peak memory of a {mode} pass is neither a polynomial nor the largest of "
            f"several: at {points[-1]} it is {values[-1]:.0f} bytes"
        )
    symbols = [SYMBOLS[axis] for axis in layer.axes]
    phases = [polynomial_expression(each, symbols) for each in law.polynomials]
    fitted = law.sizes.tolist()
    solved = [point for point, at in zip(points, sizes.tolist(), strict=True) if at in fitted]
    largest = sympy.Max(*phases)
    verify(f"the peak memory of a {mode} pass", largest, others, [peak(one) for one in others])
    return ExactFormula(metric, largest, tuple(solved), tuple(others))


def _law_of_peaks(axes: Sequence[str], sizes: Array, values: Array) -> ExactLaw | None:
    if (exact := exact_law(axes, sizes, values)) is not None:
        return exact
    n, d = SYMBOLS["n"], SYMBOLS["d"]
    rest = sympy.Mul(*(SYMBOLS[axis] for axis in axes if axis not in ("n", "d")))
    # With all of these terms, since at few sizes a curve in n is also a chain of straight lines.
    return peak_law(axes, sizes, values, leading_part(rest * (n**2 + n * d + d**2), axes))
