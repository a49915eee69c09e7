from . import (
    fitting as fitting,
)
from .markdown_page import (
    write_page as write_page,
)

__all__ = [
    "fitting",
    "write_page",
]
