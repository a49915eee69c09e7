from . import (
    operation_timing as operation_timing,
)
from .operation_timing import (
    time_operations as time_operations,
)

__all__ = [
    "operation_timing",
    "time_operations",
]
