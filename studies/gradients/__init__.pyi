from . import (
    experiment as experiment,
    jacobians as jacobians,
    recall as recall,
)
from .figures import (
    dependencies_svg as dependencies_svg,
)
from .markdown_page import (
    page as page,
)
from .record import (
    FIGURE as FIGURE,
    RECORD as RECORD,
    dependencies as dependencies,
    read_record as read_record,
)
from .results import (
    Dependencies as Dependencies,
)
from .section import (
    section_in as section_in,
)
from .tables import (
    dependencies_tables as dependencies_tables,
)

__all__ = [
    "FIGURE",
    "RECORD",
    "Dependencies",
    "dependencies",
    "dependencies_svg",
    "dependencies_tables",
    "experiment",
    "jacobians",
    "page",
    "read_record",
    "recall",
    "section_in",
]
