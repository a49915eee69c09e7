"""One value for each point: repeats are collapsed, and the scatter between rounds is computed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..expressions import Array

#: A point's value is the mean of its lowest repeats, this share of all: disturbances mostly add
#: time. Of five repeats, the mean of the lowest three beats mean, median and minimum.
_LOWEST = 0.6
#: Only repeats within this share of their lower quartile count. Virtual machines have two speeds:
#: where the slow one prevails, the lowest repeats are those of a rare fast moment, which only some
#: points see; where the fast one does, any mean is a mixture of both. With the minimum as the
#: anchor, halves of the rounds of one run differed by 8.2 % instead of 1.6 %.
_NEAR, _ANCHOR = 0.15, 0.25


def collapse(frame: pd.DataFrame, point: Sequence[str]) -> pd.DataFrame:
    """Collapse the repeats of each point to one value, the mean of its lowest undisturbed ones.

    Further columns are ``row``, the first of these repeats, and ``level``, the logarithm of the
    ratio of the undisturbed repeats' median to the value.
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
    # Both frames have their groups in the order of the lowest repeats.
    points["level"] = np.log(undisturbed.median().to_numpy() / points["value"].to_numpy())
    return points.reset_index().sort_values("row", kind="stable")


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
    logs = rounds.assign(log=np.log(rounds["value"])).groupby(point, sort=False, dropna=False)[
        "log"
    ]
    scatter = logs.agg(squares="var", round_df="size").reset_index()
    scatter["round_df"] -= 1
    scatter["squares"] *= scatter["round_df"]
    return points.merge(scatter, how="left", on=point)


def between_round_sd(points: pd.DataFrame) -> float | None:
    """Return the standard deviation between a point's rounds, pooled over all points."""
    df = int(points["round_df"].sum())
    return float(np.sqrt(points["squares"].sum() / df)) if df else None


def process_shares(frame: pd.DataFrame, point: Sequence[str]) -> pd.DataFrame | None:
    """Return each process's, or round's, share of a point's repeats: a row per repeat.

    None where a single process or round measured all.
    """
    varying = [c for c in ("process", "round") if c in frame.columns and frame[c].nunique() > 1]
    if not varying:
        return None
    which = pd.get_dummies(frame[varying[0]], dtype=float)
    names = [frame[column] for column in point]
    shares: pd.DataFrame = which.groupby(names, sort=False, dropna=False).transform("mean")
    return shares
