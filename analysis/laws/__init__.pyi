from . import (
    description as description,
)
from .arrays import (
    Array as Array,
    FLOOR as FLOOR,
    power_mean as power_mean,
)
from .exact import (
    exact_law as exact_law,
    is_rational as is_rational,
    known_law as known_law,
    polynomials as polynomials,
    solve as solve,
)
from .expectations import (
    expected_time as expected_time,
)
from .law import (
    BARELY as BARELY,
    Exponent as Exponent,
    Law as Law,
    Polynomial as Polynomial,
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
    "Array",
    "BARELY",
    "Exponent",
    "ExpressionError",
    "FLOOR",
    "Law",
    "Leading",
    "Monomial",
    "Polynomial",
    "columns",
    "description",
    "exact_law",
    "expected_time",
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
