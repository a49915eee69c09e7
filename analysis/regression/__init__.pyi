from .error_covariance import (
    Whitening as Whitening,
    independent_errors as independent_errors,
    whitenings as whitenings,
)
from .posterior import (
    PosteriorSample as PosteriorSample,
    sample_posterior as sample_posterior,
)
from .residual_diagnostics import (
    NO_RESIDUALS as NO_RESIDUALS,
    TOLERANCE as TOLERANCE,
    ResidualDiagnostics as ResidualDiagnostics,
    diagnose_residuals as diagnose_residuals,
)
from .score_tests import (
    slope_break_gains as slope_break_gains,
    step_gains as step_gains,
)
from .threads import (
    one_thread as one_thread,
)
from .variable_projection import (
    Solution as Solution,
    VariableProjection as VariableProjection,
)

__all__ = [
    "NO_RESIDUALS",
    "TOLERANCE",
    "PosteriorSample",
    "ResidualDiagnostics",
    "Solution",
    "VariableProjection",
    "Whitening",
    "diagnose_residuals",
    "independent_errors",
    "one_thread",
    "sample_posterior",
    "slope_break_gains",
    "step_gains",
    "whitenings",
]
