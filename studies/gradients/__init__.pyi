from . import (
    experiment as experiment,
    jacobians as jacobians,
    recall as recall,
)
from .figures import (
    dependencies_svg as dependencies_svg,
)
from .markdown_page import (
    dependencies_page as dependencies_page,
)
from .record import (
    FIGURE_FILE as FIGURE_FILE,
    RECORD_FILE as RECORD_FILE,
    fit_record as fit_record,
    read_record as read_record,
)
from .results import (
    Dependencies as Dependencies,
)
from .section import (
    read_section as read_section,
)
from .tables import (
    dependencies_tables as dependencies_tables,
)

__all__ = [
    "FIGURE_FILE",
    "RECORD_FILE",
    "Dependencies",
    "dependencies_page",
    "dependencies_svg",
    "dependencies_tables",
    "experiment",
    "fit_record",
    "jacobians",
    "read_record",
    "read_section",
    "recall",
]
