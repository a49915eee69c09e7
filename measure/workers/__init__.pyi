from . import (
    executor as executor,
    forkserver as forkserver,
    sandbox as sandbox,
    worker as worker,
)
from .closing import (
    Closing as Closing,
)
from .executor import (
    open_executor as open_executor,
)
from .resource_limits import (
    LARGE as LARGE,
    ResourceLimits as ResourceLimits,
    free_memory as free_memory,
    standing_bytes as standing_bytes,
)
from .sandbox import (
    Sandbox as Sandbox,
)
from .worker import (
    open_worker as open_worker,
)

__all__ = [
    "LARGE",
    "Closing",
    "ResourceLimits",
    "Sandbox",
    "executor",
    "forkserver",
    "free_memory",
    "open_executor",
    "open_worker",
    "sandbox",
    "standing_bytes",
    "worker",
]
