from . import (
    fitted as fitted,
)
from .markdown_page import (
    write_page as write_page,
)

__all__ = [
    "fitted",
    "write_page",
]
