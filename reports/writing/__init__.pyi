from . import (
    html as html,
    markdown as markdown,
)
from .markdown import (
    escape as escape,
    section_parts as section_parts,
    table as table,
)
from .write import (
    laws_json as laws_json,
    write_report as write_report,
    write_whole as write_whole,
)

__all__ = [
    "escape",
    "html",
    "laws_json",
    "markdown",
    "section_parts",
    "table",
    "write_report",
    "write_whole",
]
