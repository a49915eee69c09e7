"""One value for each point: repeats are collapsed, and the scatter between rounds is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
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

Numbers = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Repeats:
    """Rows of a table with their points.

    Attributes
    ----------
    frame
        The rows, one per repeat.
    numbers
        The number of each row's point, from 0 in the order of occurrence: (rows,). Grouping by it
        takes a tenth of the time and the memory that grouping by the point's columns takes.
    by_value
        The order of the rows by value, the lowest first, (rows,).
    """

    frame: pd.DataFrame
    numbers: Numbers
    by_value: NDArray[np.intp]

    @classmethod
    def of(cls, frame: pd.DataFrame, point: Sequence[str]) -> Repeats:
        """Return rows with their points, which some columns tell apart."""
        numbers: Numbers = np.zeros(len(frame), dtype=np.intp)
        for column in point:
            codes, distinct = pd.factorize(frame[column], use_na_sentinel=False)
            if len(distinct) > 1:  # most columns have the same cell in all rows
                numbers = pd.factorize(numbers * len(distinct) + codes)[0]
        return cls(frame, numbers, np.argsort(frame["value"].to_numpy(dtype=float), kind="stable"))

    def within(self, column: str) -> Repeats:
        """Return the rows with points that a further column tells apart."""
        codes, distinct = pd.factorize(self.frame[column], use_na_sentinel=False)
        return replace(self, numbers=pd.factorize(self.numbers * len(distinct) + codes)[0])

    @cached_property
    def first(self) -> NDArray[np.intp]:
        """The first row of each point, (points,)."""
        first = np.zeros(self.numbers.max(initial=-1) + 1, dtype=np.intp)
        first[self.numbers[::-1]] = np.arange(len(self.numbers))[::-1]  # the last one remains
        return first


def collapse(
    frame: pd.DataFrame, point: Sequence[str], repeats: Repeats | None = None
) -> pd.DataFrame:
    """Collapse the repeats of each point to one value, the mean of its lowest undisturbed ones.

    Further columns are ``row``, the first of these repeats, and ``level``, the logarithm of the
    ratio of the undisturbed repeats' median to the value. Points are labelled with their numbers.
    """
    repeats = Repeats.of(frame, point) if repeats is None else repeats
    names = frame[list(point)].iloc[repeats.first].reset_index(drop=True)
    collapsed: pd.DataFrame = pd.concat([names, _collapsed(repeats)], axis="columns")
    collapsed = collapsed.sort_values("row", kind="stable")
    return collapsed


def _collapsed(repeats: Repeats) -> pd.DataFrame:
    """Return value, row and level of each point, by its number."""
    given, numbers = repeats.frame["value"].to_numpy(dtype=float), repeats.numbers
    by_value = repeats.by_value
    # Points one after another, each with its repeats from the lowest on.
    by_point = _order_of_numbers(numbers[by_value])
    values, of_point = given[by_value[by_point]], numbers[by_value[by_point]]
    size = np.bincount(of_point)
    start = np.cumsum(size) - size
    anchor = values[start + (_ANCHOR * (size - 1)).astype(np.intp)][of_point]
    near = (values >= anchor / (1 + _NEAR)) & (values <= anchor * (1 + _NEAR))
    place = np.cumsum(near) - near  # how many undisturbed repeats are before each one
    place -= place[start][of_point]
    lowest = np.empty(len(values), dtype=bool)
    lowest[by_point] = near & (place < np.ceil(_LOWEST * size)[of_point])
    # In the order of the values, since the last digit of a sum depends on the order.
    kept = by_value[lowest]
    each = pd.DataFrame({"value": given[kept], "row": repeats.frame.index.to_numpy()[kept]})
    found = each.groupby(numbers[kept]).agg(value=("value", "mean"), row=("row", "min"))
    medians = _medians(values[near], np.bincount(of_point[near]))
    means = found["value"].to_numpy()
    found["level"] = np.log(np.divide(medians, means, out=np.ones(len(found)), where=means > 0))
    return found.reset_index(drop=True)


def _order_of_numbers(numbers: Numbers) -> NDArray[np.intp]:
    """Return the order of the numbers of points, below 2³²; those of one point as they were given.

    NumPy sorts numbers of 16 bits by radix, in a tenth of the time.
    """
    low, high = numbers.astype(np.uint16), numbers >> 16
    order = np.argsort(low, kind="stable")
    if high.any():
        order = order[np.argsort(high[order].astype(np.uint16), kind="stable")]
    return order


def _medians(values: Array, size: NDArray[np.intp]) -> Array:
    """Return the median of each run of `size` ascending values."""
    start = np.cumsum(size) - size
    lower, upper = values[start + (size - 1) // 2], values[start + size // 2]
    return np.asarray(np.where(size % 2 == 1, lower, (lower + upper) / 2))


def point_values(points: pd.DataFrame) -> Array:
    """Return the values of points, scaled to the level of their medians: (points,).

    The mean of the lowest repeats varies least from point to point, but lies below the usual
    repeat. The scale corrects that by one factor for all points, which changes no exponent.
    """
    return points["value"].to_numpy(dtype=float) * float(np.exp(points["level"].mean()))


def add_round_squares(points: pd.DataFrame, repeats: Repeats) -> pd.DataFrame:
    """Add to points the scatter between their rounds, or else their processes.

    `points` are those that `collapse` made of the repeats.
    The new columns are `squares`, the sum of squares of the logarithms of the rounds' values around
    their mean, and `round_df`, its degrees of freedom: the rounds beyond the first.
    """
    frame = repeats.frame
    which = next((c for c in ("round", "process") if c in frame.columns), None)
    if which is None or frame[which].nunique() < 2:
        return points.assign(squares=0.0, round_df=0)
    each = repeats.within(which)
    rounds = _collapsed(each).assign(point=repeats.numbers[each.first])
    rounds = rounds.sort_values("row", kind="stable")
    positive = rounds["value"].where(rounds["value"] > 0, 1.0)  # a count of 0 has no scatter
    scatter = np.log(positive).groupby(rounds["point"]).agg(squares="var", round_df="size")
    scatter["round_df"] -= 1
    scatter["squares"] *= scatter["round_df"]
    joined: pd.DataFrame = pd.concat([points, scatter.loc[points.index]], axis="columns")
    return joined.reset_index(drop=True)


def between_round_sd(points: pd.DataFrame) -> float | None:
    """Return the standard deviation between a point's rounds, pooled over all points."""
    df = int(points["round_df"].sum())
    return float(np.sqrt(points["squares"].sum() / df)) if df else None


def process_shares(repeats: Repeats, rows: pd.Series[Any]) -> pd.DataFrame | None:
    """Return each process's, or round's, share of the repeats of some points.

    `rows` has the label of one row of each point, which labels its shares. None where a single
    process or round measured all, or where the shares would be too many to be of use, as with a
    process for each of a million repeats.
    """
    frame, numbers = repeats.frame, repeats.numbers
    varying = [c for c in ("process", "round") if c in frame.columns and frame[c].nunique() > 1]
    if not varying:
        return None
    which, names = pd.factorize(frame[varying[0]], sort=True)
    most = int(numbers.max()) + 1
    if most * len(names) > _MOST_SHARES:
        return None
    known = which >= 0
    cells = np.bincount(numbers[known] * len(names) + which[known], minlength=most * len(names))
    shares = cells.reshape(most, len(names)) / np.bincount(numbers)[:, None]
    of_row = pd.Series(numbers, index=frame.index).loc[rows]
    return pd.DataFrame(shares[of_row.to_numpy()], index=of_row.index, columns=names)
