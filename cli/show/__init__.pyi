from . import (
    console as console,
)
from .claim_tables import (
    claims as claims,
)
from .console import (
    console_out as console_out,
    error as error,
    note as note,
    printed_errors as printed_errors,
    warning as warning,
)
from .law_tables import (
    answers as answers,
    laws as laws,
)
from .layer_tables import (
    derivation as derivation,
    theory as theory,
)
from .machine_tables import (
    ablations as ablations,
    environment_checks as environment_checks,
)
from .progress import (
    Terminal as Terminal,
)
from .study_tables import (
    criteria as criteria,
    tables as tables,
    validation_figures as validation_figures,
)

__all__ = [
    "Terminal",
    "ablations",
    "answers",
    "claims",
    "console",
    "console_out",
    "criteria",
    "derivation",
    "environment_checks",
    "error",
    "laws",
    "note",
    "printed_errors",
    "tables",
    "theory",
    "validation_figures",
    "warning",
]
