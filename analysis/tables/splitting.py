"""Split a checked table into series of points, one for each law."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...measure import (
    CALIBRATION,
    CHECK_SECONDS,
    METRICS_WITHOUT_LAW,
    OTHER_SECONDS,
    PARTS,
    SECONDS,
    SIZES,
)
from ...messages import listed
from ..expressions import Array
from .calibration import calibration_of
from .collapsing import (
    Repeats,
    add_round_squares,
    between_round_sd,
    collapse,
    point_values,
    process_shares,
)
from .schema import KEYS, WITHIN
from .series import Parts, Series
from .table_error import TableError

#: Seconds of a part that a pass does not have: negligible, but positive.
_NONE = 1e-15


def split_series(frame: pd.DataFrame, name: str, axes: Iterable[str] = ()) -> Iterator[Series]:
    """Split a checked table into series: one for each law.

    Every column separates laws where it varies, except sizes, value and those within a point.
    The repeats of a point become one value. A series of times gets the timed parts of its passes,
    and every series the calibration made under its conditions.

    Raises
    ------
    TableError
        If a size is empty in some rows of a series, or no series has two points.
    """
    sizes = [*(s for s in SIZES if s in frame.columns), *(a for a in axes if a not in SIZES)]
    # A row of a file with a column for each metric is several rows here.
    file_rows, frame = frame.index, frame.reset_index(drop=True)
    is_auxiliary = frame["metric"].isin(METRICS_WITHOUT_LAW)
    auxiliary = frame[is_auxiliary & frame["value"].notna()]
    if is_auxiliary.any():
        frame = frame[~is_auxiliary]
    if frame.empty:
        row = file_rows[auxiliary.index[0]]
        raise TableError(
            f"{name}: row {row}, column metric: the table has only parts and checks of passes, or "
            "rates of the machine, to which no law is fitted"
        )
    others = [c for c in frame.columns if c not in (*KEYS, *WITHIN, "value", *sizes)]
    separating = [column for column in others if frame[column].nunique(dropna=False) > 1]
    same = {column: _plain(frame[column].iloc[0]) for column in others if column not in separating}
    separate = [*KEYS, *separating]
    good = frame["value"].notna()
    measured = frame if good.all() else frame[good]
    point = [*separate, *sizes]
    repeats = Repeats.of(measured, point)
    points = add_round_squares(collapse(measured, point, repeats), repeats)
    shares = process_shares(repeats, points["row"])
    is_rate = auxiliary["metric"].isin(CALIBRATION)
    calibrations = auxiliary[is_rate]
    collapsed = collapse(auxiliary[~is_rate], [*separate, *sizes])
    is_check = collapsed["metric"] == CHECK_SECONDS.name
    parts, checks = collapsed[~is_check], collapsed[is_check]
    groups = list(points.groupby(separate, sort=False, dropna=False))
    left_out = frame[~good].groupby(separate, dropna=False).size().to_dict()
    if all(len(points) < 2 for _, points in groups):
        row = file_rows[frame.index[0]]
        cause = ""
        if len(groups) > 1:
            names = [*(key for key in KEYS if frame[key].nunique() > 1), *separating]
            cause = f"; these columns separate its rows: {listed(names)}"
            if numeric := [c for c in separating if pd.api.types.is_numeric_dtype(frame[c])]:
                cause += f"; --axis {numeric[0]} would make one a size"
        raise TableError(f"{name}: row {row}, column value: one point only{cause}")
    for key, points in groups:
        for size in sizes:
            empty = points[size].isna()
            if empty.any() and not empty.all():
                row = file_rows[points["row"][empty].iloc[0]]
                raise TableError(f"{name}: row {row}, column {size}: empty here, not elsewhere")
        zero = points["value"] == 0
        if zero.any() and not zero.all():
            row = file_rows[points["row"][zero].iloc[0]]
            raise TableError(
                f"{name}: row {row}, column value: 0 is not positive, as others of this law are"
            )
        varying = tuple(s for s in sizes if points[s].nunique() > 1)
        constants = {s: float(points[s].iloc[0]) for s in sizes if points[s].nunique() == 1}
        values = dict(zip(separate, key, strict=True))
        by = {column: _plain(values[column]) for column in separating}
        yield Series(
            **{column: str(values[column]) for column in KEYS},
            by=by,
            axes=varying,
            constants=constants,
            sizes=points[list(varying)].to_numpy(dtype=float),
            values=point_values(points),
            left_out=left_out.get(key, 0),
            processes=None if shares is None else _rows(shares.loc[points["row"]]),
            between_round_sd=between_round_sd(points),
            parts=_parts(points, parts, [c for c in (*separate, *sizes) if c != "metric"]),
            checks=_checks(checks, {**values, **constants}, varying),
            constant_columns=same,
            calibration=calibration_of(calibrations, {"device": values["device"], **same, **by}),
        )


def _rows(frame: pd.DataFrame) -> Array:
    """Return numbers row by row: the last digits of sums over them depend on their order."""
    return np.ascontiguousarray(frame.to_numpy(dtype=float))


def _parts(points: pd.DataFrame, parts: pd.DataFrame, point: Sequence[str]) -> Parts | None:
    """Find the timed parts of points' passes; None for points without times, or without parts."""
    if parts.empty or (points["metric"] != SECONDS.name).any():
        return None
    wide = parts.pivot(index=list(point), columns="metric", values="value").reset_index()
    found = points[list(point)].merge(wide, how="left", on=list(point)).reindex(columns=list(PARTS))
    known = found.drop(columns=OTHER_SECONDS.name).notna().all(axis="columns").to_numpy(dtype=bool)
    if not known.any():
        return None
    # A pass without other operations has no row for them.
    found[OTHER_SECONDS.name] = found[OTHER_SECONDS.name].fillna(_NONE)
    return Parts(known, *(found[metric].to_numpy(dtype=float) for metric in PARTS))


def _checks(
    checks: pd.DataFrame, same: Mapping[str, Any], axes: Sequence[str]
) -> tuple[Array, Array] | None:
    """Find the checks of a series of times: the rows that have the same values as the series."""
    own = pd.Series(same["metric"] == SECONDS.name, index=checks.index)
    for column, value in same.items():
        if column != "metric":
            own &= checks[column].isna() if pd.isna(value) else checks[column] == value
    found = checks[own]
    if found.empty:
        return None
    return found[list(axes)].to_numpy(dtype=float), found["value"].to_numpy(dtype=float)


def _plain(value: Any) -> Any:
    """Convert a cell for JSON: numbers become Python's, whole ones integers; NaN becomes None."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return value
