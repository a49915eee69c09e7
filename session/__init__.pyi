from .ablation import (
    ablate as ablate,
)
from .archive import (
    ArchiveError as ArchiveError,
)
from .measured import (
    STORE as STORE,
    Measured as Measured,
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
    "STORE",
    "ArchiveError",
    "Measured",
    "Observer",
    "OptionError",
    "Result",
    "RunOptions",
    "Session",
    "Update",
    "ablate",
    "read_measured",
    "run",
    "sweep",
]
