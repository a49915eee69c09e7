from . import (
    linux as linux,
    nvidia as nvidia,
)
from .content_digest import (
    digest as digest,
)
from .linux import (
    children_of as children_of,
)
from .machine import (
    affinity as affinity,
    fingerprint as fingerprint,
    machine_id as machine_id,
)
from .memory import (
    AllocatedMemory as AllocatedMemory,
    ResidentMemory as ResidentMemory,
    free_memory as free_memory,
    resident_memory as resident_memory,
)
from .nvidia import (
    GpuState as GpuState,
    free_gpu_memory as free_gpu_memory,
    gpu_state as gpu_state,
)

__all__ = [
    "AllocatedMemory",
    "GpuState",
    "ResidentMemory",
    "affinity",
    "children_of",
    "digest",
    "fingerprint",
    "free_gpu_memory",
    "free_memory",
    "gpu_state",
    "linux",
    "machine_id",
    "nvidia",
    "resident_memory",
]
