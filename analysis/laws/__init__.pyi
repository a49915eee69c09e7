from . import (
    description as description,
)
from .arrays import (
    FLOOR as FLOOR,
    Array as Array,
    power_mean as power_mean,
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
from .terms import (
    ExpressionError as ExpressionError,
    Leading as Leading,
    Monomial as Monomial,
    columns as columns,
    leading as leading,
    monomials as monomials,
    monomials_of as monomials_of,
    parse as parse,
    split as split,
    summands as summands,
)

__all__ = [
    "BARELY",
    "FLOOR",
    "Array",
    "Estimate",
    "ExactLaw",
    "Exponent",
    "ExpressionError",
    "FittedLaw",
    "Law",
    "Leading",
    "Monomial",
    "Polynomial",
    "columns",
    "description",
    "exact_law",
    "is_rational",
    "known_law",
    "leading",
    "monomials",
    "monomials_of",
    "parse",
    "peak_law",
    "polynomials",
    "power_mean",
    "solve",
    "split",
    "summands",
]
