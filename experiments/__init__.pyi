from .adaptive import (
    Adaptive as Adaptive,
    Width as Width,
)
from .crossing_checks import (
    checks as checks,
)
from .derivation import (
    Derived as Derived,
    METRICS as METRICS,
    derive_missing as derive_missing,
    derived as derived,
)
from .exact_formulas import (
    Counted as Counted,
    counted as counted,
)

__all__ = [
    "Adaptive",
    "Counted",
    "Derived",
    "METRICS",
    "Width",
    "checks",
    "counted",
    "derive_missing",
    "derived",
]
