from .adaptive import (
    Adaptive as Adaptive,
    Width as Width,
)
from .crossing_checks import (
    checks as checks,
)
from .derivation import (
    METRICS as METRICS,
    Derived as Derived,
    derived as derived,
    learn as learn,
    settle as settle,
)
from .exact_formulas import (
    Counted as Counted,
    counted as counted,
)
from .sweeping import (
    sweep as sweep,
)

__all__ = [
    "METRICS",
    "Adaptive",
    "Counted",
    "Derived",
    "Width",
    "checks",
    "counted",
    "derived",
    "learn",
    "settle",
    "sweep",
]
