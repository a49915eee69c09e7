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
    law_with_terms as law_with_terms,
    polynomials as polynomials,
    solve_coefficients as solve_coefficients,
)
from .law import (
    LEAST_LEADING_SHARE as LEAST_LEADING_SHARE,
    Law as Law,
)
from .peaks import (
    peak_law as peak_law,
)

__all__ = [
    "LEAST_LEADING_SHARE",
    "Estimate",
    "ExactLaw",
    "Exponent",
    "FittedLaw",
    "Law",
    "Polynomial",
    "description",
    "exact_law",
    "is_rational",
    "law_with_terms",
    "peak_law",
    "polynomials",
    "solve_coefficients",
]
