"""Exact formulas of a layer's counts, derived without theory and without timing.

FLOPs, parameters, sequential operations and path length are counted at small sizes, a formula is
solved from these counts, and it is verified against counts at other sizes: larger ones, and a
length of a million where the layer does not loop over its positions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import sympy
from sympy import Expr, Symbol

from .. import layers
from ..analysis import Array, Monomial, Polynomial, monomials_of, polynomials, solve_coefficients
from ..layers import LEVELS, SYMBOLS, Layer, subs
from ..measure import FLOPS, KEPT_BYTES, PARAMETERS, PATH_LENGTH, SEQUENTIAL_OPS

#: Sizes at which formulas are verified.
VERIFICATION_SIZES = {
    "n": (24, 50),
    "d": (20,),
    "k": (9,),
    "r": (9,),
    "c": (2,),
    "V": (10,),
    "N": (5,),
}

#: Sizes with a great length, at which only layers without a loop are counted.
LONG_SIZES = {"n": 1_000_000, "d": 64, "k": 9, "r": 9, "c": 10, "V": 10, "N": 5}

#: Sizes from which path lengths are solved; kernels vary too, since they matter in stacked layers.
_PATH_SIZES = {
    **{"n": (4, 8, 16), "d": (4, 8, 12), "k": (3, 5, 7)},
    **{"r": (3, 5, 7), "c": (1, 2, 4, 8), "V": (4, 6), "N": (2, 4)},
}

_N = SYMBOLS["n"]

Sizes = Mapping[str, int]


class NotExact(ValueError):
    """No formula gives the counts exactly; the message says which counts, and where."""


@dataclass(frozen=True)
class ExactFormula:
    """A formula that counts follow exactly.

    Parameters
    ----------
    metric
        Name of the metric.
    expression
        The formula, in the size symbols; infinite for a path that does not exist.
    solved_at, verified_at
        Sizes from which it was solved, and others at which it was verified.
    """

    metric: str
    expression: Expr
    solved_at: tuple[Sizes, ...]
    verified_at: tuple[Sizes, ...]

    def at(self, sizes: Sizes) -> int:
        """Evaluate the formula exactly.

        Examples
        --------
        >>> from layerlaw.layers import n
        >>> ExactFormula("sequential_ops", 3 * n, (), ()).at({"n": 1_000_000, "d": 64})
        3000000
        """
        return int(subs(self.expression, sizes))


def count_formulas(layer: str | Layer) -> dict[str, ExactFormula]:
    """Derive the formulas of a layer.

    Parameters
    ----------
    layer
        A registered name, or a layer.

    Returns
    -------
    dict
        For each metric of `measure.counting.COUNTED` its formula.

    Raises
    ------
    NotExact
        If a metric has no exact formula.
    NotImplementedError
        If the layer uses an operation whose counts are not known.

    Examples
    --------
    >>> formulas = count_formulas("rnn")
    >>> formulas["sequential_ops"].expression, formulas["flops"].expression
    (3*n, 4*d**2*n + 2*d*n)
    """
    from ..measure import COUNTED  # loads torch

    layer = layers.get(layer) if isinstance(layer, str) else layer
    return {metric: formula(layer, metric) for metric in COUNTED}


def formula(layer: Layer, metric: str) -> ExactFormula:
    """Derive the formula of one metric; raises as `count_formulas` does.

    Parameters
    ----------
    layer
        The layer.
    metric
        A metric of `measure.counting.COUNTED`, or ``kept_bytes``.
    """
    from ..measure import (
        count_flops,
        count_parameters,  # these load torch
        count_saved,
        longest_chain,
    )

    counts: Mapping[str, Callable[[Layer, Sizes], int]] = {
        FLOPS.name: count_flops,
        PARAMETERS.name: count_parameters,
        SEQUENTIAL_OPS.name: longest_chain,
        KEPT_BYTES.name: count_saved,
    }

    if metric == PATH_LENGTH.name:
        return _path(layer)
    (small, others), count = _points(layer), counts[metric]
    what = f"the {metric} of layer {layer.name!r}"
    expression = _solve(what, layer.axes, small, [count(layer, sizes) for sizes in small])
    verify(what, expression, others, [count(layer, sizes) for sizes in others])
    return ExactFormula(metric, expression, tuple(small), tuple(others))


@cache
def _points(layer: Layer) -> tuple[Sequence[Sizes], Sequence[Sizes]]:
    """Return sizes to solve formulas from, and others to verify them at."""
    from ..measure import COUNTED_SIZES, counting_grid  # loads torch

    small, others = counting_grid(layer, COUNTED_SIZES), counting_grid(layer, VERIFICATION_SIZES)
    if not small or not others:
        raise NotExact(f"layer {layer.name!r} cannot be counted at any of the sizes in use")
    if layer.runs_on_meta and not _loops(layer, small):
        others += counting_grid(layer, {axis: (size,) for axis, size in LONG_SIZES.items()})
    return small, others


def _loops(layer: Layer, grid: Sequence[Sizes]) -> bool:
    """Whether the layer runs more operations at more positions."""
    from ..measure import trace

    if "n" not in layer.axes:
        return False
    short, long = grid[0], {**grid[0], "n": _longest(grid)}
    try:
        return trace(layer, short).operations != trace(layer, long).operations
    except NotImplementedError:  # an operation of unknown depth may be a loop
        return True


def _longest(grid: Sequence[Sizes]) -> int:
    return max(sizes["n"] for sizes in grid)


def _path(layer: Layer) -> ExactFormula:
    """Derive the length of the shortest path between the first position and the last."""
    from ..measure import counting_grid, layers_needed, path_length

    def length(sizes: Sizes) -> Expr | int:
        return path_length(layer, sizes) or sympy.oo

    what = f"the path_length of layer {layer.name!r}"
    small, others = counting_grid(layer, _PATH_SIZES), counting_grid(layer, VERIFICATION_SIZES)
    lengths = [length(sizes) for sizes in small]
    if all(one == sympy.oo for one in lengths):
        expression: Expr = sympy.oo
    elif {layers_needed(layer, sizes) for sizes in small} == {1}:
        expression = _solve(what, layer.axes, small, lengths)
    else:
        expression = _stacked(what, layer, small)
    verify(what, expression, small, lengths)
    verify(what, expression, others, [length(sizes) for sizes in others])
    return ExactFormula(PATH_LENGTH.name, expression, tuple(small), tuple(others))


def _stacked(what: str, layer: Layer, grid: Sequence[Sizes]) -> Expr:
    """Solve for the path through stacked layers, each with a span that does not depend on n."""
    from ..measure import furthest_position, shortest_path

    axes = [axis for axis in layer.axes if axis != "n"]
    long = [sizes for sizes in grid if sizes["n"] == _longest(grid)]
    paths = [path for sizes in long if (path := shortest_path(layer, sizes))]
    if len(paths) < len(long):
        raise NotExact(
            f"{what}: the first position reaches the last at some sizes, but never at others"
        )
    reach = _solve(
        f"{what}, the span", axes, long, [furthest_position(layer, sizes) for sizes in long]
    )
    per_layer = _solve(what, axes, long, [path.steps // path.layers for path in paths])
    return per_layer * sympy.ceiling(sympy.cancel((_N - 1) / reach))


def _solve(
    what: str, axes: Sequence[str], points: Sequence[Sizes], values: Sequence[Expr | int]
) -> Expr:
    """Find the first formula of `_bases` that gives all values."""
    if not any(values):
        return sympy.Integer(0)
    sizes = np.array([[point[axis] for axis in axes] for point in points], dtype=float)
    if all(value.is_finite for value in map(sympy.sympify, values)):
        numbers = np.array(values, dtype=float)
        for symbols, columns, terms in _bases(axes, sizes):
            if len(terms) < len(numbers) and (found := solve_coefficients(terms, columns, numbers)):
                return polynomial_expression(found, symbols)
    raise NotExact(f"{what}: no formula gives all values exactly; at {points[-1]}: {values[-1]}")


def _bases(
    axes: Sequence[str], sizes: Array
) -> Iterator[tuple[Sequence[Expr], Array, Sequence[Monomial]]]:
    """Yield the bases of formulas, simplest first: symbols, their values, and terms.

    They are polynomials in the sizes; in ⌈log₂ n⌉ in place of n; in both; and with quotients by
    sizes other than n and d, such as the number n/c of chunks.
    """
    symbols: list[Expr] = [SYMBOLS.get(axis, Symbol(axis, positive=True)) for axis in axes]
    for terms in polynomials(len(axes)):
        yield symbols, sizes, terms
    degrees = [range(2) if axis == "n" else range(3) for axis in axes]
    if "n" in axes:
        at = list(axes).index("n")
        stages, staged = np.ceil(np.log2(sizes[:, at])), sizes.copy()
        staged[:, at] = stages
        others = [LEVELS if axis == "n" else s for axis, s in zip(axes, symbols, strict=True)]
        for terms in polynomials(len(axes)):
            yield others, staged, terms
        yield (
            [*symbols, LEVELS],
            np.column_stack([sizes, stages]),
            monomials_of([*degrees, range(2)]),
        )
    quotients = [
        each if axis in ("n", "d") else range(-1, 3)
        for axis, each in zip(axes, degrees, strict=True)
    ]
    yield symbols, sizes, monomials_of(quotients)


def polynomial_expression(polynomial: Polynomial, symbols: Sequence[Expr]) -> Expr:
    """Convert a polynomial to a SymPy expression in these symbols."""
    return sympy.Add(
        *(
            sympy.Rational(c.numerator, c.denominator)
            * sympy.Mul(*(s ** int(p) for s, p in zip(symbols, term.powers, strict=True)))
            for c, term in polynomial
        )
    )


def verify(
    what: str, expression: Expr, points: Sequence[Sizes], values: Sequence[Expr | int]
) -> None:
    """Verify a formula against values at points.

    Raises
    ------
    NotExact
        If there are no points, or the formula gives another value at one.
    """
    if not points:
        raise NotExact(f"{what}: there are no sizes to verify {expression} at")
    for sizes, value in zip(points, values, strict=True):
        if (predicted := subs(expression, sizes)) != value:
            raise NotExact(f"{what}: {expression} gives {predicted} at {dict(sizes)}, not {value}")
