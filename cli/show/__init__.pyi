from . import (
    console as console,
)
from .claim_tables import (
    claims as claims,
)
from .console import (
    console_out as console_out,
    error as error,
    errors as errors,
    say as say,
    warning as warning,
)
from .law_tables import (
    answers as answers,
    laws as laws,
)
from .layer_tables import (
    derived as derived,
    theory as theory,
)
from .machine_tables import (
    ablated as ablated,
    findings as findings,
)
from .progress import (
    Terminal as Terminal,
)
from .study_tables import (
    criteria as criteria,
    figures as figures,
    tables as tables,
)

__all__ = [
    "Terminal",
    "ablated",
    "answers",
    "claims",
    "console",
    "console_out",
    "criteria",
    "derived",
    "error",
    "errors",
    "figures",
    "findings",
    "laws",
    "say",
    "tables",
    "theory",
    "warning",
]
