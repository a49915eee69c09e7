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
    Finding as Finding,
    Severity as Severity,
)

__all__ = [
    "Finding",
    "Severity",
    "ablations",
    "configuration",
    "contention",
    "examine",
]
