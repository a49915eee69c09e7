from .adaptive import (
    AdaptivePlanner as AdaptivePlanner,
    IntervalWidths as IntervalWidths,
)
from .crossing_checks import (
    check_points as check_points,
)
from .derivation import (
    DERIVED_METRICS as DERIVED_METRICS,
    Derivation as Derivation,
    derive as derive,
    derive_missing as derive_missing,
)
from .exact_formulas import (
    ExactFormula as ExactFormula,
    count_formulas as count_formulas,
)

__all__ = [
    "DERIVED_METRICS",
    "AdaptivePlanner",
    "Derivation",
    "ExactFormula",
    "IntervalWidths",
    "check_points",
    "count_formulas",
    "derive",
    "derive_missing",
]
