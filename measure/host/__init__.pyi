from . import (
    linux as linux,
    nvidia as nvidia,
)
from .content_digest import (
    digest as digest,
)
from .machine import (
    fingerprint as fingerprint,
    machine_id as machine_id,
)
from .memory import (
    Allocated as Allocated,
    Resident as Resident,
    free_memory as free_memory,
)

__all__ = [
    "Allocated",
    "Resident",
    "digest",
    "fingerprint",
    "free_memory",
    "linux",
    "machine_id",
    "nvidia",
]
