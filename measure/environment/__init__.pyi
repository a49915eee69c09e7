from . import (
    configuration as configuration,
    contention as contention,
)
from .ablation import (
    ablations as ablations,
)
from .doctor import (
    check_environment as check_environment,
)
from .environment_check import (
    EnvironmentCheck as EnvironmentCheck,
    Severity as Severity,
)

__all__ = [
    "EnvironmentCheck",
    "Severity",
    "ablations",
    "check_environment",
    "configuration",
    "contention",
]
