"""Synthetic cases: laws whose truth is known, with the tables of a simulated noisy machine.

The fitter was developed on seeds from 0 on; the figures in docs use other seeds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ... import layers
from ...analysis import Array, Leading, Monomial, leading_part, monomials, parse
from ...measure import SIZES
from .noise import REPEATS, Noise, simulate_measurements
from .truth import RegimeChange, Truth

_GRIDS: dict[int, dict[str, NDArray[np.floating]]] = {
    1: {"n": 2 ** np.linspace(5, 14, 37)},
    2: {"n": 2.0 ** np.arange(5, 12), "d": 2.0 ** np.arange(4, 11)},
    3: {
        "n": 2.0 ** np.arange(5, 11),
        "d": 2.0 ** np.arange(4, 9),
        "k": np.array([3.0, 5, 9, 17, 33]),
    },
}
_MOST_POINTS = 150

#: Range of a lower-order term divided by the leading term, at mid-grid. With the first the median
#: error of a log-log line is 0.24; with the second overhead hides the leading term at most points.
SOME_OVERHEAD, MUCH_OVERHEAD = (0.01, 0.3), (0.01, 3.0)

#: Range of the difference of one exponent from theory, off the law.
_OFF = (0.35, 0.8)
_SIDE = 6  # at least 1/6 of the points lie on either side of a breakpoint
_EXTRAPOLATED = 4  # points beyond the grid, to be predicted
_SECOND = 1e-3  # seconds of the leading term at mid-grid


@dataclass(frozen=True)
class Kind:
    """A kind of synthetic case: properties of its law, its grid and its noise.

    Attributes
    ----------
    order
        Theory's order; empty if each case draws one.
    off_law
        Whether one exponent is 0.35 to 0.8 from theory.
    overhead
        Range of a lower-order term divided by the leading term, at mid-grid.
    hidden
        Whether the leading term takes less than 20 % of the time at every point.
    overlapping
        Whether costs combine as a power mean with p between 2 and 8 instead of adding up.
    stepped
        Whether the leading term costs 1.5 to 2.5 times as much beyond some size.
    gradual
        Whether only the work beyond some size costs 2 to 5 times as much.
    slope_break
        Whether one exponent is 0.5 to 1 larger or smaller beyond some size.
    foreign
        Whether there is a term that the fitter does not have.
    switching
        Whether there is no law: each n runs another kernel, at up to 1.8 times the cost.
    small
        Whether each axis has only two or three sizes.
    noise
        The machine's noise.
    """

    order: str = ""
    off_law: bool = False
    overhead: tuple[float, float] = SOME_OVERHEAD
    hidden: bool = False
    overlapping: bool = False
    stepped: bool = False
    gradual: bool = False
    slope_break: bool = False
    foreign: bool = False
    switching: bool = False
    small: bool = False
    noise: Noise = field(default_factory=Noise)


@dataclass(frozen=True)
class SyntheticCase:
    """A synthetic law with its simulated measurements.

    Attributes
    ----------
    name
        Theory's order as text, which the fitter is given; also the layer's name in the tables.
    truth
        The law.
    table
        Tidy rows, five repeats for each point.
    extrapolated
        The same for points beyond the grid, one of whose sizes is twice the largest.
    """

    name: str
    truth: Truth
    table: pd.DataFrame
    extrapolated: pd.DataFrame


def draw_cases(number: int, seed: int, kind: Kind) -> Iterator[SyntheticCase]:
    """Draw cases; the same seed gives the same cases."""
    for index in range(number):
        yield _case(np.random.default_rng([seed, index, kind.off_law]), kind)


def _case(rng: np.random.Generator, kind: Kind) -> SyntheticCase:
    orders = [kind.order] if kind.order else _orders()
    name = orders[rng.integers(len(orders))]
    order = parse(name)
    axes = tuple(a for a in SIZES if a in {s.name for s in order.free_symbols})
    grid = _grid(rng, axes, small=kind.small)
    truth = _truth(rng, leading_part(order, axes), grid, kind)
    beyond = grid[rng.choice(len(grid), _EXTRAPOLATED)]
    doubled = rng.integers(len(axes), size=_EXTRAPOLATED)
    beyond[np.arange(_EXTRAPOLATED), doubled] = 2 * grid.max(axis=0)[doubled]
    beyond = np.unique(beyond, axis=0)
    rows = simulate_measurements(rng, name, axes, np.vstack([grid, beyond]), truth, kind.noise)
    return SyntheticCase(
        name, truth, rows[: REPEATS * len(grid)], rows[REPEATS * len(grid) :].reset_index(drop=True)
    )


def _orders() -> list[str]:
    """Collect the time orders of the core layers, and two that none of them has."""
    registered = {str(layers.get(name).tied_theory().time) for name in layers.CORE}
    return sorted(registered | {"n", "n*log(n)*d"})


def _grid(rng: np.random.Generator, axes: tuple[str, ...], *, small: bool) -> Array:
    """Draw a full grid, leaving out a random number of the largest sizes; (points, axes)."""
    axes_sizes = []
    for axis, levels in _GRIDS[len(axes)].items():
        fewest = 30 if len(axes) == 1 else 5 if axis != "k" else 4
        if small:
            axes_sizes.append(rng.choice(levels, rng.integers(2, 4), replace=False))
        else:
            axes_sizes.append(levels[: rng.integers(min(fewest, len(levels)), len(levels) + 1)])
    grid = np.array(np.meshgrid(*axes_sizes, indexing="ij")).reshape(len(axes), -1).T
    if len(grid) > _MOST_POINTS:
        grid = grid[rng.choice(len(grid), _MOST_POINTS, replace=False)]
    return np.asarray(np.round(grid))


def _truth(rng: np.random.Generator, theory: Leading, grid: Array, kind: Kind) -> Truth:
    shift = np.zeros(len(theory.axes))
    if kind.off_law:
        shift[rng.integers(len(shift))] = rng.choice([-1, 1]) * rng.uniform(*_OFF)
    lead = theory.column(grid) * np.prod(grid**shift, axis=1)
    coefficient = _SECOND / _middle(lead)
    lower = _overhead(rng, theory, grid, kind)
    if kind.hidden:
        hides = sum(c * term.column(grid) for c, term in lower)
        most = float(np.max(coefficient * lead / hides))
        lower = [(c * most * rng.uniform(4.5, 10), m) for c, m in lower]
    overlap = np.exp(rng.uniform(np.log(2), np.log(8))) if kind.overlapping else 1.0
    switches = {}
    if kind.switching:
        switches = {float(n): rng.uniform(1, 1.8) for n in np.unique(grid[:, 0])}
    change = _change(rng, theory, grid, kind)
    return Truth(theory, coefficient, shift, lower, float(overlap), change, switches)


def _overhead(
    rng: np.random.Generator, theory: Leading, grid: Array, kind: Kind
) -> list[tuple[float, Monomial]]:
    """Draw one to four lower-order terms with their coefficients."""
    terms = list(theory.divisors())
    picked = [terms[i] for i in rng.permutation(len(terms))[: rng.integers(1, 5)]]
    if rng.random() < 0.8:  # most have a constant overhead of calls
        picked[0] = terms[0]
    if kind.foreign:
        other = _foreign(theory)
        picked.append(other[rng.integers(len(other))])
    least, most = np.log(kind.overhead)
    shares = np.exp(rng.uniform(least, most, len(picked)))
    if kind.foreign:  # well below the leading term, or it would be leading itself
        shares[-1] = rng.uniform(0.01, 0.1)
    return [
        (float(share) * _SECOND / _middle(term.column(grid)), term)
        for share, term in zip(shares, picked, strict=True)
    ]


def _foreign(theory: Leading) -> list[Monomial]:
    """List terms that do not divide theory's: of higher degree in one size, or with half powers."""
    axes = len(theory.axes)
    tops = [term for _, term in theory.terms]
    broken = [tops[0].shifted(-0.5 * unit) for unit in np.eye(axes)]
    higher = [m for m in monomials(axes, 2) if not any(m.divides(top) for top in tops)]
    return [*broken, *higher]


def _change(
    rng: np.random.Generator, theory: Leading, grid: Array, kind: Kind
) -> RegimeChange | None:
    """Draw a breakpoint with at least 1/6 of the points on either side; None if kind has none."""
    if kind.slope_break:
        return _slope_break(rng, grid)
    if not (kind.stepped or kind.gradual):
        return None
    powers = rng.integers(0, 3, size=(grid.shape[1],))
    powers[rng.integers(len(powers))] += not powers.any()
    if not kind.gradual:
        _, location = _draw_location(rng, powers, grid)
        return RegimeChange(
            _monomial(powers), np.nextafter(location, 0), factor=rng.uniform(1.5, 2.5)
        )
    # The working set is read repeatedly, so its monomial divides theory's leading terms.
    shared = np.min([term.powers for _, term in theory.terms], axis=0)
    powers = np.minimum(powers, shared).astype(int)
    powers[rng.choice(np.flatnonzero(shared >= 1))] += not powers.any()
    reached, location = _draw_location(rng, powers, grid)
    below = reached[reached < location].max()
    location = float(below * (location / below) ** rng.uniform())
    return RegimeChange(_monomial(powers), location, factor=rng.uniform(2, 5), gradual=True)


def _slope_break(rng: np.random.Generator, grid: Array) -> RegimeChange:
    """Draw a size beyond which the leading part has another exponent."""
    axes, least = grid.shape[1], len(grid) / _SIDE
    corners = [
        (axis, location)
        for axis, column in enumerate(grid.T)
        for location in np.unique(column)[2:-2]
        if min(np.count_nonzero(column < location), np.count_nonzero(column > location)) >= least
    ]
    axis, location = corners[rng.integers(len(corners))]
    along = _monomial(np.eye(axes, dtype=int)[axis])
    return RegimeChange(
        along, float(location), slope_change=float(rng.choice([-1, 1]) * rng.uniform(0.5, 1))
    )


def _draw_location(
    rng: np.random.Generator, powers: NDArray[np.int64], grid: Array
) -> tuple[Array, float]:
    """Evaluate a monomial at each point, and draw a value with enough points on either side."""
    reached, least = _monomial(powers).column(grid), len(grid) / _SIDE
    beyond = {b: np.count_nonzero(reached >= b) for b in np.unique(reached)}
    fair = [b for b, points in beyond.items() if least <= points <= len(grid) - least]
    return reached, float(rng.choice(fair or [np.median(reached)]))


def _monomial(powers: NDArray[np.int64]) -> Monomial:
    return Monomial(tuple(map(float, powers)), (0,) * len(powers))


def _middle(column: Array) -> float:
    """Return the geometric mean, the value at mid-grid."""
    return float(np.exp(np.mean(np.log(column))))
