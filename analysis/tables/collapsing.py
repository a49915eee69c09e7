"""One value for each point: repeats are collapsed, and the scatter between rounds is computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..expressions import Array

#: A point's value is the mean of its lowest repeats, this share of all: disturbances mostly add
#: time. Of five repeats, the mean of the lowest three beats mean, median and minimum.
_LOWEST = 0.6
#: Only repeats within this share of their lower quartile count. Virtual machines have two speeds:
#: where the slow one prevails, the lowest repeats are those of a rare fast moment, which only some
#: points see; where the fast one does, any mean is a mixture of both. With the minimum as the
#: anchor, halves of the rounds of one run differed by 8.2 % instead of 1.6 %.
_NEAR, _ANCHOR = 0.15, 0.25
#: Largest number of shares of processes: 160 MB.
_MOST_SHARES = 2 * 10**7


def collapse(frame: pd.DataFrame, point: Sequence[str]) -> pd.DataFrame:
    """Collapse the repeats of each point to one value, the mean of its lowest undisturbed ones.

    Further columns are ``row``, the first of these repeats, and ``level``, the logarithm of the
    ratio of the undisturbed repeats' median to the value.
    """
    # One number for each point: grouping by it takes a tenth of the time and the memory that
    # grouping by its columns takes.
    points = _number_points(frame, point)
    values = pd.DataFrame({"point": points, "value": frame["value"], "row": frame.index})
    ordered = values.sort_values("value", kind="stable")
    each = ordered.groupby("point", sort=False)["value"]
    size = each.transform("size")
    anchor = each.transform("quantile", q=_ANCHOR, interpolation="lower")
    near = ordered["value"].between(anchor / (1 + _NEAR), anchor * (1 + _NEAR))
    undisturbed = ordered[near].groupby("point", sort=False)["value"]
    lowest = ordered[near][undisturbed.cumcount() < np.ceil(_LOWEST * size[near])]
    found = lowest.groupby("point", sort=False).agg(value=("value", "mean"), row=("row", "min"))
    # Both frames have their groups in the order of the lowest repeats.
    medians, values = undisturbed.median().to_numpy(), found["value"].to_numpy()
    found["level"] = np.log(np.divide(medians, values, out=np.ones(len(found)), where=values > 0))
    _, first = np.unique(points, return_index=True)  # points are numbered from 0
    names = frame[list(point)].iloc[first[found.index]].reset_index(drop=True)
    collapsed: pd.DataFrame = pd.concat([names, found.reset_index(drop=True)], axis="columns")
    collapsed = collapsed.sort_values("row", kind="stable")
    return collapsed


def _number_points(frame: pd.DataFrame, point: Sequence[str]) -> NDArray[Any]:
    """Return the number of each row's point, from 0 in the order of occurrence: (rows,)."""
    grouped = frame.groupby(list(point), sort=False, dropna=False)
    return grouped.ngroup().to_numpy()


def point_values(points: pd.DataFrame) -> Array:
    """Return the values of points, scaled to the level of their medians: (points,).

    The mean of the lowest repeats varies least from point to point, but lies below the usual
    repeat. The scale corrects that by one factor for all points, which changes no exponent.
    """
    return points["value"].to_numpy(dtype=float) * float(np.exp(points["level"].mean()))


def add_round_squares(points: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Add to points the scatter between their rounds, or else their processes.

    The new columns are `squares`, the sum of squares of the logarithms of the rounds' values around
    their mean, and `round_df`, its degrees of freedom: the rounds beyond the first.
    """
    point = [column for column in points.columns if column not in ("value", "row", "level")]
    which = next((c for c in ("round", "process") if c in frame.columns), None)
    if which is None or frame[which].nunique() < 2:
        return points.assign(squares=0.0, round_df=0)
    rounds = collapse(frame, [*point, which])
    positive = rounds["value"].where(rounds["value"] > 0, 1.0)  # a count of 0 has no scatter
    logs = rounds.assign(log=np.log(positive)).groupby(point, sort=False, dropna=False)["log"]
    scatter = logs.agg(squares="var", round_df="size").reset_index()
    scatter["round_df"] -= 1
    scatter["squares"] *= scatter["round_df"]
    return points.merge(scatter, how="left", on=point)


def between_round_sd(points: pd.DataFrame) -> float | None:
    """Return the standard deviation between a point's rounds, pooled over all points."""
    df = int(points["round_df"].sum())
    return float(np.sqrt(points["squares"].sum() / df)) if df else None


def process_shares(
    frame: pd.DataFrame, point: Sequence[str], rows: pd.Series[Any]
) -> pd.DataFrame | None:
    """Return each process's, or round's, share of the repeats of some points.

    `rows` has the label of one row of each point, which labels its shares. None where a single
    process or round measured all, or where the shares would be too many to be of use, as with a
    process for each of a million repeats.
    """
    varying = [c for c in ("process", "round") if c in frame.columns and frame[c].nunique() > 1]
    if not varying:
        return None
    which, names = pd.factorize(frame[varying[0]], sort=True)
    points = _number_points(frame, point)
    if (points.max() + 1) * len(names) > _MOST_SHARES:
        return None
    counts = np.zeros((points.max() + 1, len(names)))
    known = which >= 0
    np.add.at(counts, (points[known], which[known]), 1.0)
    shares = counts / np.bincount(points)[:, None]
    of_row = pd.Series(points, index=frame.index).loc[rows]
    return pd.DataFrame(shares[of_row.to_numpy()], index=of_row.index, columns=names)
