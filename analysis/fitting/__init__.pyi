from . import (
    law_fitting as law_fitting,
    overlap_exponents as overlap_exponents,
)
from .holdout import (
    HoldoutError as HoldoutError,
    holdout_errors as holdout_errors,
)
from .law_fitting import (
    BOUND as BOUND,
    fit_law as fit_law,
    refit as refit,
)
from .search import (
    Candidate as Candidate,
    find_leading_parts as find_leading_parts,
)
from .theory_comparison import (
    TheoryComparison as TheoryComparison,
    compare_with_theory as compare_with_theory,
)
from .thinning import (
    MOST_POINTS as MOST_POINTS,
    MOST_SIZES as MOST_SIZES,
    evenly_spread as evenly_spread,
)

__all__ = [
    "BOUND",
    "MOST_POINTS",
    "MOST_SIZES",
    "Candidate",
    "HoldoutError",
    "TheoryComparison",
    "compare_with_theory",
    "evenly_spread",
    "find_leading_parts",
    "fit_law",
    "holdout_errors",
    "law_fitting",
    "overlap_exponents",
    "refit",
]
