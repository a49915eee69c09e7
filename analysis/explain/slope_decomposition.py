"""Slope decomposition: split the gap between measured and theoretical slopes into causes.

Between neighbouring sizes along an axis the measured slope, Δlog T / Δlog size, differs from that
of theory's leading part M. A pass consists of products (F FLOPs; B seconds when timed as plain
matrix products of the same shapes), of other operations (E seconds), and of calls (O seconds). With
D = B + E + O,

    Δlog(T/M) = Δlog(T/D) + Δlog(D/M),   Δlog(D/M) = Σ w Δlog(part/M),   w = L(part/M) / L(D/M),

L(y) = Δy/Δlog y being the logarithmic mean over the two sizes. This is exact, and independent of
the order of the causes (the logarithmic mean Divisia index: Ang 2004). The products' share is split
into lower-order work, Δlog(F/M), and the machine's rate at these shapes, Δlog(B/F).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..expressions import Array, Leading
from ..formatting import number, signed
from ..tables import Parts, Series


@dataclass(frozen=True)
class SlopeGap:
    """Why the slope along an axis differs from theory's; causes add up to `slope` − `theory`.

    Attributes
    ----------
    axis
        The size.
    slope, theory
        Mean local slope of the times between the smallest and the largest sizes, and that of
        theory's leading part.
    overhead
        Share of the gap due to the calls of operations.
    lower_order
        Share due to work beyond theory's leading part.
    rate
        Share due to the machine's rate, by plain matrix products of the same shapes.
    unexplained
        The rest.
    products
        Slope of the times of these products, with which the exponent is compared.
    """

    axis: str
    slope: float
    theory: float
    overhead: float
    lower_order: float
    rate: float
    unexplained: float
    products: float

    def __str__(self) -> str:
        causes = ", ".join(f"{what} {signed(getattr(self, own))}" for own, what in CAUSES.items())
        theory = number(round(self.theory, 2))
        return f"{self.slope:.2f} at the mean, of which theory {theory}, {causes}"


#: The causes that add up to a gap: fields of `SlopeGap`, and their names for a reader.
CAUSES = {
    "overhead": "overhead",
    "lower_order": "lower-order work",
    "rate": "rate",
    "unexplained": "unexplained",
}


def slope_gaps(series: Series, leading: Leading) -> list[SlopeGap]:
    """Decompose the slopes of a series along each axis; empty where its parts were not timed.

    Parameters
    ----------
    series
        The points; those without timed parts are ignored.
    leading
        Theory's leading part.
    """
    parts = series.parts
    if parts is None:
        return []
    with_parts = parts.available
    lead = leading.column(series.sizes)
    found = []
    for at, axis in enumerate(series.axes):
        first, second = _neighbours(series.sizes, at, with_parts)
        if len(first):
            steps = np.log(series.sizes[second, at] / series.sizes[first, at]).sum()
            found.append(_gap(axis, series.values, lead, parts, first, second, float(steps)))
    return found


def _gap(
    axis: str,
    times: Array,
    lead: Array,
    parts: Parts,
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    steps: float,
) -> SlopeGap:
    """Add up the changes between first and second points, each (steps,)."""

    def change(values: Array) -> Array:
        return np.asarray(np.log(values[second] / values[first]))

    def mean(values: Array) -> Array:  # the logarithmic mean
        ratio = change(values)
        flat = np.abs(ratio) < 1e-9
        slope = (values[second] - values[first]) / np.where(flat, 1.0, ratio)
        return np.where(flat, values[first], slope)

    def over(changes: Array) -> float:
        return float(changes.sum() / steps)

    computed = parts.products + parts.others + parts.calls
    whole = mean(computed / lead)

    def share(part: Array) -> Array:
        return np.asarray(mean(part / lead) / whole)

    products = share(parts.products)
    other = share(parts.others) * change(parts.others / lead)
    return SlopeGap(
        axis,
        slope=over(change(times)),
        theory=over(change(lead)),
        overhead=over(share(parts.calls) * change(parts.calls / lead)),
        lower_order=over(products * change(parts.flops / lead) + other),
        rate=over(products * change(parts.products / parts.flops)),
        unexplained=over(change(times / computed)),
        products=over(change(parts.products)),
    )


def _neighbours(
    sizes: Array, axis: int, with_parts: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find pairs of points next to each other along an axis, with other sizes equal: (steps,)."""
    others = np.delete(sizes, axis, axis=1)
    rows = np.flatnonzero(with_parts)
    order = rows[np.lexsort((sizes[rows, axis], *others[rows].T))]
    together = (others[order[1:]] == others[order[:-1]]).all(axis=1)
    return order[:-1][together], order[1:][together]
