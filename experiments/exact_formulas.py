"""Exact formulas of a layer's counts, derived without theory and without timing.

FLOPs, parameters, sequential operations and path length are counted at small sizes, a formula is
solved from these counts, and it is verified against counts at other sizes: odd ones and others
that strides, chunks and heads do not divide, larger ones, and a length of a million where the layer
does not loop over its positions. Where no polynomial holds at all of them, the formula is solved in
⌈n/q⌉, ⌊√n⌋ and the like (`stepped_formulas`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from math import prod

import sympy
from sympy import Expr

from .. import layers
from ..layers import SYMBOLS, Layer, subs
from ..measure import FLOPS, KEPT_BYTES, PARAMETERS, PATH_LENGTH, SEQUENTIAL_OPS
from .counting import Counts, NotExact, Sizes
from .polynomial_formulas import solve_formula, verify
from .stepped_formulas import restricted_formula, stepped_formula

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

#: Further sizes of each axis at which formulas are verified, the others as above. No divisor above
#: 1 has the same remainder at all of them.
REMAINDER_SIZES = {
    "n": (15, 21, 33, 37, 67, 127, 131, 257),
    "d": (5, 6, 7, 9, 10, 18, 33),
    "k": (2, 4, 11),
    "r": (2, 4, 11),
    "V": (7, 13),
    "N": (3, 7),
}

#: Sizes with a great length, at which only layers without a loop are counted.
LONG_SIZES = {"n": 1_000_000, "d": 64, "k": 9, "r": 9, "c": 10, "V": 10, "N": 5}

#: Lengths that are counted one after another, as far as the count before was quick.
LENGTHS = (4_099, 65_537, LONG_SIZES["n"])

#: Sizes from which path lengths are solved; kernels vary too, since they matter in stacked layers.
_PATH_SIZES = {
    **{"n": (4, 8, 16), "d": (4, 8, 12), "k": (3, 5, 7)},
    **{"r": (3, 5, 7), "c": (1, 2, 4, 8), "V": (4, 6), "N": (2, 4)},
}

#: Lengths at which path lengths are verified too; a number is traced through every operation.
_PATH_REMAINDERS = {"n": (15, 21, 67)}

#: Seconds that the counts of one formula may take; most take less than one.
SECONDS = 240.0

#: Shares of the seconds that are left to the sizes solved from, and to those verified at.
_SOLVING, _VERIFYING = 0.4, 0.6

_N = SYMBOLS["n"]


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
    where
        The sizes that it holds for, such as "even n"; empty if for all.
    """

    metric: str
    expression: Expr
    solved_at: tuple[Sizes, ...]
    verified_at: tuple[Sizes, ...]
    where: str = ""

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


def formula(
    layer: Layer, metric: str, seconds: float = SECONDS, known: Sequence[Expr] = ()
) -> ExactFormula:
    """Derive the formula of one metric; raises as `count_formulas` does.

    Parameters
    ----------
    layer
        The layer.
    metric
        A metric of `measure.counting.COUNTED`, or ``kept_bytes``.
    seconds
        Most seconds that it may take; counts that take long are taken at fewer sizes.
    known
        Formulas of other metrics of the layer: this one is likely to have the same steps.
    """
    from ..measure import (
        count_flops,
        count_parameters,  # these load torch
        count_saved,
        counting_grid,
        longest_chain,
    )

    taken: Mapping[str, Callable[[Layer, Sizes], int]] = {
        FLOPS.name: count_flops,
        PARAMETERS.name: count_parameters,
        SEQUENTIAL_OPS.name: longest_chain,
        KEPT_BYTES.name: count_saved,
    }
    if metric == PATH_LENGTH.name:
        return _path(layer, seconds, known)
    counts = Counts(layer, metric, taken[metric], seconds)
    (small, others), solve = _points(layer), partial(solve_formula, counts.what, layer.axes)
    solved = counts.accepted(sorted(small, key=_volume), share=_SOLVING)
    if not solved:
        raise counts.first_refusal(_SOLVING)
    try:
        expression = solve(solved, [counts.at(sizes) for sizes in solved])
    except NotExact as error:
        plain, expression = error, None
    verified = counts.accepted(others, share=_VERIFYING)
    if layer.runs_on_meta and not _loops(layer, *_ends(solved)):
        for length in LENGTHS if "n" in layer.axes else LENGTHS[-1:]:
            at = {axis: (size,) for axis, size in {**LONG_SIZES, "n": length}.items()}
            far = [each for each in counting_grid(layer, at) if counts.is_quick(each)]
            verified += counts.accepted(far, share=_VERIFYING)
    if not verified:
        raise counts.unverified()
    if expression is not None:
        try:
            verify(counts.what, expression, verified, [counts.at(sizes) for sizes in verified])
            return ExactFormula(metric, expression, tuple(solved), tuple(verified))
        except NotExact as error:
            plain = error
    return _with_steps(counts, expression, solved, verified, plain, known)


def _with_steps(
    counts: Counts,
    polynomial: Expr | None,
    solved: Sequence[Sizes],
    verified: Sequence[Sizes],
    plain: NotExact,
    known: Sequence[Expr],
) -> ExactFormula:
    """Derive a formula in functions such as ⌈n/2⌉, or one that holds at some sizes alone."""
    try:
        found = stepped_formula(counts, verified, known)
    except NotExact:
        restricted = polynomial and restricted_formula(counts, polynomial, solved, verified)
        if not restricted:
            raise plain from None
        found = restricted
    return ExactFormula(counts.metric, *found)


def _volume(sizes: Sizes) -> int:
    return prod(sizes.values())


@cache
def _points(layer: Layer) -> tuple[Sequence[Sizes], Sequence[Sizes]]:
    """Return sizes to solve formulas from, and others to verify them at, short ones first."""
    from ..measure import COUNTED_SIZES, counting_grid  # loads torch

    small: Sequence[Sizes] = counting_grid(layer, COUNTED_SIZES)
    others: Sequence[Sizes] = counting_grid(layer, VERIFICATION_SIZES)
    if not small or not others:
        raise NotExact(f"layer {layer.name!r} cannot be counted at any of the sizes in use")
    others = [*others, *remainder_sizes(layer, others[0], REMAINDER_SIZES)]
    return small, [sizes for sizes in others if sizes not in small]


def remainder_sizes(
    layer: Layer, base: Sizes, candidates: Mapping[str, tuple[int, ...]]
) -> list[Sizes]:
    """List sizes that differ from a base along one axis."""
    from ..measure import counting_grid

    fixed = {axis: (size,) for axis, size in base.items()}
    return [
        sizes
        for axis in layer.axes
        if axis in candidates
        for sizes in counting_grid(layer, {**fixed, axis: candidates[axis]})
    ]


def _ends(points: Sequence[Sizes]) -> tuple[tuple[tuple[str, int], ...], ...]:
    """Return the first sizes with the least and the greatest length among points."""
    lengths = [sizes.get("n", 1) for sizes in points]
    ends = ({**points[0], "n": min(lengths)}, {**points[0], "n": max(lengths)})
    return tuple(tuple(sizes.items()) for sizes in ends)


@cache
def _loops(
    layer: Layer, short: tuple[tuple[str, int], ...], long: tuple[tuple[str, int], ...]
) -> bool:
    """Whether the layer runs more operations at more positions."""
    from ..measure import trace

    if "n" not in layer.axes:
        return False
    try:
        return trace(layer, dict(short)).operations != trace(layer, dict(long)).operations
    except NotImplementedError:  # an operation of unknown depth may be a loop
        return True


def _longest(grid: Sequence[Sizes]) -> int:
    return max(sizes["n"] for sizes in grid)


def _path(layer: Layer, seconds: float, known: Sequence[Expr]) -> ExactFormula:
    """Derive the length of the shortest path between the first position and the last."""
    from ..measure import counting_grid, layers_needed, path_length

    def length(layer: Layer, sizes: Sizes) -> Expr | int:
        return path_length(layer, sizes) or sympy.oo

    counts = Counts(layer, PATH_LENGTH.name, length, seconds)
    small = counting_grid(layer, _PATH_SIZES)
    others: Sequence[Sizes] = counting_grid(layer, VERIFICATION_SIZES)
    if not small or not others:
        raise NotExact(f"{counts.what}: it takes none of the sizes in use")
    others = [*others, *remainder_sizes(layer, others[0], _PATH_REMAINDERS)]
    solved = counts.accepted(sorted(small, key=_volume), share=_SOLVING)
    verified = counts.accepted(others, share=_VERIFYING)
    if not solved:
        raise counts.first_refusal(_SOLVING)
    if not verified:
        raise counts.unverified()
    lengths = [counts.at(sizes) for sizes in solved]
    within = {layers_needed(layer, sizes) for sizes in solved} == {1}
    expression: Expr | None = None
    try:
        if all(one == sympy.oo for one in lengths):
            expression = sympy.oo
        elif within:
            expression = solve_formula(counts.what, layer.axes, solved, lengths)
        else:
            expression = _stacked(counts.what, layer, solved)
        verify(counts.what, expression, solved, lengths)
        verify(counts.what, expression, verified, [counts.at(sizes) for sizes in verified])
    except NotExact as error:
        if not within:
            raise
        return _with_steps(counts, expression, solved, verified, error, known)
    return ExactFormula(PATH_LENGTH.name, expression, tuple(solved), tuple(verified))


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
    reach = solve_formula(
        f"{what}, the span", axes, long, [furthest_position(layer, sizes) for sizes in long]
    )
    per_layer = solve_formula(what, axes, long, [path.steps // path.layers for path in paths])
    return per_layer * sympy.ceiling(sympy.cancel((_N - 1) / reach))
