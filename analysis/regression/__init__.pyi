from .error_covariance import (
    Whitening as Whitening,
    independent as independent,
    whitenings as whitenings,
)
from .posterior import (
    PosteriorSample as PosteriorSample,
    sample as sample,
)
from .residual_diagnostics import (
    EXACT as EXACT,
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
    "EXACT",
    "TOLERANCE",
    "PosteriorSample",
    "ResidualDiagnostics",
    "Solution",
    "VariableProjection",
    "Whitening",
    "diagnose_residuals",
    "independent",
    "one_thread",
    "sample",
    "slope_break_gains",
    "step_gains",
    "whitenings",
]
