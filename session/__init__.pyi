from .archive import (
    ArchiveError as ArchiveError,
)
from .measured import (
    Measured as Measured,
    STORE as STORE,
    read_measured as read_measured,
)
from .observer import (
    Observer as Observer,
    Update as Update,
)
from .options import (
    OptionError as OptionError,
    RunOptions as RunOptions,
)
from .result import (
    Result as Result,
)
from .session import (
    Session as Session,
    run as run,
)
from .sweeping import (
    sweep as sweep,
)

__all__ = [
    "ArchiveError",
    "Measured",
    "Observer",
    "OptionError",
    "Result",
    "RunOptions",
    "STORE",
    "Session",
    "Update",
    "read_measured",
    "run",
    "sweep",
]
