"""Exact formulas of peaks of memory, found from measured peaks at small sizes.

A peak is the largest of several polynomials (`analysis.laws.peaks`), or a formula with floors and
ceilings where blocks, strides or paddings are rounded to whole ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import sympy
from sympy import Expr

from .. import layers
from ..analysis import Array, ExactLaw, exact_law, leading_part, peak_law
from ..layers import SYMBOLS, Layer
from .counting import Counts, NotExact, Sizes
from .exact_formulas import SECONDS, ExactFormula, remainder_sizes
from .polynomial_formulas import polynomial_expression, verify
from .stepped_formulas import restricted_formula, stepped_formula

#: Sizes at which peaks of memory are measured.
PEAK_SIZES: Mapping[str, tuple[int, ...]] = {
    **{"n": (16, 24, 32, 40, 48, 64, 80, 96, 128), "d": (16, 32, 48, 64, 96)},
    **{"k": (3, 5, 7), "r": (3, 5, 7), "c": (4, 8), "V": (16, 32, 48), "N": (2, 4, 6)},
}

#: Further sizes at which the laws of peaks are verified.
PEAK_CHECK_SIZES: Mapping[str, tuple[int, ...]] = {
    **{"n": (160, 256), "d": (112, 128), "k": (9,), "r": (9,), "c": (16,), "V": (80,), "N": (8,)},
}

#: Sizes of each axis that blocks and strides do not divide, the others as at the first of these.
PEAK_REMAINDER_SIZES: Mapping[str, tuple[int, ...]] = {
    **{"n": (17, 30, 61, 100, 131), "d": (20, 33, 50)},
    **{"k": (2, 4), "r": (2, 4), "V": (33,), "N": (3,)},
}

#: Shares of the seconds that are left to the sizes solved from, and to those verified at.
_SOLVING, _VERIFYING = 0.4, 0.6


def peak_formula(
    name: str, metric: str, seconds: float = SECONDS, known: Sequence[Expr] = ()
) -> ExactFormula:
    """Measure peaks of memory at small sizes, and find the exact law that they follow.

    Parameters
    ----------
    name
        Name of the layer.
    metric
        ``forward_peak_bytes`` or ``training_peak_bytes``.
    seconds
        Most seconds that it may take.
    known
        Formulas of other metrics of the layer, whose steps are tried first.

    Raises
    ------
    NotExact
        If there is none.
    """
    from ..measure import Case, counting_grid, peak_bytes  # these load torch

    layer, mode = layers.get(name), metric.partition("_")[0]

    def peak(_: Layer, sizes: Sizes) -> int:
        measured = peak_bytes(Case(name, sizes, mode=mode))
        if measured.status != "ok":
            raise NotExact(f"a {mode} pass at {sizes} has no peak: {measured.note}")
        return int(measured.values[0])

    counts = Counts(layer, metric, peak, seconds)
    grid = counting_grid(layer, PEAK_SIZES)
    others: Sequence[Sizes] = counting_grid(layer, PEAK_CHECK_SIZES)
    points = counts.accepted(sorted(grid, key=lambda sizes: sizes.get("n", 1)), share=_SOLVING)
    if not points or not others:
        raise (
            counts.refused[0][1]
            if counts.refused
            else NotExact(
                f"{counts.what}: it was measured at no size within {_SOLVING * seconds:.0f} s"
            )
        )
    try:
        largest, solved = _largest(counts, mode, points)
    except NotExact as error:
        plain, largest, solved = error, None, points
    # A law may hold from some size on: it is verified there alone.
    least = {axis: min(point[axis] for point in solved) for axis in layer.axes}
    others = [
        one
        for one in [*others, *remainder_sizes(layer, solved[0], PEAK_REMAINDER_SIZES)]
        if one not in points and all(one[axis] >= size for axis, size in least.items())
    ]
    checked = counts.accepted(others, share=_VERIFYING)
    if largest is not None:
        try:
            if not checked:
                raise counts.unverified()
            values = [counts.at(one) for one in checked]
            verify(f"the peak memory of a {mode} pass", largest, checked, values)
            return ExactFormula(metric, largest, tuple(solved), tuple(checked))
        except NotExact as error:
            plain = error
    try:
        return ExactFormula(metric, *stepped_formula(counts, checked, known))
    except NotExact:
        found = restricted_formula(counts, largest, solved, checked) if largest else None
        if found is None:
            raise plain from None
        return ExactFormula(metric, *found)


def _largest(counts: Counts, mode: str, points: Sequence[Sizes]) -> tuple[Expr, list[Sizes]]:
    """Find the largest of several polynomials that is each peak, and the points that follow it."""
    axes = counts.layer.axes
    values = np.array([counts.at(point) for point in points], dtype=float)
    sizes = np.array([[point[axis] for axis in axes] for point in points], dtype=float)
    law = _law_of_peaks(axes, sizes, values)
    if law is None:
        raise NotExact(
            f"the peak memory of a {mode} pass is neither a polynomial nor the largest of "
            f"several: at {points[-1]} it is {values[-1]:.0f} bytes"
        )
    symbols = [SYMBOLS[axis] for axis in axes]
    fitted = law.sizes.tolist()
    solved = [point for point, at in zip(points, sizes.tolist(), strict=True) if at in fitted]
    return sympy.Max(*(polynomial_expression(each, symbols) for each in law.polynomials)), solved


def _law_of_peaks(axes: Sequence[str], sizes: Array, values: Array) -> ExactLaw | None:
    if (exact := exact_law(axes, sizes, values)) is not None:
        return exact
    n, d = SYMBOLS["n"], SYMBOLS["d"]
    rest = sympy.Mul(*(SYMBOLS[axis] for axis in axes if axis not in ("n", "d")))
    # With all of these terms, since at few sizes a curve in n is also a chain of straight lines.
    return peak_law(axes, sizes, values, leading_part(rest * (n**2 + n * d + d**2), axes))
