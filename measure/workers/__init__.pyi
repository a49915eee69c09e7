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
    crew_for as crew_for,
)
from .resource_limits import (
    LARGE as LARGE,
    Budget as Budget,
    free_memory as free_memory,
    standing_bytes as standing_bytes,
)
from .sandbox import (
    Apart as Apart,
)
from .worker import (
    desk as desk,
)

__all__ = [
    "LARGE",
    "Apart",
    "Budget",
    "Closing",
    "crew_for",
    "desk",
    "executor",
    "forkserver",
    "free_memory",
    "sandbox",
    "standing_bytes",
    "worker",
]
