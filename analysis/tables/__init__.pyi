from . import (
    readers as readers,
)
from .calibration import (
    Calibration as Calibration,
)
from .checking import (
    KEYS as KEYS,
    TableError as TableError,
    check_table as check_table,
    read_csv as read_csv,
)
from .collapsing import (
    collapse as collapse,
    point_values as point_values,
)
from .readers import (
    read as read,
)
from .series import (
    Parts as Parts,
    Series as Series,
)
from .splitting import (
    split_series as split_series,
)

__all__ = [
    "KEYS",
    "Calibration",
    "Parts",
    "Series",
    "TableError",
    "check_table",
    "collapse",
    "point_values",
    "read",
    "read_csv",
    "readers",
    "split_series",
]
