from .coverage import (
    applies_at as applies_at,
    common_size as common_size,
    size_columns as size_columns,
    size_matrix as size_matrix,
)
from .crossing_points import (
    EXTRAPOLATION as EXTRAPOLATION,
    Crossing as Crossing,
    crossing as crossing,
    interpolated_crossing as interpolated_crossing,
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
    "applies_at",
    "common_size",
    "crossing",
    "crossovers_info",
    "crossovers_with_checks",
    "interpolated_crossing",
    "size_columns",
    "size_matrix",
    "thresholds_info",
]
