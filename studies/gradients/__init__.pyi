from . import (
    experiment as experiment,
    jacobians as jacobians,
    recall as recall,
)
from .figures import (
    figure as figure,
    pictures as pictures,
)
from .markdown_page import (
    page as page,
)
from .tables import (
    Dependencies as Dependencies,
    FIGURE as FIGURE,
    RECORD as RECORD,
    dependencies as dependencies,
    read_record as read_record,
)

__all__ = [
    "Dependencies",
    "FIGURE",
    "RECORD",
    "dependencies",
    "experiment",
    "figure",
    "jacobians",
    "page",
    "pictures",
    "read_record",
    "recall",
]
