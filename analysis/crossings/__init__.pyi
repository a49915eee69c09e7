from .coverage import (
    columns as columns,
    common_size as common_size,
    holds as holds,
    size_columns as size_columns,
)
from .crossing_points import (
    EXTRAPOLATION as EXTRAPOLATION,
    Crossing as Crossing,
    crossing as crossing,
    interpolated as interpolated,
)
from .crossovers import (
    Crossovers as Crossovers,
    crossovers_info as crossovers_info,
    crossovers_with_checks as crossovers_with_checks,
)
from .thresholds import (
    Thresholds as Thresholds,
    thresholds_info as thresholds_info,
)

__all__ = [
    "EXTRAPOLATION",
    "Crossing",
    "Crossovers",
    "Thresholds",
    "columns",
    "common_size",
    "crossing",
    "crossovers_info",
    "crossovers_with_checks",
    "holds",
    "interpolated",
    "size_columns",
    "thresholds_info",
]
