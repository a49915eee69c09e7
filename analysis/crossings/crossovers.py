"""Crossovers: compare groups of laws over n at a few widths, with all their crossings."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from ... import layers
from ..tables import Series
from ..verdicts import Fit
from .coverage import size_columns, span
from .crossing_points import EXTRAPOLATION, Crossing, along, checks_of, crossing

#: Quantiles of the common widths at which layers are compared.
_WIDTHS = (0.25, 0.5, 0.75)
_MOST_LAYERS = 9


class Crossovers(NamedTuple):
    """Laws over n at one width, and their crossings.

    Attributes
    ----------
    d
        The width; None where no law has one.
    lines
        Columns layer, n, value, extrapolated.
    crossings
        Every pair of laws that crosses, by n.
    fixed
        Other sizes that some laws have, with their fixed values.
    metric
        Metric of the values.
    fits
        All comparable laws, drawn or not, in the order of the fits.
    """

    d: float | None
    lines: pd.DataFrame
    crossings: Sequence[Crossing]
    fixed: Mapping[str, float]
    metric: str
    fits: Sequence[Fit]


def crossovers_info(fits: Sequence[Fit]) -> list[Crossovers]:
    """Compare comparable laws at two or three widths that all of them have.

    Laws are comparable if they agree in device, mode, metric and every other column that separates
    laws, if their layers are both textbook or both native, and if in both one position depends on
    another.
    """
    return [
        info
        for group in comparable(fits)
        for width in _widths(group)
        if (info := _compare(group, width)) is not None
    ]


def comparable(fits: Sequence[Fit]) -> Iterator[list[Fit]]:
    """Group comparable laws, no more in a group than a figure can show."""
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
    """Whether a layer maps sequences to one; attention's phases take or give n × n scores."""
    return all(len({*shape}) == len(shape) for shape in (*layer.inputs.values(), layer.output))


def widths(group: Sequence[Fit]) -> Sequence[float | None]:
    """List the measured widths within the range of all layers; [None] if no layer has a width."""
    own = [size_columns(fit.series)["d"] for fit in group if "d" in size_columns(fit.series)]
    if not own:
        return [None]
    low, high = max(d.min() for d in own), min(d.max() for d in own)
    return sorted({float(d) for values in own for d in values if low <= d <= high})


def _widths(group: Sequence[Fit]) -> list[float | None]:
    """Pick two or three of these widths to draw laws at."""
    common = widths(group)
    picked = [common[round(part * (len(common) - 1))] for part in _WIDTHS] if common else []
    return list(dict.fromkeys(picked))


def fixed_sizes(group: Sequence[Fit]) -> dict[str, float]:
    """Fix the sizes besides n and d, each at the smallest value that all layers with it reach."""
    fixed: dict[str, float] = {}
    for fit in group:
        for size, values in size_columns(fit.series).items():
            if size not in ("n", "d"):
                fixed[size] = max(fixed.get(size, 0.0), float(values.min()))
    return fixed


def _compare(group: Sequence[Fit], width: float | None) -> Crossovers | None:
    at = {} if width is None else {"d": width}
    fixed = fixed_sizes(group)
    at |= fixed
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
        fixed,
        group[0].series.metric,
        group,
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
            "value": along(fit, n, at),
            "extrapolated": np.arange(len(n)) >= len(inside),
        }
    )


def crossovers_with_checks(
    crossovers: Sequence[Crossovers], fits: Sequence[Fit]
) -> list[Crossovers]:
    """Add checks that were measured since to the crossings.

    Parameters
    ----------
    crossovers
        The result of `crossovers_info`.
    fits
        The same fits in the same order, now with checks; their laws are the same.
    """
    groups = list(comparable(fits))
    updated = []
    for info in crossovers:
        own = [fit.series for fit in info.fits]
        group = next(group for group in groups if _alike([fit.series for fit in group], own))
        by_layer = {fit.series.layer: fit.series for fit in group}
        crossings = [
            each._replace(
                checks=checks_of(
                    by_layer[each.cheaper], by_layer[each.dearer], each.sizes, each.low, each.high
                )
            )
            for each in info.crossings
        ]
        updated.append(info._replace(crossings=crossings, fits=group))
    return updated


def _alike(some: Sequence[Series], others: Sequence[Series]) -> bool:
    """Whether two groups have the same layers, measured under the same conditions."""

    def names(group: Sequence[Series]) -> list[tuple[object, ...]]:
        return [(one.layer, one.device, one.mode, one.metric, dict(one.by)) for one in group]

    return names(some) == names(others)
