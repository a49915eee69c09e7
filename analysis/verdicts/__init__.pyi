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
    DeletionResidual as DeletionResidual,
    LEVEL as LEVEL,
    find_outliers as find_outliers,
)
from .verdict import (
    Judgement as Judgement,
    MARGIN as MARGIN,
    Verdict as Verdict,
    judge as judge,
)

__all__ = [
    "DeletionResidual",
    "Fit",
    "Judgement",
    "LEVEL",
    "MARGIN",
    "Source",
    "Verdict",
    "find_outliers",
    "fit",
    "fit_series",
    "judge",
    "series_of",
    "theory_of",
    "to_json",
    "with_checks",
]
