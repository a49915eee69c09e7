"""The breakpoint: a table of measurements is checked here once, and cut into series to fit."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...errors import LayerlawError
from ...measure import (
    AUXILIARY,
    CALIBRATION,
    CHECK_SECONDS,
    OTHER_SECONDS,
    PARTS,
    SECONDS,
    SIZES,  # a part of the table here too
)
from ..laws import Array
from .calibration import Calibration, calibration_of

KEYS = ("layer", "device", "mode", "metric")
REQUIRED = (*KEYS, "n", "d", "value")
#: Columns that tell measurements of one point apart; they separate no laws.
WITHIN = ("repeat", "process", "round", "status")

#: A point's value is the mean of this share of its repeats, the lowest: disturbances mostly add
#: time. Of five repeats the lowest three beat mean, median and minimum.
_LOWEST = 0.6
#: Of such as lie within this share of their lower quartile. Machines that share their hardware have
#: two speeds: where the slow one prevails, lowest repeats are those of a rare fast moment, which
#: some points see and others do not; where the fast one does, any mean is a mixture of both. Beside
#: the very lowest instead, halves of the rounds of one run differed by 8.2 % instead of 1.6 %.
_NEAR, _ANCHOR = 0.15, 0.25

#: Seconds that stand for none: small beside everything, and not zero.
_NONE = 1e-15

#: Sizes and values beyond this, or below its inverse, are a mistake, and powers of them overflow.
_EXTREME = 1e30


class TableError(LayerlawError, ValueError):
    """A table that cannot be fitted; the message names file, row and column."""


@dataclass(frozen=True)
class Parts:
    """What the passes of a series consist of, each (points,).

    Attributes
    ----------
    known
        Whether it was measured; where not, the others are NaN.
    flops, products
        FLOPs of the products, and seconds that they take alone.
    others, calls
        Seconds of the other operations, and of calling all of them.
    """

    known: NDArray[np.bool_]
    flops: Array
    products: Array
    others: Array
    calls: Array


@dataclass(frozen=True)
class Series:
    """The points of one law.

    Attributes
    ----------
    layer, device, mode, metric
        What was measured.
    by
        Other columns that vary in the table and so separate its laws, with their values here.
    axes
        The sizes that vary.
    constants
        The sizes that do not.
    sizes, values
        (points, axes), and (points,) in the metric's unit.
    left_out
        Rows that were left out because their status is not ``ok``.
    processes
        (points, processes): which share of a point's repeats each process measured, or each round
        where there are no processes; None where the table does not say.
    between_round_sd
        What a point's processes, or rounds, differ by: the relative standard deviation of their
        values, over all points; None where each point has one.
    parts
        What its passes consist of, where the table has it.
    checks
        Sizes and times of further points, to which no law is fitted: (points, axes), (points,).
    same
        Other columns that do not vary in the table, with their values.
    calibration
        What the machine can do at its best, where the table has it.
    """

    layer: str
    device: str
    mode: str
    metric: str
    by: dict[str, Any]
    axes: tuple[str, ...]
    constants: dict[str, float]
    sizes: Array
    values: Array
    left_out: int = 0
    processes: Array | None = None
    between_round_sd: float | None = None
    parts: Parts | None = None
    checks: tuple[Array, Array] | None = None
    same: Mapping[str, Any] = field(default_factory=dict)
    calibration: Calibration | None = None

    @property
    def timed(self) -> bool:
        """Whether these are times: only such costs can overlap, change regimes, and err."""
        return self.metric == SECONDS.name

    def since(self, axis: str, size: float) -> Series:
        """Give the points from a size of an axis on, of what is not timed."""
        kept = self.sizes[:, self.axes.index(axis)] >= size
        processes = None if self.processes is None else self.processes[kept]
        return replace(self, sizes=self.sizes[kept], values=self.values[kept], processes=processes)

    def __str__(self) -> str:
        other = [f"{column}={value}" for column, value in self.by.items()]
        return " ".join([self.layer, self.device, self.mode, self.metric, *other])


def read_csv(path: Path) -> pd.DataFrame:
    """Read a tidy CSV file; the index is the row of the file, its header being row 1.

    Raises
    ------
    TableError
        If the file cannot be read as CSV.
    """
    numeric = {column: [""] for column in (*SIZES, "value")}
    try:
        frame = pd.read_csv(
            path,
            keep_default_na=False,
            na_values=numeric,
            skip_blank_lines=False,
            encoding="utf-8-sig",
            low_memory=False,
        )
    except FileNotFoundError:
        raise TableError(f"{path}: there is no such file") from None
    except pd.errors.EmptyDataError:
        raise TableError(f"{path}: it is empty") from None
    except (OSError, UnicodeError, pd.errors.ParserError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise TableError(f"{path}: cannot be read as CSV: {reason}") from None
    with path.open(encoding="utf-8-sig", newline="") as file:
        names = Counter(next(csv.reader(file)))
    if twice := [name for name, times in names.items() if times > 1]:
        raise TableError(f"{path}: row 1: there are several columns {twice[0]!r}")
    frame.index = frame.index + 2
    blank = np.ones(len(frame), dtype=bool)
    for name in frame.columns:
        blank &= (frame[name].isna() | (frame[name] == "")).to_numpy(dtype=bool)
    return frame[~blank]


def check(frame: pd.DataFrame, name: str, axes: Sequence[str] = ()) -> pd.DataFrame:
    """Check a table and make its numbers numbers; where the status is not ``ok`` value is NaN.

    Parameters
    ----------
    frame
        Tidy rows; the index counts as the row in messages.
    name
        What to call the table in messages: a file.
    axes
        Columns that are sizes besides n, d and k.

    Raises
    ------
    TableError
        At the first cell that cannot be used.
    """
    for column in (*REQUIRED, *axes):
        if column not in frame.columns:
            has = ", ".join(map(repr, frame.columns))
            raise TableError(f"{name}: row 1: there is no column {column!r}; it has {has}")
        if column in axes and column in (*WITHIN, "value"):
            raise TableError(f"{name}: row 1: the column {column!r} cannot be a size")
    good = pd.Series(True, index=frame.index)
    if "status" in frame.columns:
        good = frame["status"].fillna("ok").astype(str).isin(["ok", ""])
    if not good.any():
        raise TableError(f"{name}: row 1, column value: there are no rows to fit")
    frame = frame.copy()
    for column in (*SIZES, *axes):
        if column in frame.columns:
            frame[column] = _numbers(frame[column], name, empty=True)
    frame["value"] = _numbers(frame["value"][good], name, empty=False).reindex(frame.index)
    for column in KEYS:
        empty = frame[column].isna() | (frame[column].astype(str) == "")
        if empty.any():
            raise TableError(f"{name}: row {empty.idxmax()}, column {column}: it is empty")
        frame[column] = frame[column].astype(str)
    return frame


def _numbers(column: pd.Series[Any], name: str, *, empty: bool) -> pd.Series[float]:
    """Turn a column into positive finite numbers; NaN may stand for empty where that is allowed."""
    column = column.mask(column == "")  # a file's, of sizes that few layers have
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    text = numbers.isna() & column.notna()
    problems = {
        "is not a number": text.to_numpy(),
        "is empty or NaN": column.isna().to_numpy() & (not empty),
        "is not finite": np.isinf(numbers.to_numpy()),
        "is not positive": (numbers <= 0).to_numpy(),
        "is too small": (numbers < 1 / _EXTREME).to_numpy(),
        "is too large": (numbers > _EXTREME).to_numpy(),
    }
    for problem, wrong in problems.items():
        if wrong.any():
            first = int(wrong.argmax())
            row, cell = column.index[first], column.iloc[first]
            raise TableError(f"{name}: row {row}, column {column.name}: {cell} {problem}")
    return numbers


def cut(frame: pd.DataFrame, name: str, axes: Iterable[str] = ()) -> Iterator[Series]:
    """Cut a checked table into series: one for each law.

    Every column but sizes, value and those within a point separates laws where it varies.
    Repeats of a point become one value. What passes consist of goes with their times, and what
    the machine can do with all that was measured under the same conditions.

    Raises
    ------
    TableError
        If a size is empty in a part of a series, or no series has two points.
    """
    sizes = [*(s for s in SIZES if s in frame.columns), *axes]
    apart = frame["metric"].isin(AUXILIARY)
    frame, aside = frame[~apart], frame[apart & frame["value"].notna()]
    if frame.empty:
        raise TableError(
            f"{name}: row {aside.index[0]}, column metric: there are parts and checks of "
            "passes alone, or rates of the machine, to which no law is fitted"
        )
    others = [c for c in frame.columns if c not in (*KEYS, *WITHIN, "value", *sizes)]
    other = [column for column in others if frame[column].nunique(dropna=False) > 1]
    same = {column: _plain(frame[column].iloc[0]) for column in others if column not in other}
    separate = [*KEYS, *other]
    good = frame["value"].notna()
    points = _with_spread(collapse(frame[good], [*separate, *sizes]), frame[good])
    shares = _processes(frame[good], [*separate, *sizes])
    rates = aside["metric"].isin(CALIBRATION)
    calibrations, aside = aside[rates], aside[~rates]
    beside = collapse(aside, [*separate, *sizes])
    parts, checks = (
        beside[beside["metric"] != CHECK_SECONDS.name],
        beside[beside["metric"] == CHECK_SECONDS.name],
    )
    groups = list(points.groupby(separate, sort=False, dropna=False))
    left_out = frame[~good].groupby(separate, dropna=False).size().to_dict()
    if all(len(points) < 2 for _, points in groups):
        row = frame.index[0]
        why = f"; these columns separate its rows: {', '.join(other)}" if len(groups) > 1 else ""
        raise TableError(f"{name}: row {row}, column value: one point only{why}")
    for key, points in groups:
        for size in sizes:
            empty = points[size].isna()
            if empty.any() and not empty.all():
                row = points["row"][empty].iloc[0]
                raise TableError(f"{name}: row {row}, column {size}: empty here, not elsewhere")
        vary = tuple(s for s in sizes if points[s].nunique() > 1)
        held = {s: float(points[s].iloc[0]) for s in sizes if points[s].nunique() == 1}
        values = dict(zip(separate, key, strict=True))
        by = {column: _plain(values[column]) for column in other}
        yield Series(
            **{column: str(values[column]) for column in KEYS},
            by=by,
            axes=vary,
            constants=held,
            sizes=points[list(vary)].to_numpy(dtype=float),
            values=levelled(points),
            left_out=left_out.get(key, 0),
            processes=None if shares is None else shares.loc[points["row"]].to_numpy(dtype=float),
            between_round_sd=_pooled(points),
            parts=_parts(points, parts, [c for c in (*separate, *sizes) if c != "metric"]),
            checks=_checks(checks, {**values, **held}, vary),
            same=same,
            calibration=calibration_of(calibrations, {"device": values["device"], **same, **by}),
        )


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


def _parts(points: pd.DataFrame, parts: pd.DataFrame, point: Sequence[str]) -> Parts | None:
    """Find what the passes of points consist of; None for what is no time, or not known."""
    if parts.empty or (points["metric"] != SECONDS.name).any():
        return None
    wide = parts.pivot(index=list(point), columns="metric", values="value").reset_index()
    found = points[list(point)].merge(wide, how="left", on=list(point)).reindex(columns=list(PARTS))
    known = found.drop(columns=OTHER_SECONDS.name).notna().all(axis="columns").to_numpy(dtype=bool)
    if not known.any():
        return None
    found[OTHER_SECONDS.name] = found[OTHER_SECONDS.name].fillna(
        _NONE
    )  # without any there is no row
    return Parts(known, *(found[metric].to_numpy(dtype=float) for metric in PARTS))


def _checks(
    checks: pd.DataFrame, same: Mapping[str, Any], axes: Sequence[str]
) -> tuple[Array, Array] | None:
    """Find the checks of a series of times: what is the same in it is the same in them."""
    own = pd.Series(same["metric"] == SECONDS.name, index=checks.index)
    for column, value in same.items():
        if column != "metric":
            own &= checks[column].isna() if pd.isna(value) else checks[column] == value
    found = checks[own]
    if found.empty:
        return None
    return found[list(axes)].to_numpy(dtype=float), found["value"].to_numpy(dtype=float)


def _with_spread(points: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Add to points what their rounds, else their processes, differ by.

    The columns are `spread`, the sum of squares of the logarithms of the rounds' values around
    their mean, and `more`, the rounds beyond the first.
    """
    point = [column for column in points.columns if column not in ("value", "row", "level")]
    which = next((c for c in ("round", "process") if c in frame.columns), None)
    if which is None or frame[which].nunique() < 2:
        return points.assign(spread=0.0, more=0)
    each = collapse(frame, [*point, which])
    logs = each.assign(log=np.log(each["value"])).groupby(point, sort=False, dropna=False)["log"]
    found = logs.agg(spread="var", more="size").reset_index()
    found["more"] -= 1
    found["spread"] *= found["more"]
    return points.merge(found, how="left", on=point)


def _pooled(points: pd.DataFrame) -> float | None:
    """Give the standard deviation between the rounds of a point, over all points."""
    more = int(points["more"].sum())
    return float(np.sqrt(points["spread"].sum() / more)) if more else None


def _processes(frame: pd.DataFrame, point: Sequence[str]) -> pd.DataFrame | None:
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


def _plain(value: Any) -> Any:
    """Make a cell fit for JSON: NumPy's numbers become Python's, NaN becomes None."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and math.isnan(value) else value
