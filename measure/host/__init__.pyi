from . import (
    linux as linux,
    nvidia as nvidia,
)
from .machine import (
    fingerprint as fingerprint,
    machine_id as machine_id,
)

__all__ = [
    "fingerprint",
    "linux",
    "machine_id",
    "nvidia",
]
