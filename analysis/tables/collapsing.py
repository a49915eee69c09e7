"""One value for each point: repeats are collapsed, and what rounds differ by is kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..expressions import Array

#: A point's value is the mean of this share of its repeats, the lowest: disturbances mostly add
#: time. Of five repeats the lowest three beat mean, median and minimum.
_LOWEST = 0.6
#: Of such as lie within this share of their lower quartile. Machines that share their hardware have
#: two speeds: where the slow one prevails, lowest repeats are those of a rare fast moment, which
#: some points see and others do not; where the fast one does, any mean is a mixture of both. Beside
#: the very lowest instead, halves of the rounds of one run differed by 8.2 % instead of 1.6 %.
_NEAR, _ANCHOR = 0.15, 0.25


def collapse(frame: pd.DataFrame, point: Sequence[str]) -> pd.DataFrame:
    """Give each point one value, of the lowest of its undisturbed repeats.

    Beside it stand ``row``, the first of these, and ``level``, by how much the logarithm of the
    median of its undisturbed repeats lies above that of the value.
    """
    keys = list(point)
    ordered = frame.assign(row=frame.index).sort_values("value", kind="stable")
    each = ordered.groupby(keys, sort=False, dropna=False)["value"]
    size = each.transform("size")
    anchor = each.transform("quantile", q=_ANCHOR, interpolation="lower")
    near = ordered["value"].between(anchor / (1 + _NEAR), anchor * (1 + _NEAR))
    undisturbed = ordered[near].groupby(keys, sort=False, dropna=False)["value"]
    lowest = ordered[near][undisturbed.cumcount() < np.ceil(_LOWEST * size[near])]
    points: pd.DataFrame = lowest.groupby(keys, sort=False, dropna=False).agg(
        value=("value", "mean"), row=("row", "min")
    )
    # Both have their groups in the order of their lowest repeats.
    points["level"] = np.log(undisturbed.median().to_numpy() / points["value"].to_numpy())
    return points.reset_index().sort_values("row", kind="stable")


def levelled(points: pd.DataFrame) -> Array:
    """Give the values of points at the level of their medians, (points,).

    The mean of the lowest repeats errs least from point to point, but lies below what a repeat
    takes, the more so the larger the noise: by one factor for all, which moves no exponent.
    """
    return points["value"].to_numpy(dtype=float) * float(np.exp(points["level"].mean()))


def add_round_squares(points: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Add to points what their rounds, else their processes, differ by.

    The columns are `squares`, the sum of squares of the logarithms of the rounds' values around
    their mean, and `round_df`, its degrees of freedom: the rounds beyond the first.
    """
    point = [column for column in points.columns if column not in ("value", "row", "level")]
    which = next((c for c in ("round", "process") if c in frame.columns), None)
    if which is None or frame[which].nunique() < 2:
        return points.assign(squares=0.0, round_df=0)
    each = collapse(frame, [*point, which])
    logs = each.assign(log=np.log(each["value"])).groupby(point, sort=False, dropna=False)["log"]
    found = logs.agg(squares="var", round_df="size").reset_index()
    found["round_df"] -= 1
    found["squares"] *= found["round_df"]
    return points.merge(found, how="left", on=point)


def between_round_sd(points: pd.DataFrame) -> float | None:
    """Give the standard deviation between the rounds of a point, over all points."""
    df = int(points["round_df"].sum())
    return float(np.sqrt(points["squares"].sum() / df)) if df else None


def process_shares(frame: pd.DataFrame, point: Sequence[str]) -> pd.DataFrame | None:
    """Which share of a point's repeats each process measured, or each round: a row per repeat.

    None where a single one measured all.
    """
    there = [c for c in ("process", "round") if c in frame.columns and frame[c].nunique() > 1]
    if not there:
        return None
    which = pd.get_dummies(frame[there[0]], dtype=float)
    names = [frame[column] for column in point]
    shares: pd.DataFrame = which.groupby(names, sort=False, dropna=False).transform("mean")
    return shares
