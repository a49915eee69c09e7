from .coverage import (
    columns as columns,
    common_size as common_size,
    holds as holds,
    size_columns as size_columns,
)
from .crossovers import (
    CROSSING_HEAD as CROSSING_HEAD,
    Crossing as Crossing,
    Crossovers as Crossovers,
    EXTRAPOLATION as EXTRAPOLATION,
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
    "Crossing",
    "Crossovers",
    "EXTRAPOLATION",
    "Thresholds",
    "columns",
    "common_size",
    "crossing",
    "crossovers_info",
    "holds",
    "interpolated",
    "size_columns",
    "thresholds_info",
]
