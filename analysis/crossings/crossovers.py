"""Where layers cross over: the length n from which another layer is the cheaper one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from math import inf, isfinite, isnan, nan
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from ... import layers
from ..expressions import Array
from ..formatting import listed, number
from ..tables import Series
from ..verdicts import Fit
from .coverage import columns, size_columns, span

#: Laws are followed this many times beyond their longest measured n, and no further.
EXTRAPOLATION = 4.0

#: Widths at which layers are compared: these shares of the way through those that all have.
_WIDTHS = (0.25, 0.5, 0.75)
_MOST_LAYERS = 9
_STEPS = 200


class Crossing(NamedTuple):
    """Two laws that cost the same at n; beyond it `cheaper` costs less than `dearer`.

    `low` and `high` are the ends of the 95 % interval of n: 0 and infinity where it goes beyond
    what was looked at, NaN where a law has no intervals. `sizes` are those that are held, `device`
    where it was measured. `checks`
    are further lengths outside of the interval at which both were measured, with how many times as
    much `dearer` took there.
    """

    cheaper: str
    dearer: str
    d: float
    n: float
    extrapolated: bool
    low: float = nan
    high: float = nan
    sizes: Mapping[str, float] = {}
    device: str = ""
    checks: Sequence[tuple[float, float]] = ()

    @property
    def holds(self) -> bool | None:
        """Whether every check finds the layer cheaper that should be; None without checks."""
        if not self.checks:
            return None
        return all((ratio > 1) == (n > self.n) for n, ratio in self.checks)

    @property
    def checked(self) -> str:
        """Say what the checks found: how many times as much the dearer layer took, at which n."""
        if self.holds is None:
            return ""
        sides = {n > self.n for n, _ in self.checks}
        where = "" if len(sides) == 2 else " above" if True in sides else " below"
        found = listed([f"{ratio:.2f} at {number(n)}" for n, ratio in self.checks])
        return f"{'holds' if self.holds else 'does not hold'}{where}: {found}"

    @property
    def row(self) -> tuple[str, ...]:
        """Write it as a row of a table; the columns are those of `CROSSING_HEAD`."""
        told = "extrapolated" if self.extrapolated else ""
        sizes = (number(self.n), self.interval, number(self.d))
        return (*sizes, self.cheaper, self.dearer, self.checked, told)

    @property
    def interval(self) -> str:
        """Write the interval; an end beyond what was looked at is left open."""
        if isnan(self.low):
            return ""
        low = number(self.low) if self.low else "…"
        return f"[{low}, {number(self.high) if isfinite(self.high) else '…'}]"


#: The head of a table of crossings.
CROSSING_HEAD = (
    "from this n on",
    "95 %",
    "at d",
    "this costs less",
    "than this",
    "measured anew",
    "",
)


class Crossovers(NamedTuple):
    """Laws over n at one width.

    Attributes
    ----------
    d
        The width; None where no law has one.
    lines
        Columns layer, n, value, extrapolated.
    crossings
        Every pair that crosses, by n.
    held
        Further sizes that some laws have, with the values they are held at.
    metric
        What the values are.
    """

    d: float | None
    lines: pd.DataFrame
    crossings: Sequence[Crossing]
    held: Mapping[str, float]
    metric: str


def crossover(
    first: Fit, second: Fit, at: Mapping[str, float], reach: float = EXTRAPOLATION
) -> float | None:
    """Find the largest n at which two laws cost the same; None where they do not.

    Parameters
    ----------
    first, second
        Fits that have a law in n.
    at
        The other sizes, such as ``{"d": 64}``.
    reach
        How many times beyond the longest measured n to look.
    """
    window = _window(first, second, at, reach)
    if window is None:
        return None
    low, high = window

    def difference(log_n: Array) -> Array:
        n = np.exp(log_n)
        return np.log(_along(first, n, at) / _along(second, n, at))

    grid = np.linspace(np.log(low), np.log(high), _STEPS)
    signs = np.sign(difference(grid))
    changes = np.flatnonzero(signs[:-1] * signs[1:] < 0)
    if not len(changes):
        return None
    last = changes[-1]
    root = brentq(lambda x: float(difference(np.array([x]))[0]), grid[last], grid[last + 1])
    return float(np.exp(root))


def interpolated(first: Series, second: Series) -> float | None:
    """Find the largest n at which straight lines between measured points cross, without a law.

    The lines are straight in logarithms. Both series grow in n alone; None where they share
    fewer than two lengths, or do not cross between them.
    """
    own = [
        dict(zip(one.sizes[:, 0].tolist(), one.values.tolist(), strict=True))
        for one in (first, second)
    ]
    shared = np.array(sorted(own[0].keys() & own[1].keys()))
    difference = np.array([np.log(own[0][n] / own[1][n]) for n in shared])
    changes = np.flatnonzero(difference[:-1] * difference[1:] < 0)
    if not len(changes):
        return None
    last = changes[-1]
    part = difference[last] / (difference[last] - difference[last + 1])
    return float(shared[last] * (shared[last + 1] / shared[last]) ** part)


def _window(
    first: Fit, second: Fit, at: Mapping[str, float], reach: float
) -> tuple[float, float] | None:
    """Lengths at which two laws are compared; None where they share none."""
    spans = [span(fit.series, "n", at) for fit in (first, second)]
    found = [limits for limits in spans if limits is not None]
    if len(found) < 2:
        return None
    low = max(limits[0] for limits in found)
    high = reach * min(limits[1] for limits in found)
    return (low, high) if low < high else None


def crossovers_info(fits: Sequence[Fit]) -> list[Crossovers]:
    """Compare comparable laws at two or three widths that all of them have.

    Laws are comparable where device, mode, metric and whatever else separates them agree, and
    where both layers, textbook or both native, carry something from one position to another.
    """
    return [
        info
        for group in comparable(fits)
        for width in _widths(group)
        if (info := _compare(group, width)) is not None
    ]


def comparable(fits: Sequence[Fit]) -> Iterator[list[Fit]]:
    """Group the laws that can be compared; no more than can be told apart in a figure."""
    groups: dict[tuple[object, ...], list[Fit]] = {}
    for fit in fits:
        one = fit.series
        layer = layers.find(one.layer)
        if fit.law is None or "n" not in one.axes or layer is None:
            continue
        if layer.theory.path_length.is_infinite or not _maps_sequences(layer):
            continue
        key = (layer.native, one.device, one.mode, one.metric, *sorted(map(str, one.by.items())))
        groups.setdefault(key, []).append(fit)
    yield from (group[:_MOST_LAYERS] for group in groups.values() if len(group) > 1)


def _maps_sequences(layer: layers.Layer) -> bool:
    """Whether it maps sequences to a sequence: attention's phases take or give n × n scores."""
    return all(len({*shape}) == len(shape) for shape in (*layer.inputs.values(), layer.output))


def widths(group: Sequence[Fit]) -> Sequence[float | None]:
    """List the widths that are measured within the range of all layers; None if none has one."""
    own = [size_columns(fit.series)["d"] for fit in group if "d" in size_columns(fit.series)]
    if not own:
        return [None]
    low, high = max(d.min() for d in own), min(d.max() for d in own)
    return sorted({float(d) for values in own for d in values if low <= d <= high})


def _widths(group: Sequence[Fit]) -> list[float | None]:
    """Pick two or three of them, to draw laws at."""
    shared = widths(group)
    picked = [shared[round(share * (len(shared) - 1))] for share in _WIDTHS] if shared else []
    return list(dict.fromkeys(picked))


def held_sizes(group: Sequence[Fit]) -> dict[str, float]:
    """Sizes besides n and d, each at the smallest value that all who have it were measured at."""
    held: dict[str, float] = {}
    for fit in group:
        for size, values in size_columns(fit.series).items():
            if size not in ("n", "d"):
                held[size] = max(held.get(size, 0.0), float(values.min()))
    return held


def _compare(group: Sequence[Fit], width: float | None) -> Crossovers | None:
    at = {} if width is None else {"d": width}
    held = held_sizes(group)
    at |= held
    lines = [_line(fit, at) for fit in group]
    drawn = [fit for fit, line in zip(group, lines, strict=True) if len(line)]
    if len(drawn) < 2:
        return None
    crossings = [
        found
        for first, second in itertools.combinations(drawn, 2)
        if (found := crossing(first, second, at)) is not None
    ]
    return Crossovers(
        width,
        pd.concat(lines, ignore_index=True),
        sorted(crossings, key=lambda crossing: crossing.n),
        held,
        group[0].series.metric,
    )


def _line(fit: Fit, at: Mapping[str, float]) -> pd.DataFrame:
    limits = span(fit.series, "n", at)
    if limits is None:
        return pd.DataFrame(columns=["layer", "n", "value", "extrapolated"])
    inside = np.geomspace(*limits, 40)
    beyond = np.geomspace(limits[1], EXTRAPOLATION * limits[1], 10)
    n = np.concatenate([inside, beyond])
    return pd.DataFrame(
        {
            "layer": fit.series.layer,
            "n": n,
            "value": _along(fit, n, at),
            "extrapolated": np.arange(len(n)) >= len(inside),
        }
    )


def crossing(first: Fit, second: Fit, at: Mapping[str, float]) -> Crossing | None:
    """Find where two laws cross, with its interval; None where they do not.

    Parameters
    ----------
    first, second
        Fits that have a law in n, of any layers.
    at
        The other sizes, such as ``{"d": 64}``.
    """
    n = crossover(first, second, at)
    if n is None:
        return None
    beyond = np.array([n * 1.001])
    pair = sorted((first, second), key=lambda fit: float(_along(fit, beyond, at)[0]))
    spans = (span(fit.series, "n", at) for fit in pair)
    low, high = _interval(pair[0], pair[1], at)
    return Crossing(
        pair[0].series.layer,
        pair[1].series.layer,
        at.get("d", float("nan")),
        n,
        any(limits is not None and n > limits[1] for limits in spans),
        min(low, n),
        max(high, n),
        at,
        pair[0].series.device,
        _checks(pair[0].series, pair[1].series, at, min(low, n), max(high, n)),
    )


def _checks(
    cheaper: Series, dearer: Series, at: Mapping[str, float], low: float, high: float
) -> list[tuple[float, float]]:
    """Lengths beyond low and high at which both were measured anew, and dearer/cheaper there."""
    first, second = (_checked(one, at) for one in (cheaper, dearer))
    both = sorted(first.keys() & second.keys())
    return [(n, second[n] / first[n]) for n in both if not low <= n <= high]


def _checked(series: Series, at: Mapping[str, float]) -> dict[float, float]:
    """Give the times of a series' checks by n, at these other sizes."""
    if series.checks is None or "n" not in series.axes:
        return {}
    sizes, values = series.checks
    where = series.axes.index("n")
    given = np.array([at.get(axis, nan) for axis in series.axes])
    same = (np.delete(sizes == given, where, axis=1)).all(axis=1)
    return dict(zip(sizes[same, where].tolist(), values[same].tolist(), strict=True))


def _interval(cheaper: Fit, dearer: Fit, at: Mapping[str, float]) -> tuple[float, float]:
    """Find the 95 % interval of the n from which one law is the cheaper.

    Each pair of laws that the points leave possible has such an n: the last at which they cost
    the same, 0 where `cheaper` is so all the way, infinity where it is not so at the end.
    """
    window = _window(cheaper, dearer, at, EXTRAPOLATION)
    assert window is not None  # they cross
    assert cheaper.law is not None
    assert dearer.law is not None
    n = np.geomspace(*window, _STEPS)
    try:
        less, more = (law.likely(columns(law, {**at, "n": n})) for law in (cheaper.law, dearer.law))
    except ValueError:  # too few points for intervals
        return nan, nan
    difference = np.log(less) - np.log(more)  # (laws, n), negative where `cheaper` is
    found = np.empty(len(difference))
    for row, each in enumerate(difference):
        above = np.flatnonzero(each > 0)
        if not len(above):
            found[row] = 0.0
        elif above[-1] == len(n) - 1:
            found[row] = inf
        else:
            last = above[-1]
            found[row] = np.exp(np.interp(0, -each[last : last + 2], np.log(n[last : last + 2])))
    low, high = np.quantile(found, (0.025, 0.975), method="nearest")
    return float(low), float(high)


def _along(fit: Fit, n: Array, at: Mapping[str, float]) -> Array:
    """Predict a law along n, (len(n),)."""
    assert fit.law is not None
    return fit.law.predict(columns(fit.law, {**at, "n": n}))
