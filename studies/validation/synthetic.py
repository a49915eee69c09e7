"""Laws whose truth is known, measured by a noisy machine: what the fitter is held against.

Developed on seeds from 0 on; the figures in docs are made with others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ... import layers
from ...analysis import Array, Leading, Monomial, leading, monomials, parse, power_mean
from ...measure import SECONDS, SIZES

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
REPEATS, PROCESSES = 5, 3

#: Share of a lower-order term, in units of the leading term, at mid-grid. With the first a
#: log-log line errs by 0.24 at the median; the second hides the leading term almost everywhere.
SOME, MUCH = (0.01, 0.3), (0.01, 3.0)

#: Off theory means by so much in one exponent.
_OFF = (0.35, 0.8)
_SIDE = 6  # a breakpoint has at least one in so many points on either side
_HELD = 4  # points beyond the grid, to be predicted
_SECOND = 1e-3  # what a point at mid-grid takes


@dataclass(frozen=True)
class Break:
    """A breakpoint beyond which the leading term costs more, or grows otherwise.

    Attributes
    ----------
    along
        What crosses it.
    place
        Its value there.
    factor
        How many times as much the leading term costs beyond.
    bend
        By how much its exponent along the breakpoint is larger beyond.
    gradual
        Whether only what lies beyond costs so many times as much.
    """

    along: Monomial
    place: float
    factor: float = 1.0
    bend: float = 0.0
    gradual: bool = False

    def __call__(self, sizes: Array) -> Array:
        """By how much the leading term is multiplied at sizes (points, axes): (points,)."""
        reached = np.maximum(self.along.column(sizes) / self.place, 1.0)
        share = 1 - 1 / reached if self.gradual else reached > 1
        return np.asarray((1 + (self.factor - 1) * share) * reached**self.bend)


@dataclass(frozen=True)
class Truth:
    """A law as it is: T^p = (c·lead·n^α·d^β·k^γ)^p + Σ (c_j·m_j)^p.

    Attributes
    ----------
    leading, coefficient, shift
        The leading part that theory gives, its coefficient, and (axes,): what the exponents are
        off by.
    terms
        Lower-order terms with their coefficients.
    overlap
        p.
    change
        The breakpoint where the leading term changes.
    switches
        By size of the first axis, how many times as much everything costs there: no law at all.
    """

    leading: Leading
    coefficient: float
    shift: Array
    terms: Sequence[tuple[float, Monomial]]
    overlap: float = 1.0
    change: Break | None = None
    switches: dict[float, float] = field(default_factory=dict)

    def __call__(self, sizes: Array) -> Array:
        """Seconds at sizes (points, axes): (points,)."""
        lead = self.coefficient * self.leading.column(sizes) * np.prod(sizes**self.shift, axis=1)
        if self.change is not None:
            lead = lead * self.change(sizes)
        lower = [c * term.column(sizes) for c, term in self.terms]
        cost = power_mean(np.column_stack([*lower, lead]), self.overlap)
        switched: Array = np.array([self.switches.get(n, 1.0) for n in sizes[:, 0]])
        return cost * switched

    @property
    def exponents(self) -> dict[str, float]:
        """The true exponent of each axis."""
        return {
            axis: self.leading.degree(axis) + float(off)
            for axis, off in zip(self.leading.axes, self.shift, strict=True)
        }


@dataclass(frozen=True)
class SyntheticCase:
    """A law that is known, and the tables that a noisy machine made of it.

    Attributes
    ----------
    name
        Theory's order, as text, which the fitter is told; also the layer's name in the tables.
    truth
        The law.
    table
        Tidy rows, five repeats a point.
    held
        The same of some points beyond the grid, one of their sizes twice the largest.
    """

    name: str
    truth: Truth
    table: pd.DataFrame
    held: pd.DataFrame


@dataclass(frozen=True)
class Noise:
    """How a machine errs; ranges are drawn from for each case.

    Attributes
    ----------
    between
        Standard deviation between repeats.
    shared
        How likely it is that the repeats of a point share most of it, as a layout or a kernel's
        choice is shared.
    sized
        Standard deviation of what all points of one size share.
    shift
        Standard deviation of what all of a process shares.
    spikes
        How many repeats are disturbed; each takes longer, by half at the mean.
    """

    between: tuple[float, float] = (0.01, 0.06)
    shared: float = 0.5
    sized: tuple[float, float] = (0.0, 0.02)
    shift: tuple[float, float] = (0.0, 0.05)
    spikes: float = 0.08


@dataclass(frozen=True)
class Kind:
    """What is true of a case.

    Attributes
    ----------
    order
        Theory's order; empty where each case draws one.
    off_law
        Whether one of its exponents is 0.35 to 0.8 from theory.
    overhead
        Range of a lower-order term's share.
    hidden
        Whether the leading term takes less than 20 % of the time at every point.
    overlapping
        Whether its costs overlap, with an exponent p between 2 and 8, instead of adding up.
    stepped
        Whether the leading term costs 1.5 to 2.5 times as much from some breakpoint on.
    gradual
        Whether what lies beyond some breakpoint costs 2 to 5 times as much there.
    bent
        Whether one of its exponents is 0.5 to 1 larger or smaller from some size on.
    foreign
        Whether there is a term that the fitter does not know.
    switching
        Whether it follows no law: each n runs another kernel, at up to 1.8 times the cost.
    small
        Whether there are two or three sizes an axis.
    noise
        How the machine errs.
    """

    order: str = ""
    off_law: bool = False
    overhead: tuple[float, float] = SOME
    hidden: bool = False
    overlapping: bool = False
    stepped: bool = False
    gradual: bool = False
    bent: bool = False
    foreign: bool = False
    switching: bool = False
    small: bool = False
    noise: Noise = Noise()


def cases(number: int, seed: int, kind: Kind) -> Iterator[SyntheticCase]:
    """Draw cases; the same seed gives the same cases."""
    for index in range(number):
        yield _case(np.random.default_rng([seed, index, kind.off_law]), kind)


def _case(rng: np.random.Generator, kind: Kind) -> SyntheticCase:
    orders = [kind.order] if kind.order else _orders()
    name = orders[rng.integers(len(orders))]
    order = parse(name)
    axes = tuple(a for a in SIZES if a in {s.name for s in order.free_symbols})
    grid = _grid(rng, axes, small=kind.small)
    truth = _truth(rng, leading(order, axes), grid, kind)
    held = grid[rng.choice(len(grid), _HELD)]
    doubled = rng.integers(len(axes), size=_HELD)
    held[np.arange(_HELD), doubled] = 2 * grid.max(axis=0)[doubled]
    held = np.unique(held, axis=0)
    rows = _measured(rng, name, axes, np.vstack([grid, held]), truth, kind.noise)
    return SyntheticCase(
        name, truth, rows[: REPEATS * len(grid)], rows[REPEATS * len(grid) :].reset_index(drop=True)
    )


def _orders() -> list[str]:
    """Collect the orders in time of the core layers, and two that none of them has."""
    registered = {str(layers.get(name).tied_theory().time) for name in layers.CORE}
    return sorted(registered | {"n", "n*log(n)*d"})


def _grid(rng: np.random.Generator, axes: tuple[str, ...], *, small: bool) -> Array:
    """Draw a full grid with one of its axes' ends cut off at random, (points, axes)."""
    ladders = []
    for axis, ladder in _GRIDS[len(axes)].items():
        fewest = 30 if len(axes) == 1 else 5 if axis != "k" else 4
        if small:
            ladders.append(rng.choice(ladder, rng.integers(2, 4), replace=False))
        else:
            ladders.append(ladder[: rng.integers(min(fewest, len(ladder)), len(ladder) + 1)])
    grid = np.array(np.meshgrid(*ladders, indexing="ij")).reshape(len(axes), -1).T
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
    if rng.random() < 0.8:  # nearly everything pays something for being called at all
        picked[0] = terms[0]
    if kind.foreign:
        other = _foreign(theory)
        picked.append(other[rng.integers(len(other))])
    least, most = np.log(kind.overhead)
    shares = np.exp(rng.uniform(least, most, len(picked)))
    if kind.foreign:  # below the leading term, or it would lead itself
        shares[-1] = rng.uniform(0.01, 0.1)
    return [
        (float(share) * _SECOND / _middle(term.column(grid)), term)
        for share, term in zip(shares, picked, strict=True)
    ]


def _foreign(theory: Leading) -> list[Monomial]:
    """Terms that are no divisors of theory's: of a higher degree in one size, or a broken one."""
    axes = len(theory.axes)
    tops = [term for _, term in theory.terms]
    broken = [tops[0].shifted(-0.5 * unit) for unit in np.eye(axes)]
    higher = [m for m in monomials(axes, 2) if not any(m.divides(top) for top in tops)]
    return [*broken, *higher]


def _change(rng: np.random.Generator, theory: Leading, grid: Array, kind: Kind) -> Break | None:
    """Draw a breakpoint with a sixth of the points or more on either side."""
    if kind.bent:
        return _bend(rng, grid)
    if not (kind.stepped or kind.gradual):
        return None
    powers = rng.integers(0, 3, size=(grid.shape[1],))
    powers[rng.integers(len(powers))] += not powers.any()
    if not kind.gradual:
        _, place = _fair(rng, powers, grid)
        return Break(_monomial(powers), np.nextafter(place, 0), factor=rng.uniform(1.5, 2.5))
    # What crosses it is gone through so many times: theory is a multiple of that.
    shared = np.min([term.powers for _, term in theory.terms], axis=0)
    powers = np.minimum(powers, shared).astype(int)
    powers[rng.choice(np.flatnonzero(shared >= 1))] += not powers.any()
    reached, place = _fair(rng, powers, grid)
    below = reached[reached < place].max()
    place = float(below * (place / below) ** rng.uniform())
    return Break(_monomial(powers), place, factor=rng.uniform(2, 5), gradual=True)


def _bend(rng: np.random.Generator, grid: Array) -> Break:
    """Draw a size from which on the leading part grows otherwise."""
    axes, least = grid.shape[1], len(grid) / _SIDE
    corners = [
        (axis, place)
        for axis, column in enumerate(grid.T)
        for place in np.unique(column)[2:-2]
        if min(np.count_nonzero(column < place), np.count_nonzero(column > place)) >= least
    ]
    axis, place = corners[rng.integers(len(corners))]
    along = _monomial(np.eye(axes, dtype=int)[axis])
    return Break(along, float(place), bend=float(rng.choice([-1, 1]) * rng.uniform(0.5, 1)))


def _fair(rng: np.random.Generator, powers: NDArray[np.int64], grid: Array) -> tuple[Array, float]:
    """Give what is reached at each point, and draw a value of it that parts the points fairly."""
    reached, least = _monomial(powers).column(grid), len(grid) / _SIDE
    beyond = {b: np.count_nonzero(reached >= b) for b in np.unique(reached)}
    fair = [b for b, points in beyond.items() if least <= points <= len(grid) - least]
    return reached, float(rng.choice(fair or [np.median(reached)]))


def _monomial(powers: NDArray[np.int64]) -> Monomial:
    return Monomial(tuple(map(float, powers)), (0,) * len(powers))


def _middle(column: Array) -> float:
    """Geometric mean: the value at mid-grid."""
    return float(np.exp(np.mean(np.log(column))))


def _measured(
    rng: np.random.Generator,
    name: str,
    axes: tuple[str, ...],
    sizes: Array,
    truth: Truth,
    noise: Noise,
) -> pd.DataFrame:
    """Repeat each point, with everything that disturbs a machine."""
    between = rng.uniform(*noise.between)
    time = truth(sizes)
    for column in sizes.T:
        levels, which = np.unique(column, return_inverse=True)
        time = time * np.exp(rng.normal(0, rng.uniform(*noise.sized), len(levels)))[which]
    if rng.random() < noise.shared:
        time = time * np.exp(rng.normal(0, between, len(time)))
        between = between / 3
    process = rng.integers(PROCESSES, size=len(time))[:, None]
    if rng.random() < 0.5:  # every process measures every point; else each measures some
        process = process + np.arange(REPEATS)
    process = process % PROCESSES
    shift = rng.normal(0, rng.uniform(*noise.shift), PROCESSES)
    shape = (len(time), REPEATS)
    values = time[:, None] * np.exp(shift[process] + rng.normal(0, between, shape))
    spikes = rng.random(shape) < noise.spikes
    values = np.where(spikes, values * (1 + rng.exponential(0.5, shape)), values)
    rows = {axis: np.repeat(sizes[:, at], REPEATS) for at, axis in enumerate(axes)}
    return pd.DataFrame(
        {
            "layer": name,
            "device": "synthetic",
            "mode": "forward",
            "metric": SECONDS.name,
            **{size: rows.get(size, np.nan) for size in ("n", "d", "k")},
            "repeat": np.tile(np.arange(REPEATS), len(time)),
            "process": np.broadcast_to(process, shape).ravel(),
            "value": values.ravel(),
        }
    )
