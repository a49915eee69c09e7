"""Measuring: from layers and a grid to a tidy table of times.

`sweep` does it in one call. Underneath, `plan` says what is to be measured, a `Store` keeps it,
and `carry_out` measures what the store lacks. Importing this package does not load torch.
"""

from __future__ import annotations

from .beside import (
    Point,
    measure_checks,
    measure_counts,
    measure_machine,
    measure_parts,
    measure_peaks,
)
from .budget import Budget
from .calibration import calibrate, uncalibrated
from .case import Case, Measurement
from .control import Controls
from .doctor import Finding, Severity, examine
from .grid import PROFILES, Profile, points
from .machine import fingerprint, machine_id
from .planning import DeviceUnavailable, Plan, plan
from .store import Run, Store, StoreError
from .sweeping import Planner, Progress, begin, carry_out, carry_out_by, sweep
from .table import COLUMNS, tidy
from .workload import measure

__all__ = [
    "COLUMNS",
    "PROFILES",
    "Budget",
    "Case",
    "Controls",
    "DeviceUnavailable",
    "Finding",
    "Measurement",
    "Plan",
    "Planner",
    "Point",
    "Profile",
    "Progress",
    "Run",
    "Severity",
    "Store",
    "StoreError",
    "begin",
    "calibrate",
    "carry_out",
    "carry_out_by",
    "examine",
    "fingerprint",
    "machine_id",
    "measure",
    "measure_checks",
    "measure_counts",
    "measure_machine",
    "measure_parts",
    "measure_peaks",
    "plan",
    "points",
    "sweep",
    "tidy",
    "uncalibrated",
]
