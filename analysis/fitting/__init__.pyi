from . import (
    law_fitting as law_fitting,
    power_mean as power_mean,
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
from .posterior import (
    PosteriorSample as PosteriorSample,
)
from .residual_diagnostics import (
    EXACT as EXACT,
    TOLERANCE as TOLERANCE,
    ResidualDiagnostics as ResidualDiagnostics,
)
from .score_tests import (
    slope_break_gains as slope_break_gains,
    step_gains as step_gains,
)
from .search import (
    Candidate as Candidate,
    discover as discover,
)
from .variable_projection import (
    Solution as Solution,
    VariableProjection as VariableProjection,
)

__all__ = [
    "BOUND",
    "EXACT",
    "TOLERANCE",
    "Candidate",
    "HoldoutError",
    "PosteriorSample",
    "ResidualDiagnostics",
    "Solution",
    "VariableProjection",
    "discover",
    "fit_law",
    "holdout_errors",
    "law_fitting",
    "power_mean",
    "refit",
    "slope_break_gains",
    "step_gains",
]
