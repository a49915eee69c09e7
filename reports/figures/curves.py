"""The data of the figures of one law: points and law along an axis, and local slopes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
import sympy
from sympy import Expr

from ... import layers
from ...analysis import Array, Fit, FittedLaw, Law, size_matrix
from ...layers import evaluate, is_known, without_rounding
from ...measure import FLOPS, SECONDS

#: Most values of the other size that are shown, each in a colour.
MAX_HUES = 8

_STEPS = 40
_ABOVE = 1.3  # the line with theory's slope is drawn at this multiple of the law


class Curves(NamedTuple):
    """Points and lines along one axis, one line for each value of another size.

    Attributes
    ----------
    axis, hue
        The size along which they are drawn, and the size with a line for each value, or None.
    fixed
        Further sizes, with the values that they are fixed at.
    levels
        Measured values of `axis`.
    points, lines
        Columns axis, hue and value: measured, and by the fitted law. Lines of slopes also have
        their 95 % interval, low and high, where there is one.
    theory
        Columns axis, hue and value by theory; empty without theory.
    degree
        Theory's exponent of the axis; None without theory.
    omitted
        How many values of `hue` are not shown.
    """

    axis: str
    hue: str | None
    fixed: Mapping[str, float]
    levels: Array
    points: pd.DataFrame
    lines: pd.DataFrame
    theory: pd.DataFrame
    degree: float | None
    omitted: int

    @property
    def limits(self) -> tuple[float, float]:
        """Range of slopes to draw: that of the lines, widened; noisy points may lie outside."""
        lines = [*self.lines["value"], *self.theory["value"], 0.0, self.degree or 0.0]
        return min(lines) - 0.4, max(lines) + 0.6

    @property
    def points_outside(self) -> int:
        """Number of points outside `limits`."""
        low, high = self.limits
        return int((~self.points["value"].between(low, high)).sum())


def times_info(fit: Fit, law: Law, axis: str) -> Curves:
    """Collect measured and fitted values along an axis, and a line above them with theory's slope.

    If a law has more than two sizes, every point is shown: the law's ratio moves its value to the
    sizes that are fixed.
    """
    hue, fixed = _line_axis(law, axis)
    sizes = _sizes_by_axis(law)
    moved = law.predict(size_matrix(law, {**sizes, **fixed})) / law.predict(law.sizes)
    points = pd.DataFrame({axis: sizes[axis], "hue": _hue(sizes, hue), "value": law.values * moved})
    points, omitted = _select_levels(points)
    lines = _lines(law, points, axis, hue, fixed, law.predict)
    theory = pd.DataFrame(columns=[axis, "hue", "value"])
    if fit.theory is not None and fit.theory.degree(axis):
        # It touches the end of the longest line, and is cut below the smallest point.
        reach = lines.groupby("hue")[axis].agg(lambda sizes: sizes.iloc[-1] / sizes.iloc[0])
        top = lines[lines["hue"] == reach[::-1].idxmax()]
        shape = fit.theory.column(_law_sizes(law, axis, hue, top, fixed))
        theory = top.assign(value=shape / shape[-1] * top["value"].iloc[-1] * _ABOVE)
        theory = theory[theory["value"] >= points["value"].min()]
    degree = fit.theory.degree(axis) if fit.theory is not None else None
    levels = np.unique(_sizes_by_axis(law)[axis])
    return Curves(axis, hue, fixed, levels, points, lines, theory, degree, omitted)


def slopes_info(fit: Fit, law: Law, axis: str) -> Curves:
    """Collect local slopes ∂log T/∂log s between adjacent points, of the law and of theory's FLOPs.

    Adjacent points differ in this axis alone; their slope is drawn at their geometric mean.
    """
    hue, fixed = _line_axis(law, axis)
    at = law.axes.index(axis)
    whole, omitted = _select_levels(
        pd.DataFrame({axis: _sizes_by_axis(law)[axis], "hue": _hue(_sizes_by_axis(law), hue)})
    )
    points = pd.DataFrame(_adjacent_slopes(law, axis, hue), dtype=float)
    points = points[points["hue"].isin(whole["hue"])]
    lines = _lines(law, whole, axis, hue, fixed, lambda sizes: law.elasticity(sizes)[:, at])
    if isinstance(law, FittedLaw) and law.has_intervals and len(lines):
        band = law.elasticity(_law_sizes(law, axis, hue, lines, fixed), interval=0.95)
        lines = lines.assign(low=band.low[:, at], high=band.high[:, at])
    theory = pd.DataFrame(columns=[axis, "hue", "value"])
    flops = theory_flops(fit)
    if flops is not None and len(lines):
        sizes = dict(zip(law.axes, _law_sizes(law, axis, hue, lines, fixed).T, strict=True))
        theory = lines.assign(value=elasticity(flops, axis, {**fit.series.constants, **sizes}))
    degree = fit.theory.degree(axis) if fit.theory is not None else None
    levels = np.unique(_sizes_by_axis(law)[axis])
    return Curves(axis, hue, fixed, levels, points, lines, theory, degree, omitted)


def theory_flops(fit: Fit) -> Expr | None:
    """Return theory's exact FLOPs for a law of times or FLOPs; None for others or if unknown."""
    series = fit.series
    layer = layers.find(series.layer)
    if layer is None or series.metric not in (SECONDS.name, FLOPS.name):
        return None
    flops: Expr = layer.tied_theory().flops
    known = {*series.axes, *series.constants}
    if not is_known(flops):
        return None
    return flops if {symbol.name for symbol in flops.free_symbols} <= known else None


def elasticity(expr: Expr, axis: str, sizes: Mapping[str, float | Array]) -> Array:
    """Evaluate the local slope ∂log expr/∂log axis at sizes by letter, by exact differentiation.

    Of ⌈log n⌉ the slope is that of log n.
    """
    expr = without_rounding(expr)
    symbols = {symbol.name: symbol for symbol in expr.free_symbols}
    if axis not in symbols:
        return np.zeros(np.shape(sizes[axis]))
    slope = sympy.cancel(symbols[axis] * sympy.diff(expr, symbols[axis]) / expr)
    values: Array = evaluate(slope, sizes)
    return values


def _line_axis(law: Law, axis: str) -> tuple[str | None, dict[str, float]]:
    """Choose the size with a line for each value, and the middle value of each further size."""
    others = [a for a in law.axes if a != axis]
    sizes = _sizes_by_axis(law)
    levels = {a: np.unique(sizes[a]) for a in others[1:]}
    fixed = {a: float(values[len(values) // 2]) for a, values in levels.items()}
    return (others[0] if others else None), fixed


def _sizes_by_axis(law: Law) -> dict[str, Array]:
    return {axis: law.sizes[:, at] for at, axis in enumerate(law.axes)}


def _hue(sizes: Mapping[str, Array], hue: str | None) -> Array | float:
    return sizes[hue] if hue is not None else 0.0


def _select_levels(points: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Select at most `MAX_HUES` values of the other size, evenly by rank."""
    levels = np.unique(points["hue"])
    if len(levels) <= MAX_HUES:
        return points, 0
    shown = levels[np.linspace(0, len(levels) - 1, MAX_HUES).round().astype(int)]
    return points[points["hue"].isin(shown)], len(levels) - len(shown)


def _lines(
    law: Law,
    points: pd.DataFrame,
    axis: str,
    hue: str | None,
    fixed: Mapping[str, float],
    evaluate: Callable[[Array], Array],
) -> pd.DataFrame:
    """Evaluate along the axis for each value of the other size, over its measured range."""
    pieces = []
    for level, there in points.groupby("hue"):
        low, high = there[axis].min(), there[axis].max()
        piece = pd.DataFrame({axis: np.geomspace(low, high, _STEPS), "hue": level})
        piece["value"] = evaluate(_law_sizes(law, axis, hue, piece, fixed))
        pieces.append(piece)
    return pd.concat(pieces, ignore_index=True)


def _law_sizes(
    law: Law, axis: str, hue: str | None, frame: pd.DataFrame, fixed: Mapping[str, float]
) -> Array:
    """Return the sizes of a frame's rows in the order of the law's axes, (rows, axes)."""
    at: dict[str, float | Array] = {**fixed, axis: frame[axis].to_numpy(dtype=float)}
    if hue is not None:
        at[hue] = frame["hue"].to_numpy(dtype=float)
    return size_matrix(law, at)


def _adjacent_slopes(law: Law, axis: str, hue: str | None) -> dict[str, list[float]]:
    """Compute slopes between points that differ by one step of the grid in one axis alone."""
    found: dict[str, list[float]] = {axis: [], "hue": [], "value": []}
    for first, second in _pairs(law, law.axes.index(axis)):
        low, high = (dict(zip(law.axes, law.sizes[at], strict=True)) for at in (first, second))
        step = np.log(high[axis] / low[axis])
        found[axis].append(float(np.sqrt(low[axis] * high[axis])))
        found["hue"].append(float(low[hue]) if hue is not None else 0.0)
        found["value"].append(float(np.log(law.values[second] / law.values[first]) / step))
    return found


def _pairs(law: Law, at: int) -> Iterator[tuple[int, int]]:
    others = np.delete(law.sizes, at, axis=1)
    order = np.lexsort((law.sizes[:, at], *others.T))
    for first, second in pairwise(order):
        if (others[first] == others[second]).all() and law.sizes[first, at] < law.sizes[second, at]:
            yield int(first), int(second)
