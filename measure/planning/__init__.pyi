from . import (
    run_plan as run_plan,
)
from .grid import (
    grid_points as grid_points,
)
from .profiles import (
    PROFILES as PROFILES,
    Profile as Profile,
)
from .resource_limits import (
    Forecast as Forecast,
    ResourceLimits as ResourceLimits,
)
from .run_plan import (
    DeviceUnavailable as DeviceUnavailable,
    Plan as Plan,
    plan as plan,
)

__all__ = [
    "DeviceUnavailable",
    "Forecast",
    "PROFILES",
    "Plan",
    "Profile",
    "ResourceLimits",
    "grid_points",
    "plan",
    "run_plan",
]
