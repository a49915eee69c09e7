from .fits import (
    Fit as Fit,
    to_json as to_json,
)
from .outliers import (
    OUTLIER_LEVEL as OUTLIER_LEVEL,
    DeletionResidual as DeletionResidual,
    find_outliers as find_outliers,
)
from .table_fitting import (
    Source as Source,
    fit as fit,
    fit_series as fit_series,
    series_of as series_of,
    with_checks as with_checks,
)
from .theory import (
    expected_time as expected_time,
    theory_of as theory_of,
)
from .verdict import (
    MARGIN as MARGIN,
    Judgement as Judgement,
    Verdict as Verdict,
    judge_law as judge_law,
)

__all__ = [
    "MARGIN",
    "OUTLIER_LEVEL",
    "DeletionResidual",
    "Fit",
    "Judgement",
    "Source",
    "Verdict",
    "expected_time",
    "find_outliers",
    "fit",
    "fit_series",
    "judge_law",
    "series_of",
    "theory_of",
    "to_json",
    "with_checks",
]
