from . import (
    auxiliary as auxiliary,
    execution as execution,
)
from .auxiliary import (
    Point as Point,
    measure_checks as measure_checks,
    measure_counts as measure_counts,
    measure_machine as measure_machine,
    measure_parts as measure_parts,
    measure_peaks as measure_peaks,
)
from .execution import (
    Planner as Planner,
    Progress as Progress,
    begin as begin,
    carry_out as carry_out,
    carry_out_by as carry_out_by,
    sweep as sweep,
)
from .store import (
    Run as Run,
    Store as Store,
    StoreError as StoreError,
    digest as digest,
)

__all__ = [
    "Planner",
    "Point",
    "Progress",
    "Run",
    "Store",
    "StoreError",
    "auxiliary",
    "begin",
    "carry_out",
    "carry_out_by",
    "digest",
    "execution",
    "measure_checks",
    "measure_counts",
    "measure_machine",
    "measure_parts",
    "measure_peaks",
    "sweep",
]
