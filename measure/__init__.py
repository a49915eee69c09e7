"""Measuring: from layers and a grid to a tidy table of times.

`sweep` does it in one call. Underneath, `plan` says what is to be measured, a `Store` keeps it,
and `carry_out` measures what the store lacks. Importing this package does not load torch.
"""

from __future__ import annotations

from .calibration import calibrate, uncalibrated
from .case import Case, Measurement
from .control import Controls
from .doctor import Finding, Severity, examine
from .grid import PROFILES, Profile, points
from .machine import fingerprint, machine_id
from .planning import DeviceUnavailable, Plan, plan
from .store import Run, Store, StoreError
from .sweeping import Point, Progress, begin, carry_out, measure_checks, measure_parts, sweep
from .table import COLUMNS, tidy
from .workload import measure

__all__ = [
    "COLUMNS",
    "PROFILES",
    "Case",
    "Controls",
    "DeviceUnavailable",
    "Finding",
    "Measurement",
    "Plan",
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
    "examine",
    "fingerprint",
    "machine_id",
    "measure",
    "measure_checks",
    "measure_parts",
    "plan",
    "points",
    "sweep",
    "tidy",
    "uncalibrated",
]
