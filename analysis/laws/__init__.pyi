from . import (
    description as description,
)
from .estimate import (
    Estimate as Estimate,
    Exponent as Exponent,
)
from .exact import (
    ExactLaw as ExactLaw,
    Polynomial as Polynomial,
)
from .fitted import (
    FittedLaw as FittedLaw,
)
from .interpolation import (
    exact_law as exact_law,
    is_rational as is_rational,
    known_law as known_law,
    polynomials as polynomials,
    solve as solve,
)
from .law import (
    BARELY as BARELY,
    Law as Law,
)
from .peaks import (
    peak_law as peak_law,
)

__all__ = [
    "BARELY",
    "Estimate",
    "ExactLaw",
    "Exponent",
    "FittedLaw",
    "Law",
    "Polynomial",
    "description",
    "exact_law",
    "is_rational",
    "known_law",
    "peak_law",
    "polynomials",
    "solve",
]
