"""Coverage: at which sizes a law is predicted within its points, and a size common to many laws."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ...measure import SIZES
from ..expressions import Array
from ..laws import ExactLaw, Law
from ..tables import Series
from ..verdicts import Fit

Sizes = Mapping[str, float]

#: Most values per size among which the common size is chosen.
_MOST_LEVELS = 40
#: Most combinations of n, d and three or more other sizes.
_MOST_COMBINATIONS = _MOST_LEVELS**3


def size_columns(series: Series) -> dict[str, Array]:
    """Return every size of a series' points by letter, including those that do not vary."""
    count = len(series.values)
    fixed = {size: np.full(count, value) for size, value in series.constants.items()}
    return {**{axis: series.sizes[:, at] for at, axis in enumerate(series.axes)}, **fixed}


def covers(series: Series, at: Mapping[str, float | Array]) -> NDArray[np.bool_]:
    """Whether sizes lie within a series' points: (candidates,) for columns, (1,) for numbers.

    Sizes are covered if none is below the smallest measured, and some point is at least as large in
    all of them: grids end where points become too expensive, so the largest n and the largest d
    seldom occur together. A size that the series lacks is ignored.
    """
    own = size_columns(series)
    candidates = np.broadcast_shapes((1,), *(np.shape(value) for value in at.values()))
    above = np.ones((*candidates, len(series.values)), dtype=bool)
    inside = np.ones(candidates, dtype=bool)
    for size in own.keys() & at.keys():
        inside &= at[size] >= own[size].min()
        above &= own[size] >= np.reshape(at[size], (-1, 1))
    return np.asarray(inside & above.any(axis=1))


def applies_at(fit: Fit, at: Sizes) -> bool:
    """Whether a fit's law applies at sizes: its points cover them, or it is exact.

    An exact law of all points applies beyond them, but not at other values of the sizes that do not
    vary among them.
    """
    law, constants = fit.law, fit.series.constants
    if law is None or not set(law.axes) <= at.keys():
        return False
    if isinstance(law, ExactLaw) and law.valid_from is None:
        return all(at.get(size, value) == value for size, value in constants.items())
    return bool(covers(fit.series, at).all())


def span(series: Series, axis: str, at: Sizes) -> tuple[float, float] | None:
    """Return the smallest and largest value of an axis that the other sizes cover, or None."""
    own = size_columns(series)
    above = np.ones(len(series.values), dtype=bool)
    for size in own:
        if size != axis and size in at:
            if at[size] < own[size].min():
                return None
            above &= own[size] >= at[size]
    return (float(own[axis].min()), float(own[axis][above].max())) if above.any() else None


def size_matrix(law: Law, at: Mapping[str, float | Array]) -> Array:
    """Arrange sizes in a law's order of axes, (points, axes); `at` may mix numbers and columns."""
    return np.column_stack(np.broadcast_arrays(*(np.atleast_1d(at[a]) for a in law.axes)))


def common_size(fits: Sequence[Fit]) -> dict[str, float]:
    """Choose the largest sizes that every law's points cover.

    First n and d, which nearly all layers have, with the largest product n·d and then the most
    balanced; then k and the other sizes. Where all laws cover no sizes, those that most laws cover
    are chosen. A layer without a size ignores it. Exact laws, which apply beyond their points,
    count only where there are no others. Sizes other than n and d that no layer has together are
    chosen separately, since fifty layers have millions of combinations.
    """
    series = [fit.series for fit in fits if not isinstance(fit.law, ExactLaw)]
    series = series or [fit.series for fit in fits]
    levels: dict[str, set[float]] = {}
    for one in series:
        for size, values in size_columns(one).items():
            levels.setdefault(size, set()).update(map(float, values))
    if not levels:
        return {}
    candidates = {size: _thinned(levels[size]) for size in sorted(levels, key=_rank)}
    pair = {size: values for size, values in candidates.items() if size in ("n", "d")}
    others = [size for size in candidates if size not in pair]
    plane = _mesh(pair)
    count = _covering([one for one in series if not _has(one, others)], plane)
    picks: dict[str, Array] = {}  # the best value of each other size for each n and d
    for group in _size_groups(series, others):
        wanted = {size: candidates[size] for size in others if size in group}
        if len(wanted) > 2:
            wanted = _few(wanted, _MOST_COMBINATIONS // len(count))
        at = _mesh({**pair, **wanted})
        members = [one for one in series if _has(one, group)]
        covering = _covering(members, at).reshape(len(count), -1)
        best = covering.argmax(axis=1)[:, None]  # the largest sizes come first
        for size in group:
            picks[size] = np.take_along_axis(at[size].reshape(covering.shape), best, axis=1)[:, 0]
        count += covering.max(axis=1)
    first = list(plane.values())
    preference = [count, *([np.prod(first, axis=0), np.min(first, axis=0)] if first else [])]
    chosen = int(np.lexsort(preference[::-1])[-1])  # the last key counts most
    return {size: float({**plane, **picks}[size][chosen]) for size in candidates}


def _few(levels: dict[str, Array], most: int) -> dict[str, Array]:
    """Keep the largest levels of each size, so that there are few combinations of many sizes."""
    while math.prod(map(len, levels.values())) > max(most, 1):
        longest = max(levels, key=lambda size: len(levels[size]))
        levels = {**levels, longest: levels[longest][: len(levels[longest]) // 2]}
    return levels


def _mesh(levels: Mapping[str, Array]) -> dict[str, Array]:
    """Return every combination of levels, the first size varying slowest."""
    mesh = np.meshgrid(*levels.values(), indexing="ij")
    return {size: values.ravel() for size, values in zip(levels, mesh, strict=True)}


def _covering(series: Sequence[Series], at: Mapping[str, Array]) -> Array:
    """Count the series that cover each combination of sizes, (combinations,)."""
    count = np.zeros(np.broadcast_shapes((1,), *(column.shape for column in at.values())))
    for one in series:
        count += covers(one, at)
    return count


def _has(series: Series, sizes: Iterable[str]) -> bool:
    return not size_columns(series).keys().isdisjoint(sizes)


def _size_groups(series: Sequence[Series], sizes: Sequence[str]) -> list[set[str]]:
    """Group sizes so that no series has sizes of two groups."""
    groups = [{size} for size in sizes]
    for one in series:
        joined = [group for group in groups if _has(one, group)]
        groups = [group for group in groups if group not in joined]
        groups += [set[str]().union(*joined)] if joined else []
    return groups


def _rank(size: str) -> tuple[int, str]:
    """Return the sort key of a size: n, d, k, then others by name."""
    return (SIZES.index(size) if size in SIZES else len(SIZES), size)


def _thinned(levels: set[float]) -> Array:
    """Sort the levels of a size, largest first, and thin them evenly where there are too many."""
    ordered = np.sort(list(levels))[::-1]
    return np.asarray(ordered[:: math.ceil(len(ordered) / _MOST_LEVELS)])
