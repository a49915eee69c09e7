from . import (
    readers as readers,
    table as table,
)
from .calibration import (
    Calibration as Calibration,
)
from .readers import (
    read as read,
)
from .table import (
    KEYS as KEYS,
    Parts as Parts,
    Series as Series,
    TableError as TableError,
    check as check,
    cut as cut,
    read_csv as read_csv,
)

__all__ = [
    "Calibration",
    "KEYS",
    "Parts",
    "Series",
    "TableError",
    "check",
    "cut",
    "read",
    "read_csv",
    "readers",
    "table",
]
