"""Laws fitted to tables of measurements, and verdicts that hold them against theory.

Nothing here loads torch.
"""

from .fits import Fit, fit, to_json
from .fitting import fit_law
from .law import Exponent, Law
from .table import Series, TableError
from .terms import ExpressionError
from .verdict import MARGIN, Judgement, Verdict, judge

__all__ = [
    "MARGIN",
    "Exponent",
    "ExpressionError",
    "Fit",
    "Judgement",
    "Law",
    "Series",
    "TableError",
    "Verdict",
    "fit",
    "fit_law",
    "judge",
    "to_json",
]
