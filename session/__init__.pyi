from .ablation import (
    ablate as ablate,
)
from .archive import (
    ArchiveError as ArchiveError,
)
from .measurements import (
    STORE as STORE,
    Measurements as Measurements,
    read_measurements as read_measurements,
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
    NothingMeasured as NothingMeasured,
    Session as Session,
    run as run,
)
from .sweeping import (
    sweep as sweep,
)

__all__ = [
    "STORE",
    "ArchiveError",
    "Measurements",
    "NothingMeasured",
    "Observer",
    "OptionError",
    "Result",
    "RunOptions",
    "Session",
    "Update",
    "ablate",
    "read_measurements",
    "run",
    "sweep",
]
