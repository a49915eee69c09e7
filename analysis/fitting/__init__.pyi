from . import (
    law_fitting as law_fitting,
    power_mean as power_mean,
)
from .holdout import (
    Trial as Trial,
    trials as trials,
)
from .law_fitting import (
    BOUND as BOUND,
    fit_law as fit_law,
    refit as refit,
)
from .posterior import (
    Sample as Sample,
)
from .residual_diagnostics import (
    TOLERANCE as TOLERANCE,
    LeftOver as LeftOver,
)
from .search import (
    Form as Form,
    discover as discover,
)
from .variable_projection import (
    Projection as Projection,
    Solution as Solution,
)

__all__ = [
    "BOUND",
    "TOLERANCE",
    "Form",
    "LeftOver",
    "Projection",
    "Sample",
    "Solution",
    "Trial",
    "discover",
    "fit_law",
    "law_fitting",
    "power_mean",
    "refit",
    "trials",
]
