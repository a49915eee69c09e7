"""The theory of a layer that brings none: exact formulas from counts, and from peaks of memory.

Nothing is timed. Of the time a layer's FLOPs say what it would be if each took as long as any
other; that is what sizes are chosen by, and no theory that a law is held against.
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
    leading,
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
from .exact_formulas import Counted, NotExact, formula, verify, written
from .formula_order import leading_order

#: What is derived, in the order in which it is shown.
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

#: Of these a sweep chooses its sizes, and its report tells.
NEEDED = tuple(metric for metric in DERIVED_METRICS if metric != TRAINING_PEAK_BYTES.name)

#: Fields of a theory that sizes are chosen by.
LIMITED = ("flops", "parameters", "memory", "temporaries", "sequential_ops")

#: Sizes at which peaks of memory are measured.
PEAKS: Mapping[str, tuple[int, ...]] = {
    **{"n": (16, 24, 32, 40, 48, 64, 80, 96, 128), "d": (16, 32, 48, 64, 96)},
    **{"k": (3, 5, 7), "r": (3, 5, 7), "c": (4, 8), "V": (16, 32, 48), "N": (2, 4, 6)},
}

#: Sizes at which their laws are held against another measurement.
BEYOND: Mapping[str, tuple[int, ...]] = {
    **{"n": (160, 256), "d": (112, 128), "k": (9,), "r": (9,), "c": (16,), "V": (80,), "N": (8,)},
}


def _silent(done: int, total: int, what: str) -> None:
    pass


#: Bytes of an element.
_ELEMENT = 4

Progress = Callable[[int, int, str], object]


@dataclass(frozen=True, repr=False)
class Derived:
    """What is known of a layer without its theory, and without timing.

    Parameters
    ----------
    layer
        The layer.
    formulas
        By metric, those that hold exactly.
    reasons
        By metric, why there is none.
    """

    layer: Layer
    formulas: Mapping[str, Counted]
    reasons: Mapping[str, str]

    def __repr__(self) -> str:
        lines = [f"{metric}: {one.expression}" for metric, one in self.formulas.items()]
        lines += [f"{metric}: no formula: {why}" for metric, why in self.reasons.items()]
        return "\n".join([f"Derived({self.layer.name})", *lines])

    def expression(self, metric: str) -> Expr:
        """Give the formula of a metric; NaN where there is none."""
        found = self.formulas.get(metric)
        return found.expression if found else sympy.nan

    @property
    def work(self) -> Expr:
        """Leading FLOPs, without their common factor: what time would grow like; NaN if unknown."""
        return leading_order(self.expression(FLOPS.name), self.layer.axes, ratio=True)

    def order(self, metric: str) -> Expr:
        """Give the order of a metric; infinite for a path that does not exist, NaN if unknown."""
        expression = self.expression(metric)
        return expression if expression.is_infinite else leading_order(expression, self.layer.axes)

    def degree(self, axis: str) -> float:
        """Highest degree of the work in an axis, logarithms apart."""
        return leading(self.work, self.layer.axes).degree(axis)

    @property
    def theory(self) -> Theory:
        """What is known, as a layer's theory has it; the time is what was expected, if anything."""
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
                **({"time": "expected by whoever wrote it"} if expected else {}),
                **dict.fromkeys(("flops", "parameters", "depth", "distance"), source),
                **dict.fromkeys(("sequential_ops", "path_length", "memory"), source),
                "temporaries": "measured: the peak of a forward pass, less the output",
            },
        )

    @property
    def limits(self) -> Theory:
        """The theory with something rather too large where nothing is known: to choose sizes by.

        Then a layer is taken to make products of n × n and n × d, and of n × d and d × d, to hold
        such matrices, sixteen of each at most, and to take a step for every position.
        """
        n, d = SYMBOLS["n"], SYMBOLS["d"]
        rest = sympy.Mul(*(SYMBOLS[axis] for axis in self.layer.axes if axis not in ("n", "d")))
        theory, kept = self.theory, self.expression(KEPT_BYTES.name) / _ELEMENT
        held = 8 * rest * (n**2 + n * d)
        most = {
            "flops": 16 * rest * (n**2 * d + n * d**2),
            "parameters": 16 * rest * d**2 + 16 * n * d,
            "memory": 16 * rest * (n**2 + n * d),
            "temporaries": 2 * kept if is_known(kept) else held,  # a pass may drop what it kept
            "sequential_ops": n,
        }
        unknown = {field: most[field] for field in most if not is_known(getattr(theory, field))}
        return replace(theory, **unknown)

    @property
    def known(self) -> Layer:
        """The layer with `theory`: to fit its laws, and to report."""
        return self.layer.with_theory(self.theory)

    @property
    def sized(self) -> Layer:
        """The layer with `limits`: to choose its sizes by, and to measure at them."""
        return self.layer.with_theory(self.limits)

    def _temporaries(self) -> Expr:
        peak = self.expression(FORWARD_PEAK_BYTES.name)
        if not is_known(peak):
            return peak
        output = sympy.Mul(*self.layer.output)
        # Of the largest of several their sum is not smaller, and no formula is simpler.
        held = sympy.expand(peak.replace(sympy.Max, sympy.Add) / _ELEMENT - subs(output, {}))
        return without_negative_terms(held)


def derived(
    layer: str, metrics: Sequence[str] = DERIVED_METRICS, progress: Progress = _silent
) -> Derived:
    """Derive what a layer does: formulas that its counts follow exactly, each on its own.

    Parameters
    ----------
    layer
        Its name, or where it is; see `layers.get`.
    metrics
        Some of `DERIVED_METRICS`.
    progress
        Called after each metric with how many are done, how many there are, and what they are.

    Raises
    ------
    KeyError, LayerError
        If there is no such layer, or it ends the process that loads it.

    Examples
    --------
    >>> import layerlaw
    >>> layerlaw.explain("dense", ["flops", "parameters"])
    Derived(dense)
    flops: 2*d**2*n + d*n
    parameters: d**2 + d
    """
    with Sandbox() as process:
        return _derived(layer, metrics, process, progress)


def _derived(layer: str, metrics: Sequence[str], process: Sandbox, progress: Progress) -> Derived:
    one = process.load(layer)
    found: dict[str, Counted] = {}
    reasons: dict[str, str] = {}
    for done, metric in enumerate(metrics, 1):
        try:
            answer = process.ask(layer, partial(_formula, layer, metric))
        except LayerError as error:
            answer = str(error)
        if isinstance(answer, str):
            reasons[metric] = answer
        else:
            found[metric] = answer
        progress(done, len(metrics), "formulas derived")
    return Derived(one, found, reasons)


def _formula(layer: str, metric: str) -> Counted | str:
    """Derive one formula, or say why there is none."""
    try:
        if metric in (FORWARD_PEAK_BYTES.name, TRAINING_PEAK_BYTES.name):
            return _peak(layer, metric)
        return formula(layers.get(layer), metric)
    except Exception as error:  # whatever a module does that is not counted; the rest is
        return _told(error)


def derive_missing(names: Iterable[str], progress: Progress = _silent) -> dict[str, Derived]:
    """Derive the theory of those layers that bring none, so that sizes can be chosen for them.

    Parameters
    ----------
    names
        Layers, of which any may have a theory.
    progress
        As in `derived`.

    Returns
    -------
    What was derived, by name. No layer is changed by it: `Derived.sized` and `Derived.known` are
    layers to be used in place of one, within `layers.overriding`.
    """
    found = {}
    with Sandbox() as process:
        for name in names:
            theory = process.load(name).theory
            if not is_known(*(getattr(theory, field) for field in LIMITED)):
                found[name] = _derived(name, NEEDED, process, progress)
    return found


def _told(error: Exception) -> str:
    said = " ".join(str(error).split())
    return (
        said
        if isinstance(error, NotExact | NotImplementedError)
        else (f"{type(error).__name__}: {said}")
    )


def _peak(name: str, metric: str) -> Counted:
    """Measure peaks of memory at small sizes, and find the law that they follow exactly."""
    from ..measure import (
        Case,  # these load torch
        grid,
        peak_bytes,
    )

    layer, mode = layers.get(name), metric.partition("_")[0]

    def peak(sizes: Mapping[str, int]) -> int:
        made = peak_bytes(Case(name, sizes, mode=mode))
        if made.status != "ok":
            raise NotExact(f"a {mode} pass at {sizes} has no peak: {made.note}")
        return int(made.values[0])

    points, others = grid(layer, PEAKS), grid(layer, BEYOND)
    values = [peak(sizes) for sizes in points]
    sizes = np.array([[point[axis] for axis in layer.axes] for point in points], dtype=float)
    law = _law_of_peaks(layer.axes, sizes, np.array(values))
    if law is None:
        raise NotExact(
            f"the peak of memory of a {mode} pass follows no polynomial, nor the largest of "
            f"several: at {points[-1]} it is {values[-1]:.0f} bytes"
        )
    symbols = [SYMBOLS[axis] for axis in layer.axes]
    phases = [written(each, symbols) for each in law.polynomials]
    kept = law.sizes.tolist()
    used = [point for point, at in zip(points, sizes.tolist(), strict=True) if at in kept]
    found = sympy.Max(*phases)
    verify(f"the peak of memory of a {mode} pass", found, others, [peak(one) for one in others])
    return Counted(metric, found, tuple(used), tuple(others))


def _law_of_peaks(axes: Sequence[str], sizes: Array, values: Array) -> ExactLaw | None:
    if (exact := exact_law(axes, sizes, values)) is not None:
        return exact
    n, d = SYMBOLS["n"], SYMBOLS["d"]
    rest = sympy.Mul(*(SYMBOLS[axis] for axis in axes if axis not in ("n", "d")))
    # All of these terms: a curve in n is also a chain of straight lines, where sizes are few.
    return peak_law(axes, sizes, values, leading(rest * (n**2 + n * d + d**2), axes))
