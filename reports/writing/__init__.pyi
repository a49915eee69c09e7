from . import (
    html as html,
    markdown as markdown,
)
from .files import (
    open_atomically as open_atomically,
    write_atomically as write_atomically,
)
from .markdown import (
    escape_markdown as escape_markdown,
    markdown_table as markdown_table,
    section_markdown as section_markdown,
)
from .write import (
    laws_json as laws_json,
    write_report as write_report,
)

__all__ = [
    "escape_markdown",
    "html",
    "laws_json",
    "markdown",
    "markdown_table",
    "open_atomically",
    "section_markdown",
    "write_atomically",
    "write_report",
]
