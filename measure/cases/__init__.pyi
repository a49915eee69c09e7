from . import (
    planning as planning,
)
from .case import (
    Case as Case,
    Measurement as Measurement,
    Status as Status,
)
from .grid import (
    ELEMENT as ELEMENT,
    LADDERS as LADDERS,
    PROFILES as PROFILES,
    Profile as Profile,
    activations as activations,
    grid_points as grid_points,
    octaves as octaves,
    operands as operands,
)
from .planning import (
    DeviceUnavailable as DeviceUnavailable,
    Plan as Plan,
    plan as plan,
)
from .table import (
    AUXILIARY as AUXILIARY,
    BANDWIDTH as BANDWIDTH,
    CALIBRATION as CALIBRATION,
    CHECK as CHECK,
    COLUMNS as COLUMNS,
    MACHINE as MACHINE,
    PARTS as PARTS,
    PRODUCT_RATE as PRODUCT_RATE,
    SIZES as SIZES,
    tidy as tidy,
)

__all__ = [
    "AUXILIARY",
    "BANDWIDTH",
    "CALIBRATION",
    "CHECK",
    "COLUMNS",
    "ELEMENT",
    "LADDERS",
    "MACHINE",
    "PARTS",
    "PRODUCT_RATE",
    "PROFILES",
    "SIZES",
    "Case",
    "DeviceUnavailable",
    "Measurement",
    "Plan",
    "Profile",
    "Status",
    "activations",
    "grid_points",
    "octaves",
    "operands",
    "plan",
    "planning",
    "tidy",
]
