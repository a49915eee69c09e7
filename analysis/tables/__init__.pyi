from . import (
    readers as readers,
)
from .axes import (
    Axis as Axis,
    add_axes as add_axes,
    axis_names as axis_names,
    drop_without_sizes as drop_without_sizes,
)
from .calibration import (
    Calibration as Calibration,
)
from .collapsing import (
    collapse as collapse,
    point_values as point_values,
)
from .delimited import (
    read_csv as read_csv,
)
from .readers import (
    read as read,
)
from .schema import (
    KEYS as KEYS,
    check_table as check_table,
    tidy as tidy,
)
from .series import (
    Parts as Parts,
    Series as Series,
)
from .splitting import (
    split_series as split_series,
)
from .table_error import (
    TableError as TableError,
    TableWarning as TableWarning,
)

__all__ = [
    "KEYS",
    "Axis",
    "Calibration",
    "Parts",
    "Series",
    "TableError",
    "TableWarning",
    "add_axes",
    "axis_names",
    "check_table",
    "collapse",
    "drop_without_sizes",
    "point_values",
    "read",
    "read_csv",
    "readers",
    "split_series",
    "tidy",
]
