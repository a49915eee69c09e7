from . import (
    executor as executor,
    forkserver as forkserver,
    sandbox as sandbox,
    worker as worker,
)
from .closeable import (
    Closeable as Closeable,
)
from .executor import (
    open_executor as open_executor,
)
from .sandbox import (
    TASK_SECONDS as TASK_SECONDS,
    Sandbox as Sandbox,
)
from .supervision import (
    end_children as end_children,
)
from .worker import (
    open_worker as open_worker,
)

__all__ = [
    "TASK_SECONDS",
    "Closeable",
    "Sandbox",
    "end_children",
    "executor",
    "forkserver",
    "open_executor",
    "open_worker",
    "sandbox",
    "worker",
]
