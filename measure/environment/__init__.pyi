from . import (
    configuration as configuration,
    contention as contention,
)
from .ablation import (
    ablations as ablations,
)
from .doctor import (
    examine as examine,
)
from .finding import (
    EnvironmentCheck as EnvironmentCheck,
    Severity as Severity,
)

__all__ = [
    "EnvironmentCheck",
    "Severity",
    "ablations",
    "configuration",
    "contention",
    "examine",
]
