"""Bounds of what is fitted: the points of a law, its sizes, and its lower-order terms."""

from __future__ import annotations

import math
import warnings

from ...messages import listed
from ..expressions import Leading
from ..fitting import MOST_POINTS, MOST_SIZES, evenly_spread
from ..tables import Series, TableWarning

#: Most sizes that vary in a search for the leading part: of 5 there are 26,000 candidates.
MOST_AXES = 4
#: Most lower-order terms of a law.
_MOST_TERMS = 500


def search_fault(series: Series) -> str:
    """Say that too many sizes vary to search for a law without theory; empty where they do not."""
    if len(series.axes) <= MOST_AXES:
        return ""
    return (
        f"{len(series.axes)} sizes vary ({listed(series.axes, 4)}), and without theory a law is "
        f"searched for in at most {MOST_AXES}: give the order (--expect) or fewer sizes (--axis)"
    )


def terms_fault(lead: Leading) -> str:
    """Say that a law would have too many lower-order terms; empty where it would not."""
    terms = max(
        math.prod(math.ceil(max(p, 0)) + 1 for p in term.powers)
        * math.prod(q + 1 for q in term.logs)
        for _, term in lead.terms
    )
    if terms <= _MOST_TERMS:
        return ""
    return (
        f"the law would have {terms} lower-order terms in {len(lead.axes)} sizes, at most "
        f"{_MOST_TERMS} are fitted: give fewer sizes (--axis)"
    )


def thinned(series: Series) -> Series:
    """Return the points of a series that are fitted; a `TableWarning` says what is left out."""
    kept = evenly_spread(series.sizes)
    if len(kept) == len(series.values):
        return series
    warnings.warn(
        TableWarning(
            f"{series}: the law is fitted to {len(kept)} of {len(series.values)} points, spread "
            f"evenly over the sizes: at most {MOST_POINTS}, and {MOST_SIZES} sizes of each axis"
        ),
        stacklevel=2,
    )
    return series.select(kept)
