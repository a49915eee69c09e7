from . import (
    operation_timing as operation_timing,
)
from .operation_timing import (
    take_apart as take_apart,
)

__all__ = [
    "operation_timing",
    "take_apart",
]
