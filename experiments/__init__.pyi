from .adaptive import (
    Adaptive as Adaptive,
    Width as Width,
)
from .crossing_checks import (
    checks as checks,
)
from .derivation import (
    DERIVED_METRICS as DERIVED_METRICS,
    Derived as Derived,
    derive_missing as derive_missing,
    derived as derived,
)
from .exact_formulas import (
    Counted as Counted,
    counted as counted,
)

__all__ = [
    "DERIVED_METRICS",
    "Adaptive",
    "Counted",
    "Derived",
    "Width",
    "checks",
    "counted",
    "derive_missing",
    "derived",
]
