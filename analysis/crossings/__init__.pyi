from .coverage import (
    columns as columns,
    common_size as common_size,
    holds as holds,
    points as points,
)
from .crossovers import (
    CROSSING_HEAD as CROSSING_HEAD,
    REACH as REACH,
    Crossing as Crossing,
    Crossovers as Crossovers,
    crossing as crossing,
    crossovers_info as crossovers_info,
    interpolated as interpolated,
)
from .thresholds import (
    Thresholds as Thresholds,
    thresholds_info as thresholds_info,
)

__all__ = [
    "CROSSING_HEAD",
    "REACH",
    "Crossing",
    "Crossovers",
    "Thresholds",
    "columns",
    "common_size",
    "crossing",
    "crossovers_info",
    "holds",
    "interpolated",
    "points",
    "thresholds_info",
]
