"""Laws whose truth is known, with overhead, noise and spikes: what the fitter is held against.

Developed on seeds from 0 on; the figures in docs are made with others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .. import layers
from .arrays import Array
from .table import SIZES
from .terms import Leading, leading, parse

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
REPEATS = 5

#: Largest share of a lower-order term, in units of the leading term, at mid-grid. With the first
#: a log-log line errs by 0.24 at the median; the second hides the leading term almost everywhere.
SOME, MUCH = 0.3, 3.0
_LEAST = 0.01


@dataclass(frozen=True)
class SyntheticCase:
    """A law whose exponents are known, and the table that a noisy machine made of it.

    Attributes
    ----------
    name
        Theory's order, as text; also the layer's name in the table.
    theory
        The leading part that the fitter is told.
    truth
        The true exponent of each axis: theory's, or off by 0.35 to 0.8 in one axis.
    table
        Tidy rows, five repeats a point.
    """

    name: str
    theory: Leading
    truth: dict[str, float]
    table: pd.DataFrame


@dataclass(frozen=True)
class Kind:
    """What is true of a case.

    Attributes
    ----------
    off_law
        Whether one of its exponents is 0.35 to 0.8 from theory.
    overhead
        Largest share of a lower-order term.
    overlapping
        Whether its costs overlap, with an exponent p between 2 and 8, instead of adding up.
    stepped
        Whether the leading term costs 1.5 to 2.5 times as much from some border on.
    """

    off_law: bool = False
    overhead: float = SOME
    overlapping: bool = False
    stepped: bool = False


def cases(number: int, seed: int, kind: Kind) -> Iterator[SyntheticCase]:
    """Draw cases from the registry's theories; the same seed gives the same cases."""
    for index in range(number):
        yield _case(np.random.default_rng([seed, index, kind.off_law]), kind)


def _case(rng: np.random.Generator, kind: Kind) -> SyntheticCase:
    orders = _orders()
    name = orders[rng.integers(len(orders))]
    order = parse(name)
    axes = tuple(a for a in SIZES if a in {s.name for s in order.free_symbols})
    grid = _grid(rng, axes)
    theory = leading(order, axes)
    shift = np.zeros(len(axes))
    if kind.off_law:
        shift[rng.integers(len(axes))] = rng.choice([-1, 1]) * rng.uniform(0.35, 0.8)
    time = _unit(theory.column(grid) * np.prod(grid**shift, axis=1))
    overhead = _overhead(rng, theory, grid, kind.overhead)
    if kind.stepped:
        time = time * np.where(_beyond(rng, grid), rng.uniform(1.5, 2.5), 1.0)
    overlap = np.exp(rng.uniform(np.log(2), np.log(8))) if kind.overlapping else 1.0
    time = (time**overlap + np.sum(overhead**overlap, axis=1)) ** (1 / overlap)
    return SyntheticCase(
        name=name,
        theory=theory,
        truth={a: theory.degree(a) + float(s) for a, s in zip(axes, shift, strict=True)},
        table=_measured(rng, name, axes, grid, 1e-3 * time),
    )


def _orders() -> list[str]:
    """Collect the orders in time of all registered layers, and two that none of them has yet."""
    registered = {str(layers.get(name).tied_theory().time) for name in layers.names()}
    return sorted(registered | {"n", "n*log(n)*d"})


def _grid(rng: np.random.Generator, axes: tuple[str, ...]) -> Array:
    """Draw a full grid with one of its axes' ends cut off at random, (points, axes)."""
    ladders = []
    for axis, ladder in _GRIDS[len(axes)].items():
        fewest = 30 if len(axes) == 1 else 5 if axis != "k" else 4
        ladders.append(ladder[: rng.integers(min(fewest, len(ladder)), len(ladder) + 1)])
    grid = np.array(np.meshgrid(*ladders, indexing="ij")).reshape(len(axes), -1).T
    if len(grid) > _MOST_POINTS:
        grid = grid[rng.choice(len(grid), _MOST_POINTS, replace=False)]
    return np.asarray(np.round(grid))


def _overhead(rng: np.random.Generator, theory: Leading, grid: Array, most: float) -> Array:
    """Draw one to four lower-order terms, each 0.01 to `most` of the leading one at mid-grid.

    Gives (points, terms).
    """
    terms = list(theory.divisors())
    chosen = rng.permutation(len(terms))[: rng.integers(1, 5)]
    picked = [terms[i] for i in chosen]
    if rng.random() < 0.8:  # nearly everything pays something for being called at all
        picked[0] = terms[0]
    shares = np.exp(rng.uniform(np.log(_LEAST), np.log(most), len(picked)))
    columns = [s * _unit(t.column(grid)) for s, t in zip(shares, picked, strict=True)]
    return np.column_stack(columns)


def _beyond(rng: np.random.Generator, grid: Array) -> NDArray[np.bool_]:
    """Draw a border along a size, or a product of sizes as a working set is, (points,).

    A sixth of the points or more lie on either side.
    """
    powers = rng.integers(0, 3, size=(grid.shape[1],))
    powers[rng.integers(grid.shape[1])] += not powers.any()
    along = np.prod(grid**powers, axis=1)
    levels = np.unique(along)
    least = len(along) / 6
    fair = [b for b in levels if least <= np.count_nonzero(along >= b) <= len(along) - least]
    return np.asarray(along >= rng.choice(fair or [np.median(along)]))


def _unit(column: Array) -> Array:
    """Scale to a geometric mean of 1."""
    return np.asarray(column / np.exp(np.mean(np.log(column))))


def _measured(
    rng: np.random.Generator, name: str, axes: tuple[str, ...], grid: Array, time: Array
) -> pd.DataFrame:
    """Repeat each point with 1 to 6 % noise, half of the cases sharing it, and one-sided spikes."""
    noise = rng.uniform(0.01, 0.06)
    shape = (len(time), REPEATS)
    if rng.random() < 0.5:  # a layout, a kernel's choice: all repeats of a point share it
        time = time * np.exp(rng.normal(0, noise, len(time)))
        noise = noise / 3
    values = time[:, None] * np.exp(rng.normal(0, noise, shape))
    spikes = rng.random(shape) < 0.08
    values = np.where(spikes, values * (1 + rng.exponential(0.5, shape)), values)
    rows = {axis: np.repeat(grid[:, at], REPEATS) for at, axis in enumerate(axes)}
    return pd.DataFrame(
        {
            "layer": name,
            "device": "synthetic",
            "mode": "forward",
            "metric": "seconds",
            **{size: rows.get(size, np.nan) for size in ("n", "d", "k")},
            "repeat": np.tile(np.arange(REPEATS), len(time)),
            "value": values.ravel(),
        }
    )
