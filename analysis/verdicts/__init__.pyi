from .fits import (
    Fit as Fit,
    Source as Source,
    fit as fit,
    fit_series as fit_series,
    series_of as series_of,
    theory_of as theory_of,
    to_json as to_json,
    with_checks as with_checks,
)
from .outliers import (
    LEVEL as LEVEL,
    Deleted as Deleted,
    misprints as misprints,
)
from .verdict import (
    MARGIN as MARGIN,
    Judgement as Judgement,
    Verdict as Verdict,
    judge as judge,
)

__all__ = [
    "LEVEL",
    "MARGIN",
    "Deleted",
    "Fit",
    "Judgement",
    "Source",
    "Verdict",
    "fit",
    "fit_series",
    "judge",
    "misprints",
    "series_of",
    "theory_of",
    "to_json",
    "with_checks",
]
