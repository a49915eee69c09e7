from . import (
    auxiliary as auxiliary,
    execution as execution,
)
from .active_run import (
    ActiveRun as ActiveRun,
    open_run as open_run,
)
from .auxiliary import (
    CheckPoint as CheckPoint,
    measure_checks as measure_checks,
    measure_counts as measure_counts,
    measure_machine as measure_machine,
    measure_parts as measure_parts,
    measure_peaks as measure_peaks,
)
from .database import StoreError as StoreError
from .execution import (
    Planner as Planner,
    Progress as Progress,
    execute as execute,
    execute_adaptively as execute_adaptively,
)
from .records import (
    MachineRecord as MachineRecord,
    SettingsRecord as SettingsRecord,
)
from .store import (
    Run as Run,
    Store as Store,
)

__all__ = [
    "ActiveRun",
    "CheckPoint",
    "MachineRecord",
    "Planner",
    "Progress",
    "Run",
    "SettingsRecord",
    "Store",
    "StoreError",
    "auxiliary",
    "execute",
    "execute_adaptively",
    "execution",
    "measure_checks",
    "measure_counts",
    "measure_machine",
    "measure_parts",
    "measure_peaks",
    "open_run",
]
