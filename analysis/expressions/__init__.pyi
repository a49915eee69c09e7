from .arrays import (
    FLOOR as FLOOR,
    Array as Array,
    power_mean as power_mean,
)
from .grammar import write as write
from .operands import ExpressionError as ExpressionError
from .reading import (
    leading_part as leading_part,
    parse as parse,
    split as split,
    summands as summands,
)
from .terms import (
    Leading as Leading,
    Monomial as Monomial,
    columns as columns,
    monomials as monomials,
    monomials_of as monomials_of,
    product as product,
)

__all__ = [
    "FLOOR",
    "Array",
    "ExpressionError",
    "Leading",
    "Monomial",
    "columns",
    "leading_part",
    "monomials",
    "monomials_of",
    "parse",
    "power_mean",
    "product",
    "split",
    "summands",
    "write",
]
